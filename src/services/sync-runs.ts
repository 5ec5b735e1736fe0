import type { IssueCode } from "../domain/answers";
import type { SyncRunError } from "../domain/sync-runs";
import type { BegunRun, NewSyncRun, SyncRunStore } from "./ports/sync-runs";
import { troubleOf } from "./reading/trouble";

/** What a round of an endpoint that failed says in its run: a code, and the gateway's own words. */
export function runErrorOf(endpoint: string | null, error: unknown): SyncRunError {
  const { code, message, retryAt } = troubleOf(error);
  return { endpoint, code: code satisfies IssueCode, message, retryAt };
}

/**
 * Records a run around its work, which gives it to its flights (`runId`) and answers what went wrong on the way. A run of this id that is
 * over is not done again. Where the work throws, the run stays open for the next attempt of it.
 */
export async function recordRun(
  store: SyncRunStore,
  run: NewSyncRun,
  work: (begun: BegunRun) => Promise<readonly SyncRunError[]>,
): Promise<void> {
  const begun = await store.begin(run);
  if (begun.finished) return;
  await store.finish(run.personId, run.id, await work(begun));
}
