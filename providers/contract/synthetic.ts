import type { CivilDay, DayRange } from "../../src/domain/days";
import type { SyntheticAnswer } from "./synthetic-answer";
import type { SyntheticSubscriptions } from "./synthetic-subscriptions";

/** A person as the simulator knows one: everything about them follows from the seed. `firstDay` to `lastDay`: days with data. */
export interface SyntheticPerson {
  readonly seed: number;
  readonly vendorUserId: string;
  readonly firstDay: CivilDay;
  readonly lastDay: CivilDay;
  /** Home zone as an offset in minutes east of UTC. */
  readonly offsetMinutes: number;
}

/** An authorised request for data, as it reached the simulator. */
export interface SyntheticRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  readonly grantedScopes: readonly string[];
  readonly person: SyntheticPerson;
  /** Documents per page, where a test wants other than the vendor's own. */
  readonly pageSize: number | null;
  /** Whether the provider's `afterLink` call has been made for this person. */
  readonly registered?: boolean;
  /** The documents of one endpoint over a range of days, ascending, after late revisions and deletions. */
  documents(endpoint: string, range: DayRange): readonly unknown[];
}

/** A limit of the whole application that was exceeded: so many requests in any so many seconds, free again at an epoch (seconds). */
export interface SyntheticLimit {
  readonly requests: number;
  readonly seconds: number;
  readonly resetAt: number;
}

/**
 * Failures that the simulator can be asked for, in the vendor's own form. `retryAfter`: the header's value; `limit`: default, where
 * the vendor tells the two apart: one person's.
 */
export type SyntheticFailure =
  | { readonly kind: "unauthorized" }
  | { readonly kind: "rate_limited"; readonly retryAfter: string; readonly limit?: SyntheticLimit }
  | { readonly kind: "server_error"; readonly status: number };

/** A change of a document that the vendor may tell of. `at`: epoch seconds; `id`: of the event, a UUID. */
export interface SyntheticEvent {
  readonly change: "created" | "updated" | "deleted";
  readonly endpoint: string;
  readonly document: unknown;
  readonly day: CivilDay;
  readonly person: SyntheticPerson;
  readonly at: number;
  readonly id: string;
}

/** A vendor's cloud for the simulator: plausible wire payloads and habits, all pure. */
export interface Synthetic {
  /** The vendor's documents of one endpoint that carry this day, from nothing but person and day; a higher `revision` is a later one of the same document. */
  documents(endpoint: string, person: SyntheticPerson, day: CivilDay, revision: number): readonly unknown[];
  /** Answers a data request by the vendor's habits of path, range, paging and scope; null where there is no such path. */
  answer(request: SyntheticRequest): SyntheticAnswer | null;
  failure(failure: SyntheticFailure): SyntheticAnswer;
  /** The scope as the vendor grants it; null where it silently drops it. */
  grant(scope: string): string | null;
  /** The vendor's id of the person with a seed (0 to 2³² − 1), in the vendor's own form. Default: 32 hexadecimal digits. */
  vendorUserId?(seed: number): string;
  /** The body, as JSON or as the fields of a form, by which the vendor tells of a change; null where it tells nothing. Default: it never does. */
  webhook?(event: SyntheticEvent): unknown;
  /** The API by which the application says where webhooks go, where the provider has `webhookSubscriptions`. */
  readonly subscriptions?: SyntheticSubscriptions;
  /** Lifetime of an access token in seconds. */
  readonly accessTokenSeconds: number;
  /** Lifetime of an authorization code in seconds. Default: 600 (RFC 6749 §4.1.2). */
  readonly codeSeconds?: number;
  /** The vendor's own form of a token answer, or of a refusal (RFC 6749 §5.1, §5.2). Default: as the standard has it. */
  tokenAnswer?(standard: SyntheticAnswer): SyntheticAnswer;
  /** Further fields of a token answer. */
  tokenFields?(person: SyntheticPerson): Readonly<Record<string, unknown>>;
}
