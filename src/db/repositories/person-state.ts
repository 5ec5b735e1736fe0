import type { Account } from "../../domain/people";
import type { Database } from "../database";

interface StateRow {
  offset_minutes: number | null;
  accounts:
    | {
        id: string;
        provider: string;
        status: Account["status"];
        scopes: string[];
        connected: number;
        grant: number;
      }[]
    | null;
}

// The newest account of a provider first, so that a linked one is found before those that were left.
const STATE = `
SELECT p.utc_offset_minutes AS offset_minutes,
  (SELECT json_agg(json_build_object('id', a.id, 'provider', a.provider, 'status', a.status, 'scopes', a.granted_scopes,
      'connected', extract(epoch FROM a.connected_at)::float8, 'grant', a.grant_number) ORDER BY a.provider, a.connected_at DESC)
   FROM accounts a WHERE a.person_id = $1) AS accounts
FROM people p WHERE p.id = $1`;

/** A person's accounts, those they left included, and the wearer's latest known offset (minutes east of UTC), in one snapshot. */
export async function readPersonState(
  database: Database,
  personId: string,
): Promise<{ accounts: readonly Account[]; offsetMinutes: number | null }> {
  const rows: StateRow[] = await database.person(personId, (tx) => tx.query(STATE, [personId]));
  const accounts = (rows[0]?.accounts ?? []).map((row) => ({
    id: row.id,
    personId,
    provider: row.provider,
    status: row.status,
    grantedScopes: row.scopes,
    connectedAt: row.connected,
    grantNumber: row.grant,
  }));
  return { accounts, offsetMinutes: rows[0]?.offset_minutes ?? null };
}

const LAST_SYNCED = `
SELECT account_id, extract(epoch FROM max(started_at))::float8 AS at FROM fetches
WHERE person_id = $1 AND account_id = ANY ($2) GROUP BY account_id`;

/** Epoch seconds of the latest whole answer of each account's provider. */
export async function readLastSynced(
  database: Database,
  personId: string,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows: { account_id: string; at: number }[] = await database.person(personId, (tx) =>
    tx.query(LAST_SYNCED, [personId, accountIds]),
  );
  return new Map(rows.map((row) => [row.account_id, row.at]));
}

/** Data versions of people of this application. */
export async function readVersions(
  database: Database,
  personIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await database.directory<{ id: string; version: string }>(
    "SELECT id, data_version::text AS version FROM people WHERE id = ANY ($1)",
    [personIds],
  );
  return new Map(rows.map((row) => [row.id, row.version]));
}
