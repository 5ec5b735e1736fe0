import type { DayRange } from "../../domain/days";
import type { AccountTimes, SyncRunCursor, SyncRunError, SyncRunPage, SyncTrigger } from "../../domain/sync-runs";

/** A run that begins. The same `id` begins once, however often its work is begun again. */
export interface NewSyncRun {
  readonly id: string;
  readonly personId: string;
  readonly accountId: string;
  readonly trigger: SyncTrigger;
  readonly range: DayRange;
}

/** A run that has begun. `startedAt`: epoch seconds by the database's clock. */
export interface BegunRun {
  readonly startedAt: number;
  readonly finished: boolean;
}

/** Which runs of an account: at most `first` of those before `after`. */
export interface SyncRunsAsked {
  readonly personId: string;
  readonly accountId: string;
  readonly first: number;
  readonly after: SyncRunCursor | null;
}

/** Runs of fetching. Their counts rise in the transactions that keep the records (`Fetched.runId`). */
export interface SyncRunStore {
  begin(run: NewSyncRun): Promise<BegunRun>;
  finish(personId: string, runId: string, errors: readonly SyncRunError[]): Promise<void>;
  list(asked: SyncRunsAsked): Promise<SyncRunPage>;
  /** By account id; absent where neither time is known. */
  times(personId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, AccountTimes>>;
}
