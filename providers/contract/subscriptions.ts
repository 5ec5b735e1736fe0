import { z } from "zod";
import { epochSeconds, parseInstant } from "../../src/domain/instants";
import type { UpstreamRequest } from "./endpoint";

/** What a subscription tells about, in the vendor's own words: one kind of document, one thing that can happen to it. */
export interface SubscriptionTopic {
  readonly dataType: string;
  readonly eventType: string;
}

/** A subscription as the vendor holds it. */
export interface VendorSubscription extends SubscriptionTopic {
  /** The vendor's id of it. */
  readonly id: string;
  readonly callbackUrl: string;
  /** Epoch seconds from which on nothing is delivered any more; null: it does not end. */
  readonly expiresAt: number | null;
}

/** Where the vendor delivers, and the text by which it proves to us that a handshake is about a subscription of ours. */
export interface SubscriptionCallback {
  readonly url: string;
  readonly verificationToken: string;
}

/** Names of the headers by which the application proves who it is when it manages subscriptions; the engine fills in what. */
export interface SubscriptionCredentials {
  readonly id: string;
  readonly secret: string;
}

/** A vendor's API for subscriptions of a whole application, as data and pure functions. */
export interface SubscriptionProfile {
  /** Every topic that is worth a subscription: one is held for each. */
  readonly wanted: readonly SubscriptionTopic[];
  readonly credentials: SubscriptionCredentials;
  /** Seconds before its end from which on a subscription is renewed. */
  readonly renewBeforeSeconds: number;
  /** All subscriptions of the application, in one answer. */
  readonly list: UpstreamRequest;
  create(topic: SubscriptionTopic, callback: SubscriptionCallback): UpstreamRequest;
  /** Moves a subscription to another callback. */
  update(id: string, topic: SubscriptionTopic, callback: SubscriptionCallback): UpstreamRequest;
  renew(id: string): UpstreamRequest;
  remove(id: string): UpstreamRequest;
  /** Reads the answer to `list`. Throws {@link WireError}. */
  readList(body: unknown): readonly VendorSubscription[];
  /** Reads the answer to `create`, `update` and `renew`. Throws {@link WireError}. */
  readOne(body: unknown): VendorSubscription;
  /** Status of a `create` for a topic that has its subscription already. Default: 409. */
  readonly duplicateStatus?: number;
  /** Statuses that say that there is no subscription of the id. Default: 404 and 410. */
  readonly unknownStatuses?: readonly number[];
}

/** The end of a subscription as epoch seconds; vendors leave the zone away where they mean UTC. */
export const expiryText: z.ZodType<number> = z.string().transform((text, context) => {
  const instant = parseInstant(text) ?? parseInstant(`${text}Z`);
  if (instant !== null) return epochSeconds(instant);
  context.addIssue({ code: "invalid_format", format: "datetime", input: text });
  return z.NEVER;
});
