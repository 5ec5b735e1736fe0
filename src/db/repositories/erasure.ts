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
] as const;

const RECORDS = `
WITH gone AS (DELETE FROM records WHERE person_id = $1 AND account_id = $2 RETURNING deleted_at)
SELECT count(*) FILTER (WHERE deleted_at IS NULL)::int AS live FROM gone`;

/** Erases what was stored from an account inside the caller's transaction; how many records there were that could be read. */
export async function eraseAccountData(tx: EntityManager, personId: string, accountId: string): Promise<number> {
  const rows: { live: number }[] = await tx.query(RECORDS, [personId, accountId]);
  for (const table of DERIVED)
    await tx.query(`DELETE FROM ${table} WHERE person_id = $1 AND account_id = $2`, [personId, accountId]);
  return rows[0]?.live ?? 0;
}
