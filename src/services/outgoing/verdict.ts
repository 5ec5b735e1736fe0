import { retryAfterOf } from "../../upstream/retry-after";
import type { WebhookAnswer } from "../../upstream/webhook-post";
import type { Verdict } from "../ports/outgoing";

/**
 * Seconds before each attempt, counted from the one before: 75 h 35 min 5 s altogether.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
 */
export const ATTEMPT_DELAYS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;

/** Share of a delay by which chance moves it in either direction, so that failures together are not repeated together. */
const JITTER = 0.1;
/** The longest seconds for which an endpoint is spared where it says that it is overloaded, but not for how long. */
const LONGEST_BREATH = 60;
const OVERLOADED = new Set([429, 502, 503, 504]);

/**
 * What follows from the answer to an attempt. `attempt`: its number within the round, from 1; `now`: epoch seconds; `chance`: 0 to 1.
 * Only the status counts: 2xx is success, 410 ends the endpoint, and an overloaded endpoint is left alone for as long as it asks.
 */
export function verdictOf(answer: WebhookAnswer, attempt: number, now: number, chance: number): Verdict {
  const { status } = answer;
  if (status !== null && status >= 200 && status < 300) return { kind: "delivered" };
  if (status === 410) return { kind: "gone" };
  const delay = ATTEMPT_DELAYS[attempt];
  const own = now + (delay ?? 0) * (1 + JITTER * (2 * chance - 1));
  const pauseUntil = status !== null && OVERLOADED.has(status) ? pause(answer, own, now) : null;
  if (delay === undefined) return { kind: "failed", pauseUntil };
  return { kind: "retry", at: Math.max(own, pauseUntil ?? 0), pauseUntil };
}

function pause({ retryAfter }: WebhookAnswer, own: number, now: number): number {
  if (retryAfter !== null) return retryAfterOf({ "retry-after": retryAfter }, now);
  return Math.min(Math.max(own, now + 1), now + LONGEST_BREATH);
}
