import type { Resolution } from "./choice";
import type { SourcedDay } from "./daily";
import type { CivilDay, DayRange } from "./days";
import type { Metric } from "./metrics";
import type { HrvMethod } from "./records";

export type { SourcedDay } from "./daily";

/** Why a requested day has no record. ERROR always has a matching issue. */
export type AbsenceReason =
  | "FUTURE"
  | "NOT_CONNECTED"
  | "SCOPE_NOT_GRANTED"
  | "UNSUPPORTED"
  | "PROVIDER_HAS_NONE"
  | "NOT_YET_SYNCED"
  | "ERROR";

/** A run of requested days without a record of one provider. */
export interface Absence {
  readonly firstDay: CivilDay;
  readonly lastDay: CivilDay;
  /** The provider's slug. */
  readonly provider: string;
  readonly reason: AbsenceReason;
}

/** What went wrong at a provider while answering. */
export type IssueCode =
  | "RECONNECT_REQUIRED"
  | "SCOPE_NOT_GRANTED"
  | "RATE_LIMITED"
  | "PROVIDER_UNAVAILABLE"
  | "PROVIDER_RESPONSE_INVALID"
  | "STALE_DATA";

/** A provider's failure as part of the answer. `retryAt`: epoch seconds. */
export interface SourceIssue {
  readonly provider: string;
  readonly code: IssueCode;
  readonly message: string;
  readonly retryAt: number | null;
}

/** What a daily field of User asks. `providers`: slugs, null for the linked accounts; `maxAgeSeconds`: null for the freshness policy. */
export interface DailyQuestion {
  readonly metric: Metric;
  readonly range: DayRange;
  readonly providers: readonly string[] | null;
  readonly maxAgeSeconds: number | null;
  /** Only for HRV: one answer holds one method. */
  readonly method: HrvMethod | null;
  /** Providers in the order that this query prefers; null where it does not say. */
  readonly prefer?: readonly string[] | null;
}

/** The answer to a {@link DailyQuestion}: chosen days and why, every source's days, runs of absent days and issues. */
export interface DailyAnswer {
  /** One a day, ascending; each one of `bySource`. */
  readonly nodes: readonly SourcedDay[];
  /** How each of `nodes` was chosen, in their order. */
  readonly resolutions: readonly Resolution[];
  readonly bySource: readonly SourcedDay[];
  readonly absences: readonly Absence[];
  readonly issues: readonly SourceIssue[];
  /** Epoch seconds from when on some of it would be asked for again, or days that are today are others. */
  readonly freshUntil: number;
}
