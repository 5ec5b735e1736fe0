import type { UpstreamFailureKind } from "./errors";

/** How a wanted subscription stands. MISSING: not held, not yet or not any more; OFF: nobody keeps it, since there is no address to deliver to. */
export const SUBSCRIPTION_STATES = ["ACTIVE", "FAILED", "MISSING", "OFF"] as const;

/** One of {@link SUBSCRIPTION_STATES}. */
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** Why a subscription could not be kept: how the vendor's answer failed, or TAKEN: another program holds the topic under these credentials. */
export type SubscriptionProblem = UpstreamFailureKind | "TAKEN";

/** One subscription as it should be and as it is. Times are epoch seconds. */
export interface KeptSubscription {
  readonly provider: string;
  readonly dataType: string;
  readonly eventType: string;
  readonly state: SubscriptionState;
  /** The vendor's id; null where it was never held. */
  readonly vendorId: string | null;
  readonly callbackUrl: string | null;
  /** Null where it does not end, or was never held. */
  readonly expiresAt: number | null;
  /** Why the latest attempt to keep it failed; null where it did not. */
  readonly lastError: SubscriptionProblem | null;
  /** When the vendor last confirmed or refused it; null where it was never asked. */
  readonly checkedAt: number | null;
}
