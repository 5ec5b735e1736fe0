import type { EntityManager } from "typeorm";
import { daysOf } from "../../../domain/days";
import type { Committed, Fetched } from "../../../services/ports/records";
import { allOf, prepared } from "../../prepared";
import { type Answers, placeOf } from "./answers";

const FETCHES_KEPT = "40 days";

const COVER = {
  name: "commit: coverage",
  text: `
WITH a AS MATERIALIZED (
  SELECT a.*, to_timestamp(a.started) AS started_at FROM jsonb_to_recordset($3::jsonb) AS a
    (endpoint text, settled date[], checked date[], started float8, first date, last date, changed int, deleted int, unread int)),
gone AS (
  DELETE FROM coverage_days c USING a
  WHERE c.person_id = $1 AND c.account_id = $2 AND c.endpoint = a.endpoint AND c.day = ANY (a.settled)),
settled AS (
  INSERT INTO coverage_settled AS old (person_id, account_id, endpoint, known)
  SELECT $1, $2, endpoint, (SELECT range_agg(daterange(d, d, '[]')) FROM unnest(settled) AS d) FROM a WHERE cardinality(settled) > 0
  ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET known = old.known + excluded.known),
checked AS (
  INSERT INTO coverage_days AS old (person_id, account_id, endpoint, day, checked_at)
  SELECT $1, $2, a.endpoint, d, a.started_at FROM a, unnest(a.checked) AS d
  ON CONFLICT (person_id, account_id, endpoint, day) DO UPDATE SET checked_at = greatest(old.checked_at, excluded.checked_at)),
forgotten AS (
  DELETE FROM fetches f USING a
  WHERE f.person_id = $1 AND f.account_id = $2 AND f.endpoint = a.endpoint AND f.started_at < now() - interval '${FETCHES_KEPT}')
INSERT INTO fetches (person_id, account_id, endpoint, id, days, started_at, finished_at, changed, deleted, set_aside)
SELECT $1, $2, endpoint, gen_random_uuid(), datemultirange(daterange(first, last, '[]')), started_at, clock_timestamp(), changed, deleted, unread
FROM a`,
};

const TIMES = {
  name: "commit: times",
  text: `
INSERT INTO endpoint_times AS old (person_id, account_id, endpoint, polled_at, data_at)
SELECT $1, $2, endpoint, clock_timestamp() - make_interval(secs => asked_ms_ago / 1000), CASE WHEN is_new THEN clock_timestamp() END
FROM unnest($3::text[], $4::float8[], $5::boolean[]) AS a (endpoint, asked_ms_ago, is_new)
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET
  polled_at = greatest(old.polled_at, excluded.polled_at), data_at = coalesce(excluded.data_at, old.data_at)`,
};

const RELEASE = {
  name: "commit: landed",
  text: `
DELETE FROM flights WHERE person_id = $1 AND account_id = $2 AND (endpoint, owner) IN (SELECT * FROM unnest($3::text[], $4::uuid[]))`,
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

/** What became of an answer, in records. */
export interface Outcome extends Pick<Committed, "created" | "changed" | "deleted"> {
  readonly fetched: Fetched;
}

/** Notes what is known now of the days asked for: those that are settled, and when the others were checked; and that they were fetched. */
export async function cover(tx: EntityManager, answers: Answers, outcomes: readonly Outcome[]): Promise<void> {
  const known = outcomes.map(({ fetched, changed, deleted }) => {
    const { endpoint, asked, startedAt: started, settledDays, unread } = fetched;
    const settled = new Set(settledDays);
    const checked = daysOf(asked).filter((day) => !settled.has(day));
    const days = { settled: settledDays, checked, first: asked.start, last: asked.end };
    return { endpoint, started, ...days, changed, deleted, unread: unread.length };
  });
  await prepared(tx, COVER, [...placeOf(answers), JSON.stringify(known)]);
}

/**
 * Notes what a commit came to, in its transaction: when the provider was asked and there was something new, the counts of runs, that
 * the pages kept on the way are no more needed, and that flights have landed. Locks the run before the person, as every transaction
 * does that locks both.
 */
export async function noteOutcomes(tx: EntityManager, answers: Answers, outcomes: readonly Outcome[]): Promise<void> {
  const place = placeOf(answers);
  const times = outcomes
    .map(({ fetched: { endpoint, landing }, changed, deleted }) => {
      return { endpoint, isNew: changed + deleted > 0, askedMsAgo: landing?.askedMsAgo ?? null };
    })
    .filter(({ isNew, askedMsAgo }) => isNew || askedMsAgo !== null);
  const landed = answers.filter(({ landing }) => landing !== undefined);
  const lists = [
    times.map(({ endpoint }) => endpoint),
    times.map(({ askedMsAgo }) => askedMsAgo),
    times.map(({ isNew }) => isNew),
  ];
  const leases = [landed.map(({ endpoint }) => endpoint), landed.map(({ leaseOwner }) => leaseOwner)];
  await allOf([
    times.length > 0 ? prepared(tx, TIMES, [...place, ...lists]) : null,
    ...outcomes.flatMap((outcome) => [forgetPages(tx, outcome), countInRun(tx, outcome)]),
    landed.length > 0 ? prepared(tx, RELEASE, [...place, ...leases]) : null,
  ]);
}

function forgetPages(tx: EntityManager, { fetched }: Outcome): Promise<unknown> | null {
  const { personId, accountId, endpoint, keptWindow } = fetched;
  if (!keptWindow) return null;
  return prepared(tx, FORGET_PAGES, [personId, accountId, endpoint, keptWindow.start, keptWindow.end]);
}

function countInRun(tx: EntityManager, { fetched, created, changed, deleted }: Outcome): Promise<unknown> | null {
  const { personId, runId, unread } = fetched;
  if (runId === undefined || changed + deleted + unread.length === 0) return null;
  return prepared(tx, COUNT, [personId, runId, created, changed - created, deleted, unread.length]);
}
