import type { Task as GraphileTask, Job } from "graphile-worker";
import { Postponed, type Task } from "../services/ports/jobs";
import type { WorkerProcesses } from "../services/ports/worker-processes";
import type { Presence } from "./presence";
import { told } from "./told";

/** How an attempt ended: `put back` to be done later or elsewhere, `aside` after the last one failed. */
export type AttemptOutcome = "done" | "failed" | "put back" | "aside";

/** What attempts need. */
export interface AttemptParts {
  readonly processes: Pick<WorkerProcesses, "putBack">;
  readonly presence: Pick<Presence, "during">;
  readonly onFault: (where: string, error: unknown) => void;
  readonly onAttempt: (task: string, outcome: AttemptOutcome, seconds: number) => void;
}

/** A task as graphile-worker calls it. What it throws becomes the job's `last_error`, and holds no data. */
export function attempting(parts: AttemptParts, task: Task): GraphileTask {
  const attempt = async (payload: unknown, job: Job, signal: AbortSignal): Promise<void> => {
    const begun = performance.now();
    const ended = (outcome: AttemptOutcome) => parts.onAttempt(task.name, outcome, (performance.now() - begun) / 1_000);
    const last = job.attempts >= job.max_attempts;
    try {
      await task.run(payload, { number: job.attempts, last, signal });
      ended("done");
    } catch (error) {
      const later = error instanceof Postponed ? error.until : null;
      if ((later !== null || signal.aborted) && (await putBack(parts, task, job, later))) return ended("put back");
      parts.onFault(`job ${task.name}`, error);
      ended(last ? "aside" : "failed");
      throw new Error(told(error));
    }
  };
  return (payload, { job }) => parts.presence.during(job.id, (signal) => attempt(payload, job, signal));
}

/** Whether the job could be put back; graphile-worker's own row of it is gone then. */
async function putBack(
  { processes, onFault }: AttemptParts,
  task: Task,
  job: Job,
  until: number | null,
): Promise<boolean> {
  try {
    await processes.putBack(job.id, job.locked_by ?? "", until);
    return true;
  } catch (error) {
    onFault(`putting back job ${task.name}`, error);
    return false;
  }
}
