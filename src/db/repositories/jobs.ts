import type { EntityManager } from "typeorm";
import type { JobRequest } from "../../services/ports/jobs";

/** Attempts after which a job goes aside. */
export const MAX_ATTEMPTS = 5;

const ADD = `
SELECT FROM graphile_worker.add_job($1, $2::json, run_at => to_timestamp($3::float8), max_attempts => ${MAX_ATTEMPTS},
  job_key => $4, priority => $5)`;

/** Adds a job inside the caller's transaction: it is there if and only if that commits. */
export async function enqueue(tx: Pick<EntityManager, "query">, request: JobRequest): Promise<void> {
  const { task, payload, runAt = null, key = null, priority = 0 } = request;
  await tx.query(ADD, [task, JSON.stringify(payload), runAt, key, priority]);
}
