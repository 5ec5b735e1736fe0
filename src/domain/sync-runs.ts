import type { IssueCode } from "./answers";
import type { DayRange } from "./days";

/** Why a run was made: history after linking, the nightly second look, the vendor's notice, or somebody's wish. */
export type SyncTrigger = "BACKFILL" | "RECONCILIATION" | "WEBHOOK" | "REQUESTED";

/** What went wrong in a run, in the gateway's own words. `endpoint`: null where it concerns all; `retryAt`: epoch seconds. */
export interface SyncRunError {
  readonly endpoint: string | null;
  readonly code: IssueCode;
  readonly message: string;
  readonly retryAt: number | null;
}

/** One round of fetching for an account and what came of it: counts of records and documents; times in epoch seconds. */
export interface SyncRun {
  readonly id: string;
  readonly trigger: SyncTrigger;
  readonly range: DayRange;
  readonly startedAt: number;
  /** Null while it lasts. */
  readonly finishedAt: number | null;
  readonly recordsCreated: number;
  readonly recordsUpdated: number;
  readonly recordsDeleted: number;
  readonly documentsSetAside: number;
  readonly errors: readonly SyncRunError[];
}

/** Where a page of runs ends: the start of its last run in microseconds since 1970, in digits, and the run's id. */
export interface SyncRunCursor {
  readonly startedAtMicros: string;
  readonly id: string;
}

/** Runs, the latest first. `endCursor`: after the last of them; null where there are none. */
export interface SyncRunPage {
  readonly nodes: readonly SyncRun[];
  readonly endCursor: SyncRunCursor | null;
  readonly hasNextPage: boolean;
}

/** The three times of an account, epoch seconds; null where never. */
export interface AccountTimes {
  /** When the provider was last asked for data, whatever came of it. */
  readonly polledAt: number | null;
  /** When a record was last new, changed or gone. */
  readonly dataAt: number | null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Writes a cursor as opaque text. */
export function encodeRunCursor({ startedAtMicros, id }: SyncRunCursor): string {
  return Buffer.from(`${startedAtMicros}|${id}`).toString("base64url");
}

/** Reads a cursor; null where the text is none. */
export function decodeRunCursor(text: string): SyncRunCursor | null {
  const [startedAtMicros = "", id = "", ...rest] = Buffer.from(text, "base64url").toString("utf8").split("|");
  return /^\d{1,17}$/.test(startedAtMicros) && UUID.test(id) && rest.length === 0 ? { startedAtMicros, id } : null;
}
