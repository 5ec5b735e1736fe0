/** Jobs of one kind, counted. `waiting`: due or not yet; `running`: taken by a process; `aside`: failed too often, see {@link FailedJob}. */
export interface TaskCounts {
  readonly task: string;
  readonly waiting: number;
  readonly running: number;
  readonly aside: number;
  /** Seconds for which the longest-waiting job of the kind that is due has been due; null where none is. */
  readonly oldestDueSeconds: number | null;
}

/** The job queue as it is now. */
export interface QueueState {
  /** Tasks that have jobs, by name. */
  readonly tasks: readonly TaskCounts[];
  /** What the clock calls. `lastRunAt`: epoch seconds of the last time; null where it has not been called yet. */
  readonly schedules: readonly { readonly task: string; readonly lastRunAt: number | null }[];
  /** Processes that work off jobs. */
  readonly processes: number;
}

/** A job that is tried no more until somebody says so. `error`: name and code of the last failure, never its message. */
export interface FailedJob {
  readonly id: string;
  readonly task: string;
  readonly attempts: number;
  /** Epoch seconds. */
  readonly failedAt: number;
  readonly error: string | null;
}

/** What operators see and do of the job queue. `ids`: of failed jobs; null for all of them; answers those that it was done to. */
export interface Queue {
  state(): Promise<QueueState>;
  /** The latest failures first, at most `first` of them. */
  failed(first: number): Promise<readonly FailedJob[]>;
  /** Lets them be tried again, from the first attempt. */
  retry(ids: readonly string[] | null): Promise<readonly string[]>;
  /** Deletes them. */
  discard(ids: readonly string[] | null): Promise<readonly string[]>;
}
