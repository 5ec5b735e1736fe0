import type { IssueCode } from "./answers";
import type { CivilDay } from "./days";
import type { Metric } from "./metrics";

/** PENDING: not begun; RUNNING; WAITING: until a time, or for something that is passing; DONE; FAILED: given up until the nightly run. */
export type BackfillState = "PENDING" | "RUNNING" | "WAITING" | "DONE" | "FAILED";

/** The history of one endpoint of an account that is to be fetched: both days inclusive. `retryAt`: epoch seconds. */
export interface Backfill {
  readonly accountId: string;
  readonly endpoint: string;
  readonly firstDay: CivilDay;
  readonly lastDay: CivilDay;
  readonly state: BackfillState;
  readonly retryAt: number | null;
  /** Why it last stopped short; null while nothing went wrong. */
  readonly error: IssueCode | null;
  /** Times in a row that the provider was out of reach. */
  readonly failures: number;
  /** The run that counts what comes of it. */
  readonly runId: string;
}

/** How far the history of a metric is fetched, in days. `retryAt`: epoch seconds, where it waits. */
export interface MetricBackfill {
  readonly metric: Metric;
  readonly state: BackfillState;
  readonly daysDone: number;
  readonly daysTotal: number;
  readonly retryAt: number | null;
}

/** Whether nothing more is going to be done for it by itself. */
export function isOver(state: BackfillState): boolean {
  return state === "DONE" || state === "FAILED";
}

/** The state of several together: what stands in the way of the whole counts before what goes on. */
export function together(states: readonly BackfillState[]): BackfillState {
  if (states.includes("FAILED")) return "FAILED";
  if (states.includes("WAITING")) return "WAITING";
  if (states.every((state) => state === "DONE")) return "DONE";
  return states.every((state) => state === "PENDING") ? "PENDING" : "RUNNING";
}
