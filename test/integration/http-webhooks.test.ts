import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { MAX_WEBHOOK_BYTES } from "../../src/http/webhooks";
import {
  acmeHeaders,
  ouraHeaders,
  polarHeaders,
  SECRET,
  startWebhookServer,
  type WebhookServer,
  whoopHeaders,
} from "../support/webhook-http";

let server: WebhookServer;
beforeAll(async () => {
  server = await startWebhookServer();
});
beforeEach(() => server.empty());
afterAll(() => server.close());

const OURA = JSON.stringify({
  event_type: "update",
  data_type: "sleep",
  object_id: "doc-1",
  event_time: "2026-11-21T06:00:00+00:00",
  user_id: "ring-user",
});
const WHOOP = JSON.stringify({
  user_id: 10129,
  id: "550e8400-e29b-41d4-a716-446655440000",
  type: "sleep.updated",
  trace_id: "trace-1",
});
const POLAR = JSON.stringify({ event: "SLEEP", user_id: 475, date: "2026-11-20", timestamp: "2026-11-21T06:00:00Z" });
const WITHINGS = "userid=4711&appli=44&startdate=1795200000&enddate=1795228800";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const nowSeconds = () => Math.floor(Date.now() / 1_000);

async function send(path: string, body: string | Uint8Array, headers: Record<string, string>): Promise<number> {
  const { status } = await server.gateway.fetch(path, { method: "POST", body: body as BodyInit, headers });
  return status;
}

const oura = (headers: Record<string, string>, body = OURA) => send("/webhooks/oura", body, headers);

describe("authentic deliveries", () => {
  test.each([
    ["oura", "/webhooks/oura", OURA, () => ouraHeaders(OURA)],
    ["whoop", "/webhooks/whoop", WHOOP, () => whoopHeaders(WHOOP)],
    ["polar", "/webhooks/polar", POLAR, () => polarHeaders(POLAR)],
    ["withings", `/webhooks/withings/${encodeURIComponent(SECRET)}`, WITHINGS, () => FORM],
  ])("%s: kept with a job, then acknowledged", async (_name, path, body, headers) => {
    expect(await send(path, body, headers())).toBe(200);
    expect(await server.rows()).toEqual([expect.objectContaining({ outcome: null })]);
    expect(await server.jobs()).toBe(1);
  });

  test("what is kept are ids, nothing else of the body", async () => {
    const body = JSON.stringify({ ...JSON.parse(OURA), score: 4711, note: "SECRET-NOTE" });
    expect(await oura(ouraHeaders(body), body)).toBe(200);
    const [row] = await server.at.database.application((tx) => tx.query("SELECT * FROM webhook_inbox"));
    expect(JSON.stringify(row)).not.toMatch(/4711|SECRET-NOTE/);
    expect(row.event).toEqual({
      change: "updated",
      endpoints: ["sleep"],
      document: { endpoint: "sleep", id: "doc-1" },
    });
  });

  test.each(["text/plain", "application/octet-stream", "application/json; charset=utf-8"])(
    "the content type %s does not matter to the bytes",
    async (type) => expect(await oura({ ...ouraHeaders(OURA), "content-type": type })).toBe(200),
  );
});

