import type { Database } from "../database";

/** How many of a vendor's users are linked, by provider; whoever two persons have linked counts once. */
export async function countAccounts(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database.jobs((tx) =>
    tx.query<{ provider: string; users: number }[]>(
      "SELECT provider, count(DISTINCT vendor_user_id)::int AS users FROM accounts WHERE status = 'ACTIVE' GROUP BY provider",
    ),
  );
  return new Map(rows.map(({ provider, users }) => [provider, users]));
}
