import fc from "fast-check";
import {
  FORM,
  nowSeconds,
  OURA,
  ouraHeaders,
  POLAR,
  polarHeaders,
  serverForTests,
  type WebhookServer,
  WHOOP,
  WITHINGS,
  whoopHeaders,
} from "../support/webhook-http";

let server: WebhookServer;
const { send, oura } = serverForTests((started) => {
  server = started;
});

describe("signatures", () => {
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
    ["ten thousand digits", (good) => ({ ...good, "x-oura-signature": "A".repeat(10_000) })],
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

describe("times", () => {
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
