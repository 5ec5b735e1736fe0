import { UpstreamFailure } from "../domain/errors";
import type { InboundAnswer } from "./port";
import { retryAfterOf } from "./retry-after";

/**
 * The failure that an answer's status stands for; null for 2xx.
 * 401 is UNAUTHORIZED although some vendors say so of a missing scope too: a 401 that outlives a refresh is the caller's to judge.
 * 403 (the scope, the membership or the permission is lacking) is SCOPE_MISSING: another token would not help.
 */
export function failureOf(answer: InboundAnswer, nowEpochSeconds: number): UpstreamFailure | null {
  const { status } = answer;
  if (status >= 200 && status < 300) return null;
  if (status === 401) return new UpstreamFailure("UNAUTHORIZED", "the provider refused the access token", { status });
  if (status === 403) return new UpstreamFailure("SCOPE_MISSING", "the provider refused permission", { status });
  if (status === 429) {
    const retryAt = retryAfterOf(answer.headers, nowEpochSeconds);
    return new UpstreamFailure("RATE_LIMITED", "the provider limits the rate", { status, retryAt });
  }
  if (status >= 500 || status === 408 || status === 425) {
    const retry = "retry-after" in answer.headers ? { retryAt: retryAfterOf(answer.headers, nowEpochSeconds) } : {};
    return new UpstreamFailure("UNAVAILABLE", `the provider answered with status ${status}`, { status, ...retry });
  }
  if (status >= 400) return new UpstreamFailure("REJECTED", `the provider answered with status ${status}`, { status });
  return new UpstreamFailure("INVALID_RESPONSE", `expected an answer, got a redirect with status ${status}`, {
    status,
  });
}
