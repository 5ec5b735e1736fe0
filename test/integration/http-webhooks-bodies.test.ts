import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { oura as provider } from "../../providers/oura";
import { DATA_TYPES, EVENT_TYPES } from "../../providers/oura/subscriptions";
import { MAX_WEBHOOK_BYTES } from "../../src/http/webhooks";
import { acmeHeaders, OURA, ouraHeaders, POLAR, serverForTests, type WebhookServer } from "../support/webhook-http";

let server: WebhookServer;
const { send, oura } = serverForTests((started) => {
  server = started;
});

describe("bodies", () => {
  test("256 KB are taken, a byte more is refused and the connection closed", async () => {
    const sized = (bytes: number) => OURA.replace("}", `,"pad":"${"x".repeat(bytes - OURA.length - 9)}"}`);
    const most = sized(MAX_WEBHOOK_BYTES);
    expect(Buffer.byteLength(most)).toBe(MAX_WEBHOOK_BYTES);
    expect(await oura(ouraHeaders(most), most)).toBe(200);
    const over = sized(MAX_WEBHOOK_BYTES + 1);
    const refused = await server.gateway.fetch("/webhooks/oura", {
      method: "POST",
      body: over,
      headers: ouraHeaders(over),
    });
    expect([refused.status, refused.headers.get("connection")]).toEqual([413, "close"]);
  });

  test("a body that never ends, in chunks, is cut off soon after 256 KB", async () => {
    const before = process.memoryUsage().rss;
    const socket = connect(server.gateway.port, "127.0.0.1");
    let said = "";
    let sent = 0;
    let open = true;
    socket.on("data", (data) => {
      said += data;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open = false;
    });
    await once(socket, "connect");
    socket.write("POST /webhooks/oura HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    while (open && sent < 1_000_000_000) {
      const heard = (event: string) => once(socket, event).catch(() => null);
      if (!socket.write(chunk)) await Promise.race([heard("drain"), heard("close")]);
      sent += 65_536;
    }
    expect(open).toBe(false);
    expect(said).toMatch(/^HTTP\/1\.1 413/);
    expect(sent).toBeLessThan(20_000_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    expect(await server.rows()).toEqual([]);
  });

  test.each(["gzip", "deflate", "br"])("a body encoded as %s is refused, not unpacked", async (encoding) => {
    const body = gzipSync(OURA);
    expect(await send("/webhooks/oura", body, { ...ouraHeaders(OURA), "content-encoding": encoding })).toBe(415);
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["no UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["a hundred levels", `${"[".repeat(100)}${"]".repeat(100)}`],
    ["a key __proto__", '{"__proto__":{"a":1}}'],
  ])("%s, rightly signed: 400", async (_name, body) => {
    expect(await send("/webhooks/oura", body, ouraHeaders(body))).toBe(400);
    expect(await server.rows()).toEqual([]);
  });

  test("an unknown type, an unknown user and what cannot be read: 200, recorded, no work, told alike", async () => {
    const bodies = [
      OURA.replace("sleep", "meal"),
      OURA.replace("update", "merge"),
      OURA.replace("ring-user", "nobody"),
      JSON.stringify({ hello: "world" }),
      "[1,2,3]",
    ];
    const answers = await Promise.all(
      bodies.map((body) =>
        server.gateway.fetch("/webhooks/oura", { method: "POST", body, headers: ouraHeaders(body) }),
      ),
    );
    const good = await server.gateway.fetch("/webhooks/oura", {
      method: "POST",
      body: OURA,
      headers: ouraHeaders(OURA),
    });
    for (const { status, text } of answers) expect({ status, text }).toEqual({ status: good.status, text: good.text });
    const outcomes = (await server.rows()).map(({ outcome }) => outcome).sort();
    expect(outcomes).toEqual(["IGNORED", "IGNORED", "UNREADABLE", "UNREADABLE", null, null]);
    expect(await server.jobs()).toBe(2);
  });

  test("each type of data that is subscribed for and not read: 200, recorded, no job that could ask the vendor", async () => {
    const unread = DATA_TYPES.filter((type) => !provider.endpoints.some(({ name }) => name === type));
    expect(unread).toHaveLength(13);
    const bodies = unread.flatMap((data_type) =>
      EVENT_TYPES.map((event_type) => JSON.stringify({ ...JSON.parse(OURA), data_type, event_type })),
    );
    const answers = await Promise.all(bodies.map((body) => oura(ouraHeaders(body), body)));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect((await server.rows()).map(({ outcome }) => outcome)).toEqual(bodies.map(() => "IGNORED"));
    expect(await server.jobs()).toBe(0);
  });

  test("an array of thousands is kept whole, one job for each user; beyond 256 KB refused", async () => {
    const many = (count: number) =>
      JSON.stringify(
        Array.from({ length: count }, (_, index) => ({
          id: `e${index}`,
          user: `u${index % 100}`,
          type: "sleep.updated",
        })),
      );
    const body = many(4_000);
    expect(await send("/webhooks/acme", body, acmeHeaders(body))).toBe(200);
    expect(await server.rows()).toHaveLength(4_000);
    expect(await server.jobs()).toBe(100);
    const tooMany = many(10_000);
    expect(await send("/webhooks/acme", tooMany, acmeHeaders(tooMany))).toBe(413);
  });

  test("PING of Polar needs no signature and does nothing", async () => {
    const ping = JSON.stringify({ event: "PING", timestamp: "2026-11-21T06:00:00Z" });
    expect(await send("/webhooks/polar", ping, { "content-type": "application/json" })).toBe(200);
    expect(await send("/webhooks/polar", POLAR, { "content-type": "application/json" })).toBe(401);
    expect(await server.rows()).toEqual([]);
  });
});