describe("signatures (TRUST 41, 43)", () => {
  const cases: [string, (good: ReturnType<typeof ouraHeaders>) => Record<string, string>][] = [
    ["missing", ({ "x-oura-signature": _gone, ...rest }) => rest],
    ["empty", (good) => ({ ...good, "x-oura-signature": "" })],
    ["truncated", (good) => ({ ...good, "x-oura-signature": good["x-oura-signature"].slice(0, -1) })],
    ["longer", (good) => ({ ...good, "x-oura-signature": `${good["x-oura-signature"]}0` })],
    [
      "lower case where upper is signed",
      (good) => ({ ...good, "x-oura-signature": good["x-oura-signature"].toLowerCase() }),
    ],
    [
      "base64 of the same bytes",
      (good) => ({ ...good, "x-oura-signature": Buffer.from(good["x-oura-signature"], "hex").toString("base64") }),
    ],
    ["of another secret", () => ouraHeaders(OURA, undefined, "another")],
    ["of an empty secret", () => ouraHeaders(OURA, undefined, "")],
    [
      "of the body alone",
      () => ({ ...ouraHeaders(OURA), "x-oura-signature": ouraHeaders(OURA, "")["x-oura-signature"] }),
    ],
    ["in another vendor's header", (good) => ({ ...whoopHeaders(OURA), "x-oura-timestamp": good["x-oura-timestamp"] })],
    ["a hundred thousand digits", (good) => ({ ...good, "x-oura-signature": "A".repeat(10_000) })],
  ];
  test.each(cases)("%s: 401, nothing kept", async (_name, change) => {
    expect(await oura(change(ouraHeaders(OURA)))).toBe(401);
    expect(await server.rows()).toEqual([]);
  });

  test.each([
    [
      "whoop in hexadecimal",
      "/webhooks/whoop",
      WHOOP,
      () => {
        const good = whoopHeaders(WHOOP);
        return { ...good, "x-whoop-signature": Buffer.from(good["x-whoop-signature"], "base64").toString("hex") };
      },
    ],
    [
      "whoop in base64url",
      "/webhooks/whoop",
      WHOOP,
      () => {
        const good = whoopHeaders(WHOOP, "1");
        return { ...good, "x-whoop-signature": good["x-whoop-signature"].replace(/=$/, "") };
      },
    ],
    [
      "polar in upper case",
      "/webhooks/polar",
      POLAR,
      () => {
        const good = polarHeaders(POLAR);
        return { ...good, "polar-webhook-signature": good["polar-webhook-signature"].toUpperCase() };
      },
    ],
    ["withings with another secret in the path", "/webhooks/withings/another", WITHINGS, () => FORM],
    ["withings without a secret in the path", "/webhooks/withings", WITHINGS, () => FORM],
  ])("%s: 401", async (_name, path, body, headers) => {
    expect(await send(path, body, headers())).toBe(401);
    expect(await server.rows()).toEqual([]);
  });

  test.each([
    ["a space more", OURA.replace(":", ": ")],
    ["re-serialised in another order", JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(OURA)).reverse()))],
    ["a line more", `${OURA}\n`],
    ["escaped otherwise", OURA.replace("ring-user", "ring\\u002duser")],
  ])("the same meaning in other bytes (%s): 401", async (_name, body) => {
    expect(await oura(ouraHeaders(OURA), body)).toBe(401);
  });

  test("any bit of body, time or signature flipped: never kept", async () => {
    const good = ouraHeaders(OURA);
    const flipped = (text: string, bit: number) => {
      const bytes = Buffer.from(text, "latin1");
      const index = Math.floor(bit / 8) % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit % 8));
      return bytes.toString("latin1");
    };
    const visible = (text: string) => /^[\x21-\x7e]+$/.test(text);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("body", "x-oura-timestamp", "x-oura-signature"),
        fc.nat(1_000_000),
        async (part, bit) => {
          const body = part === "body" ? Buffer.from(flipped(OURA, bit), "latin1") : OURA;
          const value = part === "body" ? null : flipped(good[part as "x-oura-signature"], bit);
          if (value !== null && !visible(value)) return;
          const status = await send("/webhooks/oura", body, value === null ? good : { ...good, [part]: value });
          expect(status).toBe(401);
        },
      ),
      { numRuns: 300 },
    );
    expect(await server.rows()).toEqual([]);
    expect(await oura(good)).toBe(200);
  });
});

describe("times (TRUST 42)", () => {
  test.each([
    ["301 s old", () => String(nowSeconds() - 301)],
    ["301 s ahead", () => String(nowSeconds() + 302)],
    ["milliseconds for seconds", () => String(Date.now())],
    ["no number", () => "yesterday"],
    ["a date", () => new Date().toISOString()],
    ["a fraction", () => `${nowSeconds()}.5`],
    ["negative", () => `-${nowSeconds()}`],
    ["a number in sixteen", () => `0x${nowSeconds().toString(16)}`],
    ["an exponent", () => "1.8e9"],
    ["empty", () => ""],
    ["very long", () => "9".repeat(400)],
  ])("%s: 401 although rightly signed", async (_name, at) => {
    expect(await oura(ouraHeaders(OURA, at()))).toBe(401);
    expect(await server.rows()).toEqual([]);
  });

  test.each([
    ["299 s old", -299],
    ["299 s ahead", 299],
  ])("%s: taken", async (_name, seconds) => {
    expect(await oura(ouraHeaders(OURA, String(nowSeconds() + seconds)))).toBe(200);
  });

  test("missing: 401", async () => {
    const { "x-oura-timestamp": _gone, ...rest } = ouraHeaders(OURA);
    expect(await oura(rest)).toBe(401);
  });

  test("seconds where milliseconds are signed: 401; milliseconds are taken", async () => {
    expect(await send("/webhooks/whoop", WHOOP, whoopHeaders(WHOOP, String(nowSeconds())))).toBe(401);
    expect(await send("/webhooks/whoop", WHOOP, whoopHeaders(WHOOP, String(Date.now() - 301_000)))).toBe(401);
    expect(await send("/webhooks/whoop", WHOOP, whoopHeaders(WHOOP))).toBe(200);
  });
});

