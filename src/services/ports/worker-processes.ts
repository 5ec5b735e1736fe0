/** A process that works off jobs, as the others know it. */
export interface WorkerSession {
  /** Its number among the processes. */
  readonly processId: number;
  /** Whether the others had given it up meanwhile: what it had taken may be under way elsewhere. */
  readonly givenUp: boolean;
  /** Settles when the session is over, however it ended. */
  readonly over: Promise<void>;
  /** Epoch milliseconds of this machine at which the session was last known to stand. */
  confirmedAt(): number;
  /** Asks whether the session still stands; rejects where it does not. */
  confirm(): Promise<void>;
  /** Names the workers of this process, whose jobs are the process's; rejects where the session is over. */
  name(workerIds: readonly string[]): Promise<void>;
  /** Ends the session. `leaving`: the process is no more to be counted. */
  close(leaving: boolean): Promise<void>;
}

/** Which processes work off jobs, and what becomes of the jobs of those that died. */
export interface WorkerProcesses {
  /** Opens the session by which the others see that this process lives; `processId`: of its earlier session. */
  enter(processId: number | null, workerIds: readonly string[]): Promise<WorkerSession>;
  /** Gives up processes that have been without a session for so many milliseconds, and frees the jobs of workers that are no process's; how many. */
  sweep(graceMs: number): Promise<number>;
  /** Puts a job that a worker has taken back into the queue as not tried, from `runAt` (epoch seconds; null: at once), unless a newer one took its place. */
  putBack(jobId: string, workerId: string, runAt: number | null): Promise<void>;
  /** Puts back as not tried what these workers took so many milliseconds ago, or earlier, but for these jobs; how many. */
  putBackUnknown(workerIds: readonly string[], jobIds: readonly string[], takenMsAgo: number): Promise<number>;
  /** Puts back whatever these workers have taken; how many. */
  putAllBack(workerIds: readonly string[]): Promise<number>;
}
