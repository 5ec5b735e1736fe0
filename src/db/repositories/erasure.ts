import type { EntityManager } from "typeorm";

/** Everything that was stored from an account beside its records. */
const DERIVED = [
  "raw_documents",
  "set_aside_documents",
  "coverage_days",
  "coverage_settled",
  "fetches",
  "flights",
  "refresh_attempts",
  "backfills",
  "fetched_pages",
  "sync_runs",
  "endpoint_times",
  "changes",
] as const;

/** What an erasure came to: records that could be read, and rows of every kind. */
export interface Erased {
  readonly records: number;
  readonly rows: number;
}

const RECORDS = `
WITH gone AS (DELETE FROM records WHERE person_id = $1 AND account_id = $2 RETURNING body)
SELECT count(*) FILTER (WHERE body IS NOT NULL)::int AS records, count(*)::int AS rows FROM gone`;

/** Erases what was stored from an account inside the caller's transaction. */
export async function eraseAccountData(tx: EntityManager, personId: string, accountId: string): Promise<Erased> {
  const [counted]: Erased[] = await tx.query(RECORDS, [personId, accountId]);
  let rows = counted?.rows ?? 0;
  for (const table of DERIVED) {
    const [, deleted]: [unknown[], number] = await tx.query(
      `DELETE FROM ${table} WHERE person_id = $1 AND account_id = $2`,
      [personId, accountId],
    );
    rows += deleted;
  }
  return { records: counted?.records ?? 0, rows };
}
