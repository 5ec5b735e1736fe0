import { civilDay } from "../../domain/days";
import type { AccountTimes, SyncRun, SyncRunError, SyncRunPage, SyncTrigger } from "../../domain/sync-runs";
import type { BegunRun, NewSyncRun, SyncRunStore, SyncRunsAsked } from "../../services/ports/sync-runs";
import type { Database } from "../database";

// A run of an account that is gone begins nowhere; of one that began before, only its start is told.
const BEGIN = `
INSERT INTO sync_runs (person_id, id, account_id, trigger, first_day, last_day, started_at)
SELECT $1, $2, $3, $4, $5, $6, clock_timestamp() FROM accounts WHERE person_id = $1 AND id = $3
ON CONFLICT (person_id, id) DO NOTHING`;
const BEGUN = `
SELECT extract(epoch FROM started_at)::float8 AS started_at, finished_at IS NOT NULL AS finished FROM sync_runs
WHERE person_id = $1 AND id = $2`;
const FINISH = `
UPDATE sync_runs SET finished_at = clock_timestamp(), errors = $3::jsonb WHERE person_id = $1 AND id = $2 AND finished_at IS NULL`;
const LIST = `
SELECT id, trigger, first_day::text, last_day::text, extract(epoch FROM started_at)::float8 AS started_at,
  extract(epoch FROM finished_at)::float8 AS finished_at, created, updated, deleted, set_aside, errors,
  (extract(epoch FROM started_at) * 1000000)::bigint::text AS micros
FROM sync_runs WHERE person_id = $1 AND account_id = $2
  AND ($3::bigint IS NULL OR (started_at, id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::uuid))
ORDER BY started_at DESC, id DESC LIMIT $5`;
const TIMES = `
SELECT account_id, extract(epoch FROM max(polled_at))::float8 AS polled_at, extract(epoch FROM max(data_at))::float8 AS data_at
FROM endpoint_times WHERE person_id = $1 AND account_id = ANY ($2::uuid[]) GROUP BY account_id`;

interface RunRow {
  id: string;
  trigger: SyncTrigger;
  first_day: string;
  last_day: string;
  started_at: number;
  finished_at: number | null;
  created: number;
  updated: number;
  deleted: number;
  set_aside: number;
  errors: SyncRunError[];
  micros: string;
}

/** Runs of fetching in PostgreSQL. */
export class PgSyncRunStore implements SyncRunStore {
  constructor(private readonly database: Database) {}

  /** @inheritdoc */
  async begin({ personId, id, accountId, trigger, range }: NewSyncRun): Promise<BegunRun> {
    const rows: { started_at: number; finished: boolean }[] = await this.database.person(personId, async (tx) => {
      await tx.query(BEGIN, [personId, id, accountId, trigger, range.start, range.end]);
      return tx.query(BEGUN, [personId, id]);
    });
    const row = rows[0];
    return row ? { startedAt: row.started_at, finished: row.finished } : { startedAt: 0, finished: true };
  }

  /** @inheritdoc */
  async finish(personId: string, runId: string, errors: readonly SyncRunError[]): Promise<void> {
    await this.database.person(personId, (tx) => tx.query(FINISH, [personId, runId, JSON.stringify(errors)]));
  }

  /** @inheritdoc */
  async list({ personId, accountId, first, after }: SyncRunsAsked): Promise<SyncRunPage> {
    const rows: RunRow[] = await this.database.person(personId, (tx) =>
      tx.query(LIST, [personId, accountId, after?.startedAtMicros ?? null, after?.id ?? null, first + 1]),
    );
    const shown = rows.slice(0, first);
    const last = shown.at(-1);
    return {
      nodes: shown.map(runOf),
      endCursor: last ? { startedAtMicros: last.micros, id: last.id } : null,
      hasNextPage: rows.length > first,
    };
  }

  /** @inheritdoc */
  async times(personId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, AccountTimes>> {
    const rows: { account_id: string; polled_at: number | null; data_at: number | null }[] = await this.database.person(
      personId,
      (tx) => tx.query(TIMES, [personId, accountIds]),
    );
    return new Map(rows.map((row) => [row.account_id, { polledAt: row.polled_at, dataAt: row.data_at }]));
  }
}

function runOf(row: RunRow): SyncRun {
  return {
    id: row.id,
    trigger: row.trigger,
    range: { start: civilDay(row.first_day), end: civilDay(row.last_day) },
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    recordsCreated: row.created,
    recordsUpdated: row.updated,
    recordsDeleted: row.deleted,
    documentsSetAside: row.set_aside,
    errors: row.errors,
  };
}
