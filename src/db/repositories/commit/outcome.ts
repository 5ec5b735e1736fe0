import type { EntityManager } from "typeorm";
import { daysOf } from "../../../domain/days";
import type { Committed, Fetched } from "../../../services/ports/records";
import { allOf, prepared } from "../../prepared";

const FETCHES_KEPT = "40 days";

const COVER = {
  name: "commit: coverage",
  text: `
WITH days AS (SELECT range_agg(daterange(d, d, '[]')) AS known FROM unnest($4::date[]) AS d),
gone AS (DELETE FROM coverage_days WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND day = ANY ($4::date[])),
settled AS (
  INSERT INTO coverage_settled AS old (person_id, account_id, endpoint, known) SELECT $1, $2, $3, known FROM days WHERE known IS NOT NULL
  ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET known = old.known + excluded.known),
checked AS (
  INSERT INTO coverage_days AS old (person_id, account_id, endpoint, day, checked_at)
  SELECT $1, $2, $3, d, to_timestamp($6::float8) FROM unnest($5::date[]) AS d
  ON CONFLICT (person_id, account_id, endpoint, day) DO UPDATE SET checked_at = greatest(old.checked_at, excluded.checked_at)),
forgotten AS (
  DELETE FROM fetches WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND started_at < now() - interval '${FETCHES_KEPT}')
INSERT INTO fetches (person_id, account_id, endpoint, id, days, started_at, finished_at, changed, deleted, set_aside)
VALUES ($1, $2, $3, gen_random_uuid(), datemultirange(daterange($7, $8, '[]')), to_timestamp($6::float8), clock_timestamp(), $9, $10, $11)`,
};

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

/** What a commit came to, in records. */
type Outcome = Pick<Committed, "created" | "changed" | "deleted">;

/** Notes what is known now of the asked days: those that are settled, and when the others were checked; and that they were fetched. */
export async function cover(tx: EntityManager, fetched: Fetched, { changed, deleted }: Outcome): Promise<void> {
  const { personId, accountId, endpoint, asked, startedAt, settledDays, unread } = fetched;
  const settled = new Set(settledDays);
  const unsettled = daysOf(asked).filter((day) => !settled.has(day));
  await prepared(tx, COVER, [
    ...[personId, accountId, endpoint, settledDays, unsettled, startedAt],
    ...[asked.start, asked.end, changed, deleted, unread.length],
  ]);
}

/**
 * Notes what a commit came to, in its transaction: when the provider was asked and there was something new, the counts of its run, that
 * the pages kept on the way are no more needed, and that its flight has landed. Locks the run before the person, as every transaction
 * does that locks both.
 */
export async function noteOutcome(
  tx: EntityManager,
  fetched: Fetched,
  { created, changed, deleted }: Outcome,
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
