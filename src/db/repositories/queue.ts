import type { FailedJob, Queue, QueueState } from "../../services/ports/queue";
import type { Database } from "../database";
import { PROCESS_LOCKS } from "../worker-session";
import { ASIDE, SUPERSEDED } from "./jobs";

/** graphile-worker moves `run_at` by this when a job fails, so that it tells when. */
const FAILED_AT = "j.run_at - exp(least(j.attempts, 10)) * interval '1 second'";

/** Everything that is told of the queue, in one statement. */
const STATE = `
SELECT (SELECT coalesce(json_agg(counted ORDER BY task), '[]') FROM (
    SELECT t.identifier AS task, count(*) FILTER (WHERE j.is_available)::int AS waiting,
      count(*) FILTER (WHERE j.locked_at IS NOT NULL)::int AS running, count(*) FILTER (WHERE ${ASIDE})::int AS aside,
      extract(epoch FROM now() - min(j.run_at) FILTER (WHERE j.is_available AND j.run_at <= now()))::float8 AS "oldestDueSeconds"
    FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
    WHERE j.locked_at IS NOT NULL OR NOT ${SUPERSEDED} GROUP BY t.identifier) counted) AS tasks,
  (SELECT coalesce(json_agg(json_build_object('task', identifier, 'lastRunAt', extract(epoch FROM last_execution)::float8)
    ORDER BY identifier), '[]') FROM graphile_worker._private_known_crontabs) AS schedules,
  (SELECT count(*)::int FROM worker_processes p WHERE p.id IN (${PROCESS_LOCKS})) AS processes`;

const FAILED = `
SELECT j.id::text AS id, t.identifier AS task, j.attempts::int AS attempts, extract(epoch FROM ${FAILED_AT})::float8 AS "failedAt",
  j.last_error AS error
FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
WHERE ${ASIDE} ORDER BY ${FAILED_AT} DESC, j.id DESC LIMIT $1`;

const CHOSEN = `${ASIDE} AND ($1::bigint[] IS NULL OR j.id = ANY ($1::bigint[]))`;
const RETRY = `
UPDATE graphile_worker._private_jobs j SET attempts = 0, last_error = NULL, run_at = now(), updated_at = now(), flags = flags - 'deaths'
WHERE ${CHOSEN} RETURNING j.id::text AS id`;
const DISCARD = `DELETE FROM graphile_worker._private_jobs j WHERE ${CHOSEN} RETURNING j.id::text AS id`;

/** The job queue as operators see it, in graphile-worker's own tables: its views leave out what a count by task needs. */
export function createQueue(database: Database): Queue {
  const change = (sql: string) => async (ids: readonly string[] | null) => {
    // TypeORM answers rows and their number for an UPDATE or DELETE.
    const [rows = []] = await database.directory<readonly { id: string }[]>(sql, [ids]);
    return rows.map(({ id }) => id);
  };
  return {
    async state() {
      const [state] = await database.directory<QueueState>(STATE, []);
      if (!state) throw new Error("expected one row of counts");
      return state;
    },
    failed: (first) => database.directory<FailedJob>(FAILED, [first]),
    retry: change(RETRY),
    discard: change(DISCARD),
  };
}
