import type { Database } from "../database";

/** How long an app that follows what changes may be away. */
const CHANGES_KEPT = "90 days";

/** What has had its time, each with the condition under which it goes. */
const EXPIRED: Readonly<Record<string, string>> = {
  link_states: "expires_at < now()",
  link_results: "expires_at < now()",
  set_aside_documents: "expires_at < now()",
  flights: "expires_at < now() - interval '1 hour'",
  webhook_messages: "created_at < now() - interval '30 days'",
  webhook_secrets: "retires_at < now()",
  // A fetch that was interrupted is not gone on with after a quarter of an hour.
  fetched_pages: "fetched_at < now() - interval '1 hour'",
  sync_runs: "started_at < now() - interval '90 days'",
  // Those that nothing could be done about as well, in the end: a later reading has long had what they told of.
  webhook_inbox: "done_at < now() - interval '7 days' OR received_at < now() - interval '30 days'",
  refresh_attempts: "started_at < now() - interval '30 days'",
  // Kept for a while after the refusal, so that a mistake of the provider's can be looked into.
  // Those of a disconnected account: a refresh that held them as it was disconnected ended before it could delete them.
  grants: `refused_at < now() - interval '30 days' OR EXISTS (SELECT FROM accounts a
    WHERE a.person_id = grants.person_id AND a.id = grants.account_id AND a.status = 'DISCONNECTED')`,
};

/** A refresh that held the grant while its account was disconnected deletes it, unless its process died before. */
const LEFT_BEHIND = `
DELETE FROM grants WHERE (person_id, account_id) IN (
  SELECT g.person_id, g.account_id FROM grants g JOIN accounts a ON a.person_id = g.person_id AND a.id = g.account_id
  WHERE a.status = 'DISCONNECTED' FOR UPDATE OF g SKIP LOCKED)`;

/** Who has read less than is forgotten may have missed something, and must be told. */
const FORGET_CHANGES = `
WITH gone AS (DELETE FROM changes WHERE at < now() - interval '${CHANGES_KEPT}' RETURNING person_id, version, cardinality(days) AS ordinal)
INSERT INTO forgotten_changes AS known (person_id, up_to_version, up_to_ordinal)
SELECT DISTINCT ON (person_id) person_id, version, ordinal FROM gone ORDER BY person_id, version DESC
ON CONFLICT (person_id) DO UPDATE SET up_to_version = excluded.up_to_version, up_to_ordinal = excluded.up_to_ordinal
WHERE (known.up_to_version, known.up_to_ordinal) < (excluded.up_to_version, excluded.up_to_ordinal)`;

/** Deletes expired rows of every person under the jobs' role; how many there were. */
export async function sweepExpired(database: Database): Promise<number> {
  return database.jobs(async (tx) => {
    let swept = 0;
    for (const [table, condition] of Object.entries(EXPIRED)) {
      const [, count]: [unknown[], number] = await tx.query(`DELETE FROM ${table} WHERE ${condition}`);
      swept += count;
    }
    await tx.query(FORGET_CHANGES);
    const [, left]: [unknown[], number] = await tx.query(LEFT_BEHIND);
    return swept + left;
  });
}
