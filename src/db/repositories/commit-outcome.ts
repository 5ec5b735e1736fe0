import type { EntityManager } from "typeorm";
import type { Committed, Fetched } from "../../services/ports/records";

const DATA_AT = `
INSERT INTO endpoint_times AS old (person_id, account_id, endpoint, data_at) VALUES ($1, $2, $3, clock_timestamp())
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET data_at = excluded.data_at`;

const FORGET_PAGES = `
DELETE FROM fetched_pages WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND first_day = $4 AND last_day = $5`;

const COUNT = `
UPDATE sync_runs SET created = created + $3, updated = updated + $4, deleted = deleted + $5, set_aside = set_aside + $6
WHERE person_id = $1 AND id = $2`;

/**
 * Notes what a commit came to, in its transaction: when there was something new, the counts of its run, and that the pages kept on
 * the way are no more needed. Locks the run before the person, as every transaction does that locks both.
 */
export async function noteOutcome(
  tx: EntityManager,
  fetched: Fetched,
  { created, changed, deleted }: Pick<Committed, "created" | "changed" | "deleted">,
): Promise<void> {
  const { personId, accountId, endpoint, keptWindow, runId, unread } = fetched;
  const place = [personId, accountId, endpoint];
  if (changed + deleted > 0) await tx.query(DATA_AT, place);
  if (keptWindow) await tx.query(FORGET_PAGES, [...place, keptWindow.start, keptWindow.end]);
  if (runId !== undefined && changed + deleted + unread.length > 0) {
    await tx.query(COUNT, [personId, runId, created, changed - created, deleted, unread.length]);
  }
}