describe("bodies (TRUST 44, 45, 47)", () => {
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
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]).toString("latin1")],
    ["a hundred levels", `${"[".repeat(100)}${"]".repeat(100)}`],
    ["a key __proto__", '{"__proto__":{"a":1}}'],
  ])("%s, rightly signed: 400", async (_name, body) => {
    const bytes = Buffer.from(body, "latin1");
    expect(
      await send("/webhooks/oura", bytes, ouraHeaders(bytes.toString("latin1") === bytes.toString() ? body : body)),
    ).toBeGreaterThanOrEqual(400);
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

  test("an array of thousands is kept whole within two seconds, one job for each user; beyond 256 KB refused", async () => {
    const many = (count: number) =>
      JSON.stringify(
        Array.from({ length: count }, (_, index) => ({
          id: `e${index}`,
          user: `u${index % 100}`,
          type: "sleep.updated",
        })),
      );
    const body = many(4_000);
    const begun = performance.now();
    expect(await send("/webhooks/acme", body, acmeHeaders(body))).toBe(200);
    expect(performance.now() - begun).toBeLessThan(2_000);
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

describe("addresses and methods (TRUST 50, 52)", () => {
  test("without a secret: 503, whatever is sent", async () => {
    const body = JSON.stringify({ id: "e", user: "u", type: "sleep.updated" });
    expect(await send("/webhooks/unset", body, acmeHeaders(body))).toBe(503);
    expect(await send("/webhooks/unset", body, acmeHeaders(body, undefined, ""))).toBe(503);
    expect(await send("/webhooks/unset", body, {})).toBe(503);
    expect(await server.rows()).toEqual([]);
  });

  test.each([
    "/webhooks/nobody",
    "/webhooks/mute",
    "/webhooks/oura/secret",
    "/webhooks/__proto__",
    "/webhooks/constructor",
    "/webhooks/",
    "/webhooks/a/b/c",
  ])("%s: 404", async (path) => {
    expect(await send(path, OURA, ouraHeaders(OURA))).toBe(404);
  });

  test.each(["PUT", "PATCH", "DELETE"])("%s: 405", async (method) => {
    const { status, headers } = await server.gateway.fetch("/webhooks/oura", { method });
    expect([status, headers.get("allow")]).toEqual([405, expect.stringContaining("POST")]);
  });

  test("HEAD is answered where addresses end in a secret, by whether it is ours", async () => {
    const head = async (path: string) => (await server.gateway.fetch(path, { method: "HEAD" })).status;
    expect(await head(`/webhooks/withings/${encodeURIComponent(SECRET)}`)).toBe(200);
    expect(await head("/webhooks/withings/another")).toBe(401);
    expect(await head("/webhooks/withings")).toBe(401);
    expect(await head("/webhooks/oura")).toBe(405);
  });

  test("neither secrets nor signatures nor bodies are logged", async () => {
    await send(`/webhooks/withings/${encodeURIComponent(SECRET)}`, WITHINGS, FORM);
    await oura(ouraHeaders(OURA));
    await oura({ ...ouraHeaders(OURA), "x-oura-signature": "DEADBEEF" });
    const log = server.gateway.log.join("");
    expect(log).toContain("/webhooks/:provider");
    expect(log).not.toMatch(/secret of|secret%20|DEADBEEF|ring-user|4711/);
  });
});

describe("keeping", () => {
  test("the same event a thousand times in parallel: all 200, one row, one job (TRUST 46)", async () => {
    const headers = ouraHeaders(OURA);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => oura(headers)));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(await server.rows()).toHaveLength(1);
    expect(await server.jobs()).toBe(1);
    expect(Object.fromEntries(server.counted)).toEqual({ kept: 1, repeated: 999 });
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

  test("the database silent: 503 before the vendor's patience ends", async () => {
    server.proxy.freeze();
    const begun = performance.now();
    expect(await send(`/webhooks/withings/${encodeURIComponent(SECRET)}`, WITHINGS, FORM)).toBe(503);
    expect(performance.now() - begun).toBeLessThan(2_000);
    server.proxy.mend();
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
    const kept = (await server.rows()).map(({ user }) => user);
    expect(kept.filter((user) => user !== "4711").sort()).toEqual(["a", "b", "ring-user"]);
  });

  test("300 a second for three seconds: the acknowledgement's 99th percentile", async () => {
    const times: number[] = [];
    const begun = performance.now();
    const sends: Promise<void>[] = [];
    for (let sent = 0; sent < 900; sent++) {
      const due = (sent * 1_000) / 300 - (performance.now() - begun);
      if (due > 1) await new Promise((resolve) => setTimeout(resolve, due));
      const body = OURA.replace("doc-1", `load-${sent}`).replace("ring-user", `user-${sent % 200}`);
      const at = performance.now();
      sends.push(
        oura(ouraHeaders(body), body).then((status) => {
          expect(status).toBe(200);
          times.push(performance.now() - at);
        }),
      );
    }
    await Promise.all(sends);
    times.sort((one, other) => one - other);
    const p99 = times[Math.floor(times.length * 0.99)] ?? Number.NaN;
    console.log(`acknowledged 900 webhooks at 300/s: p50 ${times[450]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    expect(await server.rows()).toHaveLength(900);
  });
});
