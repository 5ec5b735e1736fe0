import type { IssueCode } from "../../domain/answers";
import type { Backfill, BackfillState } from "../../domain/backfill";
import type { CivilDay } from "../../domain/days";
import type { JobRequest } from "./jobs";

/** One endpoint of one account. */
export interface BackfillPlace {
  readonly personId: string;
  readonly accountId: string;
  readonly endpoint: string;
}

/** What linking asks for: the days of each endpoint, both inclusive, and the jobs that begin. */
export interface BackfillPlan {
  readonly endpoints: readonly { readonly name: string; readonly firstDay: CivilDay; readonly lastDay: CivilDay }[];
  readonly jobs: readonly JobRequest[];
}

/** What a step came to. `retryAt`: epoch seconds; `message` goes with an error of a step that was the last. */
export interface BackfillStep {
  readonly state: BackfillState;
  /** The first day that the provider still answers for. */
  readonly firstDay: CivilDay;
  readonly retryAt?: number;
  /** Times in a row that the provider was out of reach. */
  readonly failures: number;
  readonly error?: { readonly code: IssueCode; readonly message: string };
}

/** Which history is to be fetched. What is missing of it is never kept here: coverage tells. */
export interface BackfillStore {
  list(personId: string, accountIds: readonly string[]): Promise<readonly Backfill[]>;
  /** How many pages are kept of the answer that was fetched last and is not whole. */
  keptPages(place: BackfillPlace): Promise<number>;
  /** Keeps what a step came to and adds the jobs that follow, in one transaction; the run ends when nothing of it is open. */
  keep(place: BackfillPlace, step: BackfillStep, jobs: readonly JobRequest[]): Promise<void>;
  /** Begins what failed, or has lain still for an hour, again; the endpoints begun, whose jobs `jobOf` gives. */
  rearm(personId: string, accountId: string, jobOf: (place: BackfillPlace) => JobRequest): Promise<readonly string[]>;
}
