import type { WebhookSignature } from "../../../providers/contract";
import { isSame, judge, sign } from "../../../src/services/webhooks/authenticity";

/** RFC 4231, test case 2. */
const SECRET = "Jefe";
const DIGEST = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

const BARE: WebhookSignature = { header: "x-signature", encoding: "hex", key: "client_secret" };
const TIMED: WebhookSignature = { ...BARE, timestamp: { header: "x-time", unit: "seconds" } };
const NOW = 1_800_000_000;

/** The verdict on a body, by its headers. */
function verdict(signature: WebhookSignature, body: string, headers: Readonly<Record<string, string>>, now = NOW) {
  return judge(signature, SECRET, { body: Buffer.from(body), header: (name) => headers[name] }, now);
}

/** A signed body at a time in the vendor's text. */
function signed(signature: WebhookSignature, body: string, time: string) {
  return { "x-signature": sign(signature, SECRET, time, Buffer.from(body)), "x-time": time };
}

test.each([
  ["hex", DIGEST],
  ["HEX", DIGEST.toUpperCase()],
  ["base64", Buffer.from(DIGEST, "hex").toString("base64")],
] as const)("the signature in %s is that of the RFC, over time and body or the body alone", (encoding, text) => {
  expect(sign({ ...BARE, encoding }, SECRET, "", Buffer.from("what do ya want for nothing?"))).toBe(text);
  expect(sign({ ...BARE, encoding }, SECRET, "what do ya ", Buffer.from("want for nothing?"))).toBe(text);
});

test.each([
  ["of another body", BARE, "other", ""],
  ["of another time", TIMED, "body", String(NOW - 1)],
])("a signature %s is forged", (_name, signature, body, time) => {
  const good = signed(signature, "body", signature.timestamp ? String(NOW) : "");
  expect(verdict(signature, "body", good)).toBe("authentic");
  expect(verdict(signature, body, { ...good, ...(time ? { "x-time": time } : {}) })).toBe("forged");
});

test.each([
  ["the signature", { "x-time": String(NOW) }],
  ["the time", { "x-signature": sign(TIMED, SECRET, "", Buffer.from("body")) }],
])("without %s it is forged", (_name, headers) => {
  expect(verdict(TIMED, "body", headers)).toBe("forged");
});

test.each([
  [-301, "stale"],
  [-300, "authentic"],
  [300, "authentic"],
  [301, "stale"],
])("a time %i seconds away is %s, in seconds and in milliseconds", (seconds, expected) => {
  const milliseconds = { ...TIMED, timestamp: { header: "x-time", unit: "milliseconds" } } as const;
  expect(verdict(TIMED, "body", signed(TIMED, "body", String(NOW + seconds)))).toBe(expected);
  const inMs = String((NOW + seconds) * 1_000);
  expect(verdict(milliseconds, "body", signed(milliseconds, "body", inMs))).toBe(expected);
  expect(verdict(TIMED, "body", signed(TIMED, "body", inMs))).toBe("stale");
});

test.each(["", "now", "NaN", "-1", "1e9", "0x6b49d200", "1800000000.0", " 1800000000", "9".repeat(16)])(
  "%p is no time, however well it is signed",
  (time) => {
    expect(verdict(TIMED, "body", signed(TIMED, "body", time))).toBe("stale");
  },
);

test("texts of different length are compared as well", () => {
  expect([isSame("a", "a"), isSame("a", "b"), isSame("a", "aa"), isSame("", ""), isSame("", "a")]).toEqual([
    ...[true, false, false, true, false],
  ]);
});
