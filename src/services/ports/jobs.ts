/** Jobs of one lane wait for each other, never for the other lane: what people wait for, and what fills in the background. */
export type Lane = "live" | "bulk";

/** A job to be done once, soon. Payloads hold ids, never values or secrets. */
export interface JobRequest {
  readonly task: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** A job that waits under this key is replaced by this one; one that runs already is left to itself. */
  readonly key?: string;
  /** Epoch seconds before which it is not done. Default: at once. */
  readonly runAt?: number;
  /** Smaller goes first. Default: 0. */
  readonly priority?: number;
}

/** One attempt of a job. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** Whether the job goes aside when this attempt fails. */
  readonly last: boolean;
  /**
   * Aborted when the process stops (what runs on has 10 s), or when the job may be taken for another process's: end soon, by {@link Postponed}
   * or any error, which then is no failed attempt.
   */
  readonly signal: AbortSignal;
}

/** A kind of job. `run` must be safe to repeat: a process may die at any moment of it. Throws {@link Postponed} to be called later. */
export interface Task {
  /** `[a-z][a-z-]*`; jobs in the database name it. */
  readonly name: string;
  readonly lane: Lane;
  run(payload: unknown, attempt: Attempt): Promise<void>;
}

/** A task that is called by the clock, once however many processes there are. `cron`: five fields, UTC. */
export interface Schedule {
  readonly task: string;
  readonly cron: string;
  /** Calls missed while no process ran are made up for, each, for so many seconds (whole minutes). Default: one hour. */
  readonly catchUpSeconds?: number;
}

/** Adds jobs outside of a transaction of their cause. */
export interface Jobs {
  add(request: JobRequest): Promise<void>;
}

/** Not now: do the job again at a time (epoch seconds), which is no failed attempt; not at all if a newer job has taken its key meanwhile. */
export class Postponed extends Error {
  override readonly name = "Postponed";
  constructor(
    readonly until: number,
    why: string,
  ) {
    super(why);
  }
}
