import { Client } from "pg";
import { ENTRIES } from "../../src/db/repositories/change-entries";

/**
 * What an account's history came to, table by table, as text that is the same whenever the same came: rows in their order, without ids,
 * clocks and sealed bytes, which no two runs have in common. Of the feed only first comings: which of two endpoints of a metric comes
 * first, and so which days are told once more, is chance in quiet runs too.
 */
const TABLES: Readonly<Record<string, string>> = {
  records:
    "SELECT endpoint, kind, key, day::text, body, document_id, mapper_version, body IS NOT NULL AS live FROM records",
  raw_documents: "SELECT endpoint, document_id, encode(content_hash, 'hex') AS hash FROM raw_documents",
  set_aside_documents: "SELECT endpoint, encode(content_hash, 'hex') AS hash, days::text FROM set_aside_documents",
  coverage_settled: "SELECT endpoint, known::text FROM coverage_settled",
  coverage_days: "SELECT endpoint, day::text FROM coverage_days",
  fetches: "SELECT endpoint, days::text, changed, deleted, set_aside FROM fetches",
  changes: `SELECT e.metric, c.provider, e.day::text, e.type, c.origin FROM changes c, ${ENTRIES} WHERE e.type <> 'UPDATED'`,
  change_origins: `SELECT DISTINCT e.metric, c.origin FROM changes c, ${ENTRIES}`,
  backfills: "SELECT endpoint, first_day::text, last_day::text, state, retry_at, error, failures FROM backfills",
  sync_runs: `SELECT trigger, first_day::text, last_day::text, finished_at IS NOT NULL AS over, created, updated, deleted, set_aside, errors
    FROM sync_runs`,
  endpoint_times: "SELECT endpoint, polled_at IS NOT NULL AS polled, data_at IS NOT NULL AS came FROM endpoint_times",
  fetched_pages: "SELECT endpoint, first_day::text, page FROM fetched_pages",
  flights: "SELECT endpoint FROM flights",
  accounts: "SELECT provider, vendor_user_id, status, granted_scopes, grant_number FROM accounts",
  people: "SELECT external_id, utc_offset_minutes FROM people",
  audit_events: "SELECT event, provider, detail FROM audit_events",
  jobs: "SELECT task_identifier AS task, attempts FROM graphile_worker.jobs WHERE task_identifier = 'backfill'",
};

/** A look into a gateway's database from beside it. */
export class HistoryRows {
  private constructor(private readonly client: Client) {}

  /** `adminUrl`: of a role that sees everybody's rows. */
  static async open(adminUrl: string): Promise<HistoryRows> {
    const client = new Client({ connectionString: adminUrl });
    await client.connect();
    return new HistoryRows(client);
  }

  close(): Promise<void> {
    return this.client.end();
  }

  async rows<T>(sql: string): Promise<readonly T[]> {
    return (await this.client.query(sql)).rows;
  }

  /** Whether all history that was asked for is there, and no job of it is left. */
  async whole(): Promise<boolean> {
    const [row] = await this.rows<{ whole: boolean }>(`
      SELECT EXISTS (SELECT FROM backfills) AND NOT EXISTS (SELECT FROM backfills WHERE state <> 'DONE')
        AND NOT EXISTS (SELECT FROM graphile_worker.jobs WHERE task_identifier = 'backfill') AS whole`);
    return row?.whole ?? false;
  }

  /**
   * Lets the wearers' offset be known beforehand: whether an endpoint without times of day takes a day at the edge for settled else
   * depends on whether another's nights were there before it, which is chance in quiet runs too.
   */
  async knowOffset(minutes: number): Promise<void> {
    await this.client.query("UPDATE people SET utc_offset_minutes = $1, utc_offset_seen_at = now()", [minutes]);
  }

  /** Lets the waiting be over after which others take the place of a process that is dead for certain: of its jobs, and of its flights. */
  async believeDead(): Promise<void> {
    await this.client.query("UPDATE worker_processes SET missing_since = now() - interval '1 hour'");
    await this.client.query("UPDATE flights SET expires_at = now() - interval '1 second'");
  }

  /** What stands in the way where nothing goes on: the rows of history and of the queue, one a line. */
  async state(): Promise<string> {
    const looks = [
      "SELECT endpoint, state, error, failures, retry_at - now() AS waits FROM backfills",
      `SELECT task_identifier AS task, key, attempts, last_error, locked_by IS NOT NULL AS taken, run_at - now() AS due, flags
       FROM graphile_worker.jobs`,
      "SELECT endpoint, expires_at - now() AS ends FROM flights",
      "SELECT id, worker_ids, missing_since FROM worker_processes",
      "SELECT endpoint, first_day::text, count(*)::int AS pages, now() - min(started_at) AS age FROM fetched_pages GROUP BY 1, 2",
    ];
    const rows = await Promise.all(looks.map((sql) => this.rows(sql)));
    return rows
      .flat()
      .map((row) => JSON.stringify(row))
      .join("\n");
  }

  /** Every table of {@link TABLES}, each row as text, sorted. */
  async snapshot(): Promise<ReadonlyMap<string, readonly string[]>> {
    const tables = new Map<string, readonly string[]>();
    for (const [name, sql] of Object.entries(TABLES)) {
      tables.set(name, (await this.rows(sql)).map((row) => JSON.stringify(row)).sort());
    }
    return tables;
  }
}

/** Where two snapshots differ: one line a table that is not the same. */
export function differences(
  one: ReadonlyMap<string, readonly string[]>,
  other: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  return [...one].flatMap(([table, rows]) => {
    const others = other.get(table) ?? [];
    if (rows.length === others.length && rows.every((row, index) => row === others[index])) return [];
    const alone = rows.find((row) => !others.includes(row)) ?? others.find((row) => !rows.includes(row)) ?? "";
    return `${table}: ${rows.length} rows against ${others.length}, such as ${alone.slice(0, 200)}`;
  });
}
