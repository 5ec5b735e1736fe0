import { setTimeout as sleep } from "node:timers/promises";
import {
  FORM,
  OURA,
  ouraHeaders,
  serverForTests,
  type WebhookServer,
  WITHINGS,
  WITHINGS_ADDRESS,
} from "../support/webhook-http";

let server: WebhookServer;
const { send, oura } = serverForTests((started) => {
  server = started;
});

// Thousands of requests, on a machine that may have other things to do.
jest.setTimeout(120_000);

describe("keeping", () => {
  test("the same event a thousand times in parallel: all 200, one row, one job", async () => {
    const headers = ouraHeaders(OURA);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => oura(headers)));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(await server.rows()).toHaveLength(1);
    expect(await server.jobs()).toBe(1);
    expect(Object.fromEntries(server.counted)).toEqual({ kept: 1, repeated: 999 });
  });

  test("words that may tell of a later change a thousand times in parallel: all 200, one row, one job", async () => {
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => send(WITHINGS_ADDRESS, WITHINGS, FORM)));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(await server.rows()).toHaveLength(1);
    expect(await server.jobs()).toBe(1);
  });

  test("a thousand events of one user in parallel: each kept, one job", async () => {
    const answers = Array.from({ length: 1_000 }, (_, index) => {
      const body = OURA.replace("doc-1", `doc-${index}`);
      return oura(ouraHeaders(body), body);
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
    expect(await server.rows()).toHaveLength(1_000);
    expect(await server.jobs()).toBe(1);
  });

  test("the database away: 503 and nothing kept; back again: taken", async () => {
    server.proxy.cut();
    expect(await oura(ouraHeaders(OURA))).toBe(503);
    expect(Object.fromEntries(server.counted)).toEqual({ "not-kept": 1 });
    server.proxy.mend();
    expect(await server.rows()).toEqual([]);
    expect(await oura(ouraHeaders(OURA))).toBe(200);
    expect(await server.rows()).toHaveLength(1);
  });

  test("connections that break in a crowd: what is acknowledged is there, the rest is taken when it comes again", async () => {
    const bodies = Array.from({ length: 1_000 }, (_, index) => OURA.replace("doc-1", `doc-${index}`));
    const acknowledged = new Set<string>();
    const others: unknown[] = [];
    const deliver = async (body: string) => {
      const init = { method: "POST", body, headers: ouraHeaders(body) };
      const { status, text } = await server.gateway.fetch("/webhooks/oura", init);
      if (status === 200) acknowledged.add(body);
      else if (status !== 503) others.push({ status, text });
    };
    const kept = async () => new Set((await server.rows()).map(({ key }) => JSON.parse(key)[2]));
    for (let from = 0; from < bodies.length; from += 100) {
      const crowd = bodies.slice(from, from + 99).map(async (body, index) => {
        await sleep(index);
        await deliver(body);
      });
      await sleep(20 + from / 20);
      server.proxy.cut();
      await deliver(bodies[from + 99] ?? "");
      server.proxy.mend();
      await Promise.all(crowd);
    }
    expect(others).toEqual([]);
    const there = await kept();
    expect([...acknowledged].filter((body) => !there.has(JSON.parse(body).object_id))).toEqual([]);
    const again = bodies.filter((body) => !acknowledged.has(body));
    expect(again.length).toBeGreaterThanOrEqual(10);
    for (const body of again) await deliver(body);
    expect(acknowledged.size).toBe(1_000);
    expect((await kept()).size).toBe(1_000);
  });

  test("one event that the database refuses does not refuse those that come with it", async () => {
    await server.at.database.application((tx) =>
      tx.query("ALTER TABLE webhook_inbox ADD CONSTRAINT test CHECK (vendor_user_id <> 'poison')"),
    );
    const bodies = ["a", "poison", "b"].map((user) => OURA.replace("ring-user", user));
    const first = oura(ouraHeaders(OURA));
    const answers = await Promise.all(bodies.map((body) => oura(ouraHeaders(body), body)));
    await server.at.database.application((tx) => tx.query("ALTER TABLE webhook_inbox DROP CONSTRAINT test"));
    expect([await first, ...answers]).toEqual([200, 200, 500, 200]);
    expect((await server.rows()).map(({ user }) => user).sort()).toEqual(["a", "b", "ring-user"]);
  });

  test("the database silent: 503 while it still is, within the vendor's patience", async () => {
    server.proxy.freeze();
    const { status, text } = await server.gateway.fetch(WITHINGS_ADDRESS, {
      ...{ method: "POST", body: WITHINGS, headers: FORM },
    });
    expect([status, text]).toEqual([503, "not kept in time, send it again"]);
  });
});
