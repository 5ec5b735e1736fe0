import type { WorkerProcesses } from "../../services/ports/worker-processes";
import type { Database } from "../database";
import { enterProcess, PROCESS_LOCKS } from "../worker-session";
import { SUPERSEDED } from "./jobs";

/** How often processes may die while a job runs before it goes aside: the others that ran beside it are no more to blame than it. */
export const MAX_DEATHS = 20;

/** Key of the lock under which one process at a time looks for the dead. */
const SWEEP_LOCK = 4_714_081_602;

const MARK = `
UPDATE worker_processes p SET missing_since = CASE WHEN p.id IN (${PROCESS_LOCKS}) THEN NULL ELSE coalesce(p.missing_since, now()) END
WHERE (p.id IN (${PROCESS_LOCKS})) <> (p.missing_since IS NULL)`;
const GIVE_UP = `
DELETE FROM worker_processes p
WHERE p.missing_since <= now() - $1::float8 * interval '1 millisecond' AND p.id NOT IN (${PROCESS_LOCKS})`;

// A job that is put back gets a new id: whoever still runs it under the old one can neither complete nor fail it any more.
const COPIED = "job_queue_id, task_id, payload, priority, max_attempts, key, created_at";
const replace = (whose: string, tried: string) => `
WITH gone AS (DELETE FROM graphile_worker._private_jobs j WHERE ${whose} RETURNING j.*),
  back AS (
    INSERT INTO graphile_worker._private_jobs (${COPIED}, run_at, attempts, last_error, flags)
    SELECT ${COPIED}, ${tried} FROM gone j WHERE NOT ${SUPERSEDED} RETURNING id)
SELECT count(*)::int AS jobs, pg_notify('jobs:insert', json_build_object('r', random(), 'count', count(*))::text) FROM back`;
const UNTRIED = "coalesce(to_timestamp($1::float8), now()), greatest(0, j.attempts - 1), j.last_error, j.flags";

const UNKNOWN = replace(
  `j.locked_by = ANY ($2::text[]) AND j.id <> ALL ($3::bigint[])
  AND j.locked_at <= now() - $4::float8 * interval '1 millisecond'`,
  UNTRIED,
);

const ORPHANED = `j.locked_by IS NOT NULL
  AND NOT EXISTS (SELECT FROM worker_processes p WHERE j.locked_by = ANY (p.worker_ids))`;
const DEATHS = "coalesce((j.flags ->> 'deaths')::int, 0) + 1";
const DIED = `
now() + CASE WHEN ${DEATHS} < ${MAX_DEATHS} THEN interval '0' ELSE exp(least(j.max_attempts, 10)) * interval '1 second' END,
CASE WHEN ${DEATHS} < ${MAX_DEATHS} THEN greatest(0, j.attempts - 1) ELSE j.max_attempts END, 'WorkerDied',
coalesce(j.flags, '{}') || jsonb_build_object('deaths', ${DEATHS})`;

const FREE_QUEUES = `
UPDATE graphile_worker._private_job_queues j SET locked_at = NULL, locked_by = NULL WHERE ${ORPHANED}`;
const CLEAR = `
DELETE FROM graphile_worker._private_jobs j WHERE j.locked_at IS NULL AND j.attempts >= j.max_attempts AND ${SUPERSEDED}`;

/** Worker processes in PostgreSQL: an advisory lock each, held by a session of its own, and a row that names its workers. */
export function createWorkerProcesses(database: Database): WorkerProcesses {
  const replaced = (sql: string, parameters: readonly unknown[]) =>
    database.application(async (tx) => {
      const [row]: { jobs: number }[] = await tx.query(sql, [...parameters]);
      return row?.jobs ?? 0;
    }, "worker");
  return {
    enter: (processId, workerIds) => enterProcess(database.url, processId, workerIds),
    sweep: (graceMs) =>
      database.application(async (tx) => {
        const [lock]: { free: boolean }[] = await tx.query("SELECT pg_try_advisory_xact_lock($1) AS free", [
          SWEEP_LOCK,
        ]);
        if (!lock?.free) return 0;
        await tx.query(MARK);
        await tx.query(GIVE_UP, [graceMs]);
        const [row]: { jobs: number }[] = await tx.query(replace(ORPHANED, DIED));
        await tx.query(FREE_QUEUES);
        await tx.query(CLEAR);
        return row?.jobs ?? 0;
      }, "worker"),
    async putBack(jobId, workerId, runAt) {
      await replaced(replace("j.id = $2 AND j.locked_by = $3", UNTRIED), [runAt, jobId, workerId]);
    },
    putBackUnknown: (workerIds, jobIds, takenMsAgo) => replaced(UNKNOWN, [null, workerIds, jobIds, takenMsAgo]),
    putAllBack: (workerIds) => replaced(replace("j.locked_by = ANY ($2::text[])", UNTRIED), [null, workerIds]),
  };
}
