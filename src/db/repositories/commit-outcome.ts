import type { EntityManager } from "typeorm";
import type { Committed, Fetched } from "../../services/ports/records";
import { allOf, prepared } from "../prepared";

const TIMES = {
  name: "commit: times",
  text: `
INSERT INTO endpoint_times AS old (person_id, account_id, endpoint, polled_at, data_at)
VALUES ($1, $2, $3, clock_timestamp() - make_interval(secs => $4::float8 / 1000), CASE WHEN $5::boolean THEN clock_timestamp() END)
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET
  polled_at = greatest(old.polled_at, excluded.polled_at), data_at = coalesce(excluded.data_at, old.data_at)`,
};

const RELEASE = {
  name: "commit: landed",
  text: "DELETE FROM flights WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND owner = $4",
};

const FORGET_PAGES = {
  name: "commit: kept pages",
  text: `
DELETE FROM fetched_pages WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND first_day = $4 AND last_day = $5`,
};

const COUNT = {
  name: "commit: run",
  text: `
UPDATE sync_runs SET created = created + $3, updated = updated + $4, deleted = deleted + $5, set_aside = set_aside + $6
WHERE person_id = $1 AND id = $2`,
};

/**
 * Notes what a commit came to, in its transaction: when the provider was asked and there was something new, the counts of its run, that
 * the pages kept on the way are no more needed, and that its flight has landed. Locks the run before the person, as every transaction
 * does that locks both.
 */
export async function noteOutcome(
  tx: EntityManager,
  fetched: Fetched,
  { created, changed, deleted }: Pick<Committed, "created" | "changed" | "deleted">,
): Promise<void> {
  const { personId, accountId, endpoint, keptWindow, runId, unread, landing, leaseOwner } = fetched;
  const place = [personId, accountId, endpoint];
  const [isNew, askedMsAgo] = [changed + deleted > 0, landing?.askedMsAgo ?? null];
  const counts = [created, changed - created, deleted, unread.length];
  await allOf([
    isNew || askedMsAgo !== null ? prepared(tx, TIMES, [...place, askedMsAgo, isNew]) : null,
    keptWindow ? prepared(tx, FORGET_PAGES, [...place, keptWindow.start, keptWindow.end]) : null,
    runId !== undefined && (isNew || unread.length > 0) ? prepared(tx, COUNT, [personId, runId, ...counts]) : null,
    landing ? prepared(tx, RELEASE, [...place, leaseOwner]) : null,
  ]);
}
