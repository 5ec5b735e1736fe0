import type { EntityManager } from "typeorm";
import { addDays, type CivilDay, civilDay } from "../../../domain/days";
import type { Fetched } from "../../../services/ports/records";
import { prepared } from "../../prepared";
import { textOf } from "../../record-text";

const CYCLE = textOf("sleep_session", "cycleKey");

/** The last of a cycle counts: the longest night. Parameters: person, account, endpoint, session keys, cycle keys. */
export const SESSION_DAYS = (further = "false") => `
SELECT key, ${CYCLE} AS cycle, day::text AS day FROM records
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND kind = 'sleep_session' AND body IS NOT NULL
  AND (key = ANY ($4) OR ${CYCLE} = ANY ($5) OR ${further})
ORDER BY ${textOf("sleep_session", "nature")} = 'night', ${textOf("sleep_session", "asleepSeconds")}::float8 NULLS FIRST, key DESC`;

const SESSIONS = { name: "commit: sessions", text: SESSION_DAYS("day BETWEEN $6 AND $7") };

const FORGET_DAYS = `
DELETE FROM coverage_days WHERE person_id = $1 AND account_id = $2 AND endpoint = ANY ($3) AND day = ANY ($4::date[])`;
const FORGET_SETTLED = `
WITH moved AS (SELECT range_agg(daterange(d, d, '[]')) AS days FROM unnest($4::date[]) AS d)
UPDATE coverage_settled SET known = known - moved.days FROM moved
WHERE person_id = $1 AND account_id = $2 AND endpoint = ANY ($3) AND known && moved.days`;

/** The days that dependent records get from sleep sessions, by what they may name: a session or a cycle. */
type DaysByName = ReadonlyMap<string, CivilDay>;

/** The sessions of the asked days, and those in the answer, as they are stored now; none where nothing depends on them. */
export async function sessionsOf(tx: EntityManager, fetched: Fetched): Promise<DaysByName> {
  const { personId, accountId, endpoint, asked, documents } = fetched;
  if (fetched.dependents.length === 0) return new Map();
  const sessions = documents.flatMap(({ records }) => records).filter((record) => record.kind === "sleep_session");
  const keys = sessions.map(({ key }) => key);
  const cycles = sessions.flatMap(({ cycleKey }) => cycleKey ?? []);
  const place = [personId, accountId, endpoint];
  const rows = await prepared<{ key: string; cycle: string | null; day: string }>(tx, SESSIONS, [
    ...[...place, keys, cycles],
    ...[asked.start, asked.end],
  ]);
  return new Map(
    rows.flatMap(({ key, cycle, day }) => [
      [`session ${key}`, civilDay(day)] as const,
      ...(cycle === null ? [] : [[`cycle ${cycle}`, civilDay(day)] as const]),
    ]),
  );
}

/**
 * Ends what dependent endpoints know of the days that sessions came to, left or moved between: their records are dated anew when
 * those days are next asked for. What lost its session may be dated otherwise, by an end on the day after.
 */
export async function forgetDependents(tx: EntityManager, fetched: Fetched, before: DaysByName): Promise<void> {
  const { personId, accountId, dependents } = fetched;
  if (dependents.length === 0) return;
  const after = await sessionsOf(tx, fetched);
  const days = new Set<CivilDay>();
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === is) continue;
    if (was) days.add(was).add(is ?? addDays(was, 1));
    if (is) days.add(is);
  }
  if (days.size === 0) return;
  const where = [personId, accountId, dependents, [...days]];
  await tx.query(FORGET_DAYS, where);
  await tx.query(FORGET_SETTLED, where);
}
