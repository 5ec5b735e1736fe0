import type { EntityManager } from "typeorm";
import type { JobRequest } from "../../services/ports/jobs";

/** Attempts after which a job goes aside. */
export const MAX_ATTEMPTS = 5;

/** Mark of jobs that were added under a key. A newer job of the key takes the key from one that runs or is aside: marked, without a key. */
const KEYED = "keyed";

/** SQL: whether a job `j` of the queue has been superseded by a newer one under its key, and is of no more use once it does not run. */
export const SUPERSEDED = `(j.key IS NULL AND coalesce(j.flags ? '${KEYED}', false))`;

/** SQL: whether a job `j` of the queue is tried no more. */
export const ASIDE = `(j.locked_at IS NULL AND j.attempts >= j.max_attempts AND NOT ${SUPERSEDED})`;

const ADD = `
SELECT NULL WHERE (graphile_worker.add_job($1, $2::json, run_at => to_timestamp($3::float8), max_attempts => ${MAX_ATTEMPTS},
  job_key => $4, priority => $5, flags => CASE WHEN $4::text IS NOT NULL THEN ARRAY['${KEYED}'] END)).id IS NULL`;

/** Adds a job inside the caller's transaction: it is there if and only if that commits. */
export async function enqueue(tx: Pick<EntityManager, "query">, request: JobRequest): Promise<void> {
  const { task, payload, runAt = null, key = null, priority = 0 } = request;
  await untilAdded(() => tx.query(ADD, [task, JSON.stringify(payload), runAt, key, priority]));
}

const ADD_ALL = `
SELECT n.task, n.payload, n.key FROM jsonb_to_recordset($1::jsonb) AS n(task text, payload json, key text)
WHERE (graphile_worker.add_job(n.task, n.payload, job_key => n.key, max_attempts => ${MAX_ATTEMPTS}, flags => ARRAY['${KEYED}'])).id IS NULL`;

/** Adds jobs to be done at once inside the caller's transaction, in one statement. Their keys come in one order everywhere, so that nobody waits in a circle. */
export async function enqueueAll(
  tx: Pick<EntityManager, "query">,
  requests: readonly Pick<Required<JobRequest>, "task" | "payload" | "key">[],
): Promise<void> {
  if (requests.length === 0) return;
  let left: readonly object[] = [...requests].sort((one, other) => (one.key < other.key ? -1 : 1));
  await untilAdded(async () => {
    left = await tx.query(ADD_ALL, [JSON.stringify(left)]);
    return left;
  });
}

/** Once a job has not been added the one of its key is held, so that it is found taken. */
const TRIES = 3;

/**
 * Adds until nothing is left that was not. Where a worker is just taking the job of the same key, graphile-worker adds nothing and says so
 * by a job of nulls only: it looks whether that job is taken, and adds beside it, in two statements.
 */
async function untilAdded(add: () => Promise<readonly unknown[]>): Promise<void> {
  for (let time = 0; time < TRIES; time += 1) if ((await add()).length === 0) return;
  throw new Error("expected the job to be added beside the one of its key");
}
