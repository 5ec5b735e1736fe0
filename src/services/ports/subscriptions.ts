import type { KeptSubscription, SubscriptionProblem } from "../../domain/subscriptions";

/** What a subscription is about, in the vendor's own words. */
export interface Topic {
  readonly dataType: string;
  readonly eventType: string;
}

/** A subscription that the vendor confirmed. `expiresAt`: epoch seconds. */
export interface HeldSubscription extends Topic {
  readonly id: string;
  readonly callbackUrl: string;
  readonly expiresAt: number | null;
}

/** A subscription as stored; it is never OFF, for whether it is kept at all is not in the database. */
export type StoredSubscription = KeptSubscription & { readonly state: "ACTIVE" | "FAILED" | "MISSING" };

/** The application's subscriptions at the vendors, as last seen, and who may change them now. */
export interface SubscriptionStore {
  /** Takes the provider for `seconds`; false while another owner has it. */
  take(provider: string, owner: string, seconds: number): Promise<boolean>;
  /** Keeps the provider for `seconds` more; false where another owner has taken it since, even if it has released it again. */
  prolong(provider: string, owner: string, seconds: number): Promise<boolean>;
  release(provider: string, owner: string): Promise<void>;
  /** Adds rows of wanted topics that have none, as MISSING. */
  want(provider: string, topics: readonly Topic[]): Promise<void>;
  /** Leaves no rows but those of the wanted topics. */
  unwant(provider: string, wanted: readonly Topic[]): Promise<void>;
  /** Deliveries to an address are asked for now. Kept before the vendor hears of it, so that what it makes is known for ours. */
  asking(provider: string, topic: Topic, callbackUrl: string): Promise<void>;
  /** The vendor holds it. `problem`: what could not be done about it all the same. */
  held(provider: string, subscription: HeldSubscription, problem: SubscriptionProblem | null): Promise<void>;
  /** The vendor does not hold it as wanted, and refused to. */
  failed(provider: string, topic: Topic, problem: SubscriptionProblem): Promise<void>;
  /** Nothing could be learned or done about these: their states stay. */
  unreached(provider: string, topics: readonly Topic[], problem: SubscriptionProblem): Promise<void>;
  /** Subscriptions at the vendor that deliver elsewhere. */
  foreign(provider: string, count: number): Promise<void>;
  /** One of ours was ended at the vendor. */
  gone(provider: string, id: string): Promise<void>;
  list(): Promise<readonly StoredSubscription[]>;
  /** Subscriptions that deliver elsewhere, by provider. */
  foreignCounts(): Promise<ReadonlyMap<string, number>>;
}
