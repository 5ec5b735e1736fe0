import type { JobRequest } from "./jobs";

/** An account whose turn has come. */
export interface DueAccount {
  readonly personId: string;
  readonly accountId: string;
}

/** Whose turn it is, over all persons. */
export interface ReconcilingStore {
  /** Active accounts, linked before `since` (epoch seconds), that no reconciliation has begun for since; `most` of those after the last of a batch. */
  due(since: number, after: DueAccount | null, most: number): Promise<readonly DueAccount[]>;
  /** Adds jobs in one transaction. */
  add(jobs: readonly JobRequest[]): Promise<void>;
}
