import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withings } from "../../providers/withings";
import type { UpstreamFailureKind } from "../../src/domain/errors";

const OPENAPI = join(__dirname, "../../../shared/wearables/specs/withings/withings-openapi.yml");
const { bodyFailure, oauth } = withings;
const failureOf = (status: unknown, error?: string) => bodyFailure?.({ status, body: {}, ...(error ? { error } : {}) });
const refusalOf = (status: unknown, error?: string) => oauth.tokenRefusal?.({ status, body: {}, error });

describe("failures inside HTTP 200", () => {
  test.each([
    [100, "UNAUTHORIZED"],
    [101, "UNAUTHORIZED"],
    [102, "UNAUTHORIZED"],
    [103, "UNAVAILABLE"],
    [200, "UNAUTHORIZED"],
    [201, "REJECTED"],
    [213, "REJECTED"],
    [215, "UNAVAILABLE"],
    [401, "UNAUTHORIZED"],
    ["401", "UNAUTHORIZED"],
    [403, "SCOPE_MISSING"],
    [503, "REJECTED"],
    [522, "UNAVAILABLE"],
    [601, "RATE_LIMITED"],
    [2555, "REJECTED"],
    [2556, "UNAVAILABLE"],
    [-1, "UNAVAILABLE"],
    [99_999, "UNAVAILABLE"],
  ])("status %p is %s", (status, kind) => {
    expect(failureOf(status)).toBe(kind);
  });

  test.each([
    ["a good answer", { status: 0, body: { series: [] } }],
    ["a good answer with the status as text", { status: "0", body: {} }],
    ["no status", { body: {} }],
    ["a status that is no number", { status: "ok" }],
    ["a fraction", { status: 0.5 }],
    ["null", null],
    ["text", "Service unavailable"],
    ["a list", []],
  ])("%s tells no failure", (_name, body) => {
    expect(bodyFailure?.(body)).toBeNull();
  });

  const present = existsSync(OPENAPI);
  test(
    present
      ? "every status in the vendor's own table is read so"
      : "the vendor's table is not beside the checkout: it was not compared",
    () => {
      if (!present) process.stdout.write("not run: no Withings OpenAPI description in ../shared/wearables\n");
      if (!present) return expect(existsSync(OPENAPI)).toBe(false);
      const kinds: Readonly<Record<string, UpstreamFailureKind>> = {
        Authentication: "UNAUTHORIZED",
        Invalid: "REJECTED",
        Unauthorized: "REJECTED",
        Not: "REJECTED",
        Too: "RATE_LIMITED",
        An: "UNAVAILABLE",
        Timeout: "UNAVAILABLE",
        Bad: "UNAVAILABLE",
      };
      const text = readFileSync(OPENAPI, "utf8").replace(/\\\s*\n\s*\\?/g, " ");
      const rows = [...text.matchAll(/<td>(\d+)(?:\.+(\d+))?<\/td><td>\s*(\w+)/g)].filter(
        ([, , , word]) => word && word in kinds,
      );
      const wrong = rows.flatMap(([, first, last, word]) => {
        const statuses = Array.from(
          { length: Number(last ?? first) - Number(first) + 1 },
          (_, index) => Number(first) + index,
        );
        return statuses
          .filter((status) => failureOf(status) !== kinds[word ?? ""])
          .map((status) => `${status} ${word}`);
      });
      expect(rows.length).toBeGreaterThan(60);
      return expect(wrong).toEqual([]);
    },
  );
});

describe("refusals of the token endpoint inside HTTP 200", () => {
  test.each([
    [0, undefined, null],
    [503, "Invalid Params: invalid refresh_token", "invalid_grant"],
    [503, "Invalid Params: invalid code", "invalid_grant"],
    [401, "invalid_grant", "invalid_grant"],
    [503, "Invalid Params: invalid client_id", "invalid_client"],
    [401, "Invalid client", "invalid_client"],
    [100, undefined, "invalid_client"],
    [503, "Invalid Params: invalid redirect_uri", "other"],
    [503, undefined, "other"],
    [601, "Too Many Requests: refresh_token", "other"],
    [2556, "An unknown error occurred", "other"],
  ])("status %p with %p is %p", (status, error, refusal) => {
    expect(refusalOf(status, error)).toBe(refusal);
  });

  test.each([
    ["null", null],
    ["text", "no"],
    ["no status", { access_token: "x" }],
  ])("%s is no refusal", (_name, body) => {
    expect(oauth.tokenRefusal?.(body)).toBeNull();
  });
});
