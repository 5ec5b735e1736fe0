import type { UpstreamFailureKind } from "../../src/domain/errors";
import type { Endpoint, UpstreamRequest } from "./endpoint";
import type { OAuthProfile } from "./oauth";
import type { SubscriptionProfile } from "./subscriptions";
import type { Synthetic } from "./synthetic";
import type { WebhookProfile } from "./webhook";

/** Whose account a grant is for: a field of the token answer, or a request whose answer names the vendor's user. */
export type Identity =
  | { readonly from: "token"; readonly field: string }
  | { readonly from: "request"; readonly request: UpstreamRequest; readonly read: (body: unknown) => string };

/**
 * What the vendor allows the application: so many requests in any stretch of so many seconds, and `perAccount` more for each account
 * that is linked (default: none).
 */
export interface RequestBudget {
  readonly requests: number;
  readonly seconds: number;
  readonly perAccount?: number;
}

/** A wearable's vendor: facts as values, behaviour as pure functions. The engine does all I/O. */
export interface Provider {
  /** `[a-z][a-z0-9_]*`: the folder, the registry key, the database text and, in upper case, the GraphQL enum value and env prefix. */
  readonly slug: string;
  readonly displayName: string;
  /** The API's origin, without a path. */
  readonly apiUrl: string;
  readonly oauth: OAuthProfile;
  /** A call that must succeed after linking and before data can be read (409: was done already). */
  readonly afterLink?: (vendorUserId: string) => UpstreamRequest;
  readonly identity: Identity;
  /** Days after a day's end during which the vendor may still revise it. */
  readonly settlesAfterDays: number;
  /** Raise when a mapping changes its meaning: stored records of older versions are derived again. */
  readonly mapperVersion: number;
  readonly endpoints: readonly Endpoint[];
  /** Every limit on requests that the vendor documents, all of which hold at once. */
  readonly budgets: readonly RequestBudget[];
  /** What a data answer of status 2xx says of a failure; null where it is none. Default: status 2xx never is. */
  readonly bodyFailure?: (body: unknown) => UpstreamFailureKind | null;
  /** Whom a 429 answer concerns, by its headers (names in lower case). Default: the whole application. */
  readonly rateLimitScope?: (headers: Readonly<Record<string, string>>) => "application" | "account";
  /** How the vendor is told where to deliver webhooks. Default: nothing can be told by a program, if it has webhooks at all. */
  readonly webhookSubscriptions?: SubscriptionProfile;
  /** How the vendor tells of new data. Default: it does not. */
  readonly webhook?: WebhookProfile;
  /** What the simulator needs to stand in for the vendor's cloud. */
  readonly synthetic: Synthetic;
}
