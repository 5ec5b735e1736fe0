import { failureOf } from "../../../src/upstream/failure";

const NOW = 1_800_000_000;
const of = (status: number, headers: Record<string, string> = {}) =>
  failureOf({ status, headers, body: Buffer.from('{"secret":"canary"}') }, NOW);

test.each([200, 201, 204, 299])("%i is no failure", (status) => {
  expect(of(status)).toBeNull();
});

test.each([
  [301, "INVALID_RESPONSE"],
  [304, "INVALID_RESPONSE"],
  [400, "REJECTED"],
  [401, "UNAUTHORIZED"],
  [403, "SCOPE_MISSING"],
  [404, "REJECTED"],
  [408, "UNAVAILABLE"],
  [422, "REJECTED"],
  [425, "UNAVAILABLE"],
  [429, "RATE_LIMITED"],
  [500, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [599, "UNAVAILABLE"],
])("%i is %s", (status, kind) => {
  const failure = of(status);
  expect(failure).toMatchObject({ kind, details: { status } });
  expect(JSON.stringify(failure) + failure?.message).not.toContain("canary");
});

test("a limit on the rate says until when, with or without Retry-After", () => {
  expect(of(429, { "retry-after": "30" })?.details.retryAt).toBe(NOW + 30);
  expect(of(429)?.details.retryAt).toBe(NOW + 60);
});

test("a server error says until when only if the provider did", () => {
  expect(of(503, { "retry-after": "30" })?.details.retryAt).toBe(NOW + 30);
  expect(of(503)?.details).not.toHaveProperty("retryAt");
});
