import type { WebhookHandshake } from "../../../providers/contract";
import { answerHandshake, VerificationTokens } from "../../../src/services/subscriptions/verification";

const HANDSHAKE: WebhookHandshake = { token: "verification_token", challenge: "challenge", refusal: 401 };
const key = (byte: number) => ({ key: Buffer.alloc(32, byte) });
const tokens = new VerificationTokens([key(2), key(1)]);
const RIGHT = tokens.current("acme");
const WRONG = { status: 401, body: { error: "verification failed" } };

const ask = (query: string | Record<string, string>, handshake = HANDSHAKE, provider = "acme") =>
  answerHandshake(handshake, (token) => tokens.matches(provider, token), new URLSearchParams(query));

test("whoever knows the token has the challenge repeated, whatever it is", () => {
  for (const challenge of ["c-1", "c".repeat(1_024), "<script>alert(1)</script>", "ü\u2028\u0000"]) {
    expect(ask({ verification_token: RIGHT, challenge })).toEqual({ status: 200, body: { challenge } });
  }
});

test.each([
  ["another", { verification_token: `${RIGHT.slice(0, -1)}${RIGHT.endsWith("A") ? "B" : "A"}`, challenge: "c" }],
  ["a shorter one", { verification_token: RIGHT.slice(0, -1), challenge: "c" }],
  ["a longer one", { verification_token: `${RIGHT}A`, challenge: "c" }],
  ["one in another case", { verification_token: RIGHT.toLowerCase(), challenge: "c" }],
  ["an empty one", { verification_token: "", challenge: "c" }],
  ["none", { challenge: "c" }],
  ["that of another provider", { verification_token: tokens.current("other"), challenge: "c" }],
  [
    "that of a key which is not ours",
    { verification_token: new VerificationTokens([key(3)]).current("acme"), challenge: "c" },
  ],
])("a wrong verification token is refused and nothing repeated: %s", (_name, query) => {
  expect(ask(query)).toEqual(WRONG);
});

test.each([
  ["no challenge", `verification_token=${RIGHT}`],
  ["an empty challenge", `verification_token=${RIGHT}&challenge=`],
  ["two challenges", `verification_token=${RIGHT}&challenge=a&challenge=b`],
  ["a challenge of more than 1,024 characters", `verification_token=${RIGHT}&challenge=${"c".repeat(1_025)}`],
  ["two tokens, the right one first", `verification_token=${RIGHT}&verification_token=x&challenge=a`],
  ["two tokens, the right one last", `verification_token=x&verification_token=${RIGHT}&challenge=a`],
])("with the right token, but %s: refused", (_name, query) => {
  expect(ask(query)).toEqual(WRONG);
});

test("the token of an older key holds while the key is listed; new subscriptions are made with the newest", () => {
  const older = new VerificationTokens([key(1)]).current("acme");
  expect(older).not.toBe(RIGHT);
  expect(RIGHT).toBe(new VerificationTokens([key(2)]).current("acme"));
  expect(ask({ verification_token: older, challenge: "c" }).status).toBe(200);
});

test("a token is the same in every process, fit for a query, and tells nothing of the key", () => {
  expect(new VerificationTokens([key(2)]).current("acme")).toBe(RIGHT);
  expect(RIGHT).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test("where nothing is repeated: an empty answer of the status that the vendor wants", () => {
  const handshake: WebhookHandshake = { token: "verify", challenge: null, refusal: 404 };
  expect(ask({ verify: RIGHT }, handshake)).toEqual({ status: 204, body: null });
  expect(ask({ verify: RIGHT }, { ...handshake, acceptance: 200 })).toEqual({ status: 200, body: null });
  expect(ask({}, handshake).status).toBe(404);
});

test("a vendor's own names, fixed parameters and refusal are kept", () => {
  const handshake: WebhookHandshake = {
    token: "hub.verify_token",
    challenge: "hub.challenge",
    answerIn: "hub",
    fixed: { "hub.mode": "subscribe" },
    refusal: 403,
  };
  const query = { "hub.verify_token": RIGHT, "hub.challenge": "c" };
  expect(ask({ ...query, "hub.mode": "subscribe" }, handshake)).toEqual({ status: 200, body: { hub: "c" } });
  expect(ask({ ...query, "hub.mode": "unsubscribe" }, handshake).status).toBe(403);
  expect(ask(query, handshake).status).toBe(403);
});
