import type { Metric } from "../../domain/metrics";
import type { Account } from "../../domain/people";
import type { PersonState } from "../../services/ports/person-state";
import type { Database } from "../database";

/** What {@link STATE_COLUMNS} answer. */
export interface StateRow {
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
  preferences: Partial<Record<Metric, string[]>> | null;
}

/** SQL for the state of the person `$1` whose row is `p`: columns of a {@link StateRow}. The newest account of a provider comes first, so that a linked one is found before those that were left. */
export const STATE_COLUMNS = `p.utc_offset_minutes AS offset_minutes,
  (SELECT json_agg(json_build_object('id', a.id, 'provider', a.provider, 'status', a.status, 'scopes', a.granted_scopes,
      'connected', extract(epoch FROM a.connected_at)::float8, 'grant', a.grant_number) ORDER BY a.provider, a.connected_at DESC)
   FROM accounts a WHERE a.person_id = $1) AS accounts,
  (SELECT json_object_agg(s.metric, s.providers ORDER BY s.metric) FROM source_preferences s WHERE s.person_id = $1) AS preferences`;

const STATE = `SELECT ${STATE_COLUMNS} FROM people p WHERE p.id = $1`;

/** A person's accounts, those they left included, the wearer's latest known offset and the person's preferences, in one snapshot. */
export async function readPersonState(database: Database, personId: string): Promise<PersonState> {
  const rows = await database.read<StateRow>(personId, { name: "person state", text: STATE }, [personId]);
  return stateOf(personId, rows[0] ?? { offset_minutes: null, accounts: null, preferences: null });
}

/** The text that states were read from: as long as it is the same, so is the state. */
const texts = new WeakMap<PersonState, string>();

/** A person's state out of a row of its columns as JSON text; the one that is believed where it was read from the same text. */
export function stateOfText(personId: string, text: string, belief: PersonState): PersonState {
  if (texts.get(belief) === text) return belief;
  const state = stateOf(personId, JSON.parse(text));
  texts.set(state, text);
  return state;
}

/** A person's state out of its columns. */
function stateOf(personId: string, row: StateRow): PersonState {
  const accounts = (row.accounts ?? []).map((account) => ({
    id: account.id,
    personId,
    provider: account.provider,
    status: account.status,
    grantedScopes: account.scopes,
    connectedAt: account.connected,
    grantNumber: account.grant,
  }));
  return { accounts, offsetMinutes: row.offset_minutes, preferences: row.preferences ?? {} };
}

// One look at the end of the index an account, however many fetches are kept.
const LAST_SYNCED = `
SELECT asked.id AS account_id, extract(epoch FROM latest.at)::float8 AS at FROM unnest($2::uuid[]) AS asked (id),
  LATERAL (SELECT max(f.started_at) AS at FROM fetches f WHERE f.person_id = $1 AND f.account_id = asked.id) AS latest
WHERE latest.at IS NOT NULL`;

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

const PREFER = `
INSERT INTO source_preferences (person_id, metric, providers) VALUES ($1, $2, $3)
ON CONFLICT (person_id, metric) DO UPDATE SET providers = excluded.providers`;
const FORGET = "DELETE FROM source_preferences WHERE person_id = $1 AND metric = $2";
const RISE = "UPDATE people SET data_version = data_version + 1 WHERE id = $1 RETURNING data_version::text AS version";

/** Keeps a person's order of providers for a metric (none: no preference any more); returns the person's new data version. */
export async function keepPreference(
  database: Database,
  personId: string,
  metric: Metric,
  order: readonly string[],
): Promise<string> {
  return database.person(personId, async (tx) => {
    if (order.length > 0) await tx.query(PREFER, [personId, metric, order]);
    else await tx.query(FORGET, [personId, metric]);
    const [rows]: [{ version: string }[], number] = await tx.query(RISE, [personId]);
    return rows[0]?.version ?? "0";
  });
}
