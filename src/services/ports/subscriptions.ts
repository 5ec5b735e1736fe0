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
  /** Takes the provider for `seconds` or prolongs it; false while another owner has it. */
  take(provider: string, owner: string, seconds: number): Promise<boolean>;
  release(provider: string, owner: string): Promise<void>;
  /** Makes the rows those of the wanted topics: new ones MISSING, no others left. */
  want(provider: string, topics: readonly Topic[]): Promise<void>;
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
