import type { SubscriptionCallback, SubscriptionTopic, VendorSubscription } from "./subscriptions";
import type { SyntheticAnswer } from "./synthetic-answer";

/** A request that may be about subscriptions, as it reached the simulator; `body` is parsed JSON or a form. */
export interface SyntheticSubscriptionRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** What a request wants of the vendor's subscriptions. invalid: it is about them, and the vendor answers this at once. */
export type SyntheticSubscriptionCall =
  | { readonly kind: "list" }
  | { readonly kind: "create"; readonly topic: SubscriptionTopic; readonly callback: SubscriptionCallback }
  | { readonly kind: "show" | "renew" | "remove"; readonly id: string }
  | {
      readonly kind: "update";
      readonly id: string;
      readonly topic: Partial<SubscriptionTopic>;
      readonly callback: Partial<SubscriptionCallback>;
    }
  | { readonly kind: "invalid"; readonly answer: SyntheticAnswer };

/** How a call ended. unverified: the callback did not pass the handshake. */
export type SyntheticSubscriptionOutcome =
  | { readonly kind: "unauthorized" | "unknown" | "duplicate" | "unverified" | "removed" }
  | { readonly kind: "listed"; readonly subscriptions: readonly VendorSubscription[] }
  | { readonly kind: "created" | "shown" | "updated" | "renewed"; readonly subscription: VendorSubscription };

/** A vendor's API for subscriptions as the simulator plays it, all pure. */
export interface SyntheticSubscriptions {
  /** Seconds from making or renewing a subscription to its end; null: it does not end. */
  readonly lifetimeSeconds: number | null;
  /** What a request wants; null where it is not about subscriptions. */
  call(request: SyntheticSubscriptionRequest): SyntheticSubscriptionCall | null;
  answer(outcome: SyntheticSubscriptionOutcome): SyntheticAnswer;
  /** The topic under which the vendor delivers a body of its {@link Synthetic.webhook}. */
  topicOf(notice: unknown): SubscriptionTopic;
}
