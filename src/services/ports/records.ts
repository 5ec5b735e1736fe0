import type { ChangeOrigin } from "../../domain/changes";
import type { EndpointCoverage } from "../../domain/coverage";
import type { CivilDay, DayRange } from "../../domain/days";
import type { KeptRecord, WearableRecord } from "../../domain/records";
import type { PersonState } from "./person-state";

/** A document as fetched: what it said and what it means. `raw`: the JSON text that it came as, kept sealed. */
export interface FetchedDocument {
  readonly id: string;
  readonly raw: string;
  readonly records: readonly WearableRecord[];
}

/** A document that could not be read. `raw`: the JSON text that it came as; `days`: the days of the asked run that it may be about. */
export interface UnreadDocument {
  readonly raw: string;
  readonly path: string;
  readonly problem: string;
  readonly days: readonly CivilDay[];
  /** Whether it tells its day itself; else it may be about any of them, a day that has other documents included. */
  readonly dayTold: boolean;
}

/** One whole answer of an endpoint for a run of days, every page of it. Times are epoch seconds by the database's clock. */
export interface Fetched {
  readonly personId: string;
  readonly accountId: string;
  readonly provider: string;
  readonly endpoint: string;
  /** The linking that the fetch began under; another number since then means that nothing of it may be kept. */
  readonly grantNumber: number;
  readonly origin: ChangeOrigin;
  /** Who holds the lease on (account, endpoint). */
  readonly leaseOwner: string;
  /** The flight ends with this: the lease is given back by the commit, which notes how many milliseconds ago the provider was asked last. */
  readonly landing?: { readonly askedMsAgo: number | null };
  readonly asked: DayRange;
  readonly startedAt: number;
  readonly mapperVersion: number;
  readonly documents: readonly FetchedDocument[];
  readonly unread: readonly UnreadDocument[];
  /** Days of `asked` that are settled by this check; the others are known as of `startedAt`. */
  readonly settledDays: readonly CivilDay[];
  /** Endpoints whose records get their day from this one's sleep sessions: where such a session moves, what they know of its days ends. */
  readonly dependents: readonly string[];
  /** The run that counts what came of it. */
  readonly runId?: string;
  /** The window whose pages were kept on the way, and are forgotten by the commit. */
  readonly keptWindow?: DayRange;
  /** The wearer's latest offset in the answer, minutes east of UTC, and the instant (epoch seconds) it was seen at. */
  readonly offset: { readonly minutes: number; readonly seenAt: number } | null;
}

/** What a commit did. `version`: the person's data version after it. */
export interface Committed {
  readonly version: string;
  /** Records written: those that are new, and those that were there and are otherwise now. */
  readonly changed: number;
  readonly created: number;
  readonly deleted: number;
}

/** Everything of a person's accounts over a range of days, in one snapshot. */
export interface Snapshot {
  readonly version: string;
  readonly offsetMinutes: number | null;
  readonly coverage: readonly EndpointCoverage[];
  readonly records: ReadonlyMap<string, AccountRecords>;
  /** Null where it was not asked for; the believed one itself where it is still the same. */
  readonly state: PersonState | null;
}

/** An account's records by endpoint and day. */
export type AccountRecords = ReadonlyMap<string, ReadonlyMap<CivilDay, readonly KeptRecord[]>>;

/** What a snapshot should hold: these accounts and endpoints over these days. `checkedSince`: epoch seconds, null where not needed. */
export interface SnapshotRequest {
  readonly personId: string;
  readonly accountIds: readonly string[];
  readonly endpoints: readonly string[];
  readonly range: DayRange;
  readonly checkedSince: number | null;
  /** False: coverage alone. */
  readonly withRecords: boolean;
  /** What the person's state is believed to be: it is then read as well. */
  readonly belief?: PersonState | null;
}

/** Sleep sessions that other documents name: by the session's own key, or by its physiological cycle. */
export interface SessionsNamed {
  readonly personId: string;
  readonly accountId: string;
  readonly endpoint: string;
  readonly sessions: readonly string[];
  readonly cycles: readonly string[];
}

/** Records, raw documents and coverage. */
export interface RecordStore {
  /** One statement, one snapshot. `records` is keyed by account id. */
  snapshot(request: SnapshotRequest): Promise<Snapshot>;
  /**
   * Keeps a whole answer in one transaction: records, raw documents, tombstones, coverage, and the data version last.
   * Throws {@link AccountFenced} where the account was unlinked, relinked or erased since, or the lease was lost.
   */
  commit(fetched: Fetched): Promise<Committed>;
  /** The days of the sessions named, those that are stored; of a cycle's several sessions the longest night counts. */
  sessionDays(named: SessionsNamed): Promise<{
    readonly bySession: ReadonlyMap<string, CivilDay>;
    readonly byCycle: ReadonlyMap<string, CivilDay>;
  }>;
  /** Keeps a body that could not be read, sealed, for seven days. */
  keepUnreadable(
    where: Pick<Fetched, "personId" | "accountId" | "provider" | "endpoint">,
    problem: string,
    body: Buffer,
  ): Promise<void>;
}
