import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../../domain/changes";
import { AccountFenced } from "../../../domain/errors";
import type { Committed, Fetched } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { allOf, prepared, underWay } from "../../prepared";
import { changedDays, riseAndTell } from "../changes";
import type { Answers } from "./answers";
import { forgetDependents, sessionsOf } from "./dependents";
import { fence } from "./fence";
import { cover, noteOutcomes, type Outcome } from "./outcome";
import { forgetRaw, knownHashes, putRaw, sealChanged } from "./raw";
import { type Buried, bury, putRecords, recordsOf, rowsOf, storedOf, type Written } from "./records";
import { keepUnread, unreadDays } from "./unread";

/** What was written of answers. */
interface Kept {
  readonly outcomes: readonly Outcome[];
  readonly records: readonly ChangedRecord[];
  /** Other days than before have documents that could not be read. */
  readonly unreadChanged: boolean;
  /** What is on its way to the database, and not answered yet. */
  readonly sent: Promise<unknown>;
}

/**
 * Writes whole answers for one linking of an account, each of an endpoint of its own, inside the caller's transaction; throws
 * {@link AccountFenced} where one of them may not be kept any more.
 */
export async function commitFetched(
  tx: EntityManager,
  answers: Answers,
  vault: PersonVault,
): Promise<readonly Committed[]> {
  const kept = await keep(tx, answers, vault);
  const noted = noteOutcomes(tx, answers, kept.outcomes);
  // The person last: until the commit nobody else's comes in between.
  const [version] = await allOf([riseIf(tx, answers, kept), noted, kept.sent]);
  return kept.outcomes.map(({ created, changed, deleted }) => ({ version, created, changed, deleted }));
}

/** Writes answers. Rows, hashes and seals are made while the database does what it was asked for before. */
async function keep(tx: EntityManager, answers: Answers, vault: PersonVault): Promise<Kept> {
  const records = recordsOf(answers);
  const looking = onItsWay(
    allOf([
      fence(tx, answers),
      allOf(answers.map(async (fetched) => ({ fetched, sessions: await sessionsOf(tx, fetched) }))),
      knownHashes(tx, answers),
      unreadDays(tx, answers),
      storedOf(tx, answers, records),
    ]),
  );
  await underWay();
  const rows = rowsOf(records);
  // Not before the fence has answered: where it refuses it holds nothing, and what is written then would wait for others in their way.
  const [, before, hashes, unread, stored] = await looking;
  const writing = onItsWay(allOf([putRecords(tx, answers, rows, stored), bury(tx, answers, records)]));
  const sealing = onItsWay(sealChanged(answers, hashes, vault));
  const [written, buried] = await writing;
  const outcomes = answers.map((fetched) => outcomeOf(fetched, written, buried));
  const covered = onItsWay(cover(tx, answers, outcomes));
  let unreadChanged = false;
  for (const { fetched, sessions } of before) {
    await forgetDependents(tx, fetched, sessions);
    unreadChanged = (await keepUnread(tx, fetched, unread, vault)) || unreadChanged;
  }
  const raw = onItsWay(putRaw(tx, answers, await sealing));
  await forgetRaw(tx, answers, buried);
  const gone = buried.map(({ kind, was }) => ({ kind, was, day: null }));
  return { outcomes, records: [...written, ...gone], unreadChanged, sent: onItsWay(allOf([covered, raw])) };
}

function outcomeOf(fetched: Fetched, written: readonly Written[], buried: readonly Buried[]): Outcome {
  const own = written.filter(({ endpoint }) => endpoint === fetched.endpoint);
  const created = own.filter(({ was }) => was === null).length;
  const deleted = buried.filter(({ endpoint }) => endpoint === fetched.endpoint).length;
  return { fetched, created, changed: own.length, deleted };
}

/** A promise that is awaited later: until then its failure is nobody's. */
function onItsWay<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => undefined);
  return promise;
}

const PERSON = {
  name: "commit: person",
  text: `
SELECT data_version::text AS version, utc_offset_minutes AS offset_minutes, extract(epoch FROM utc_offset_seen_at)::float8 AS seen_at
FROM people WHERE id = $1`,
};
const HELD_PERSON = { name: "commit: person held", text: `${PERSON.text} FOR NO KEY UPDATE` };

interface PersonRow {
  readonly version: string;
  readonly offset_minutes: number | null;
  readonly seen_at: number | null;
}

/**
 * The data version rises, and what changed is told, in the last statement of a transaction that changes what the person can read.
 * The person's row is held before what is there is counted: two endpoints that bring a day its first record at the same moment make one day.
 */
async function riseIf(tx: EntityManager, answers: Answers, { records, unreadChanged }: Kept): Promise<string> {
  const [fetched] = answers;
  const offset = answers
    .map((one) => one.offset)
    .reduce((one, other) => ((other?.seenAt ?? 0) > (one?.seenAt ?? 0) ? other : one));
  const [[person], entries] = await allOf([
    prepared<PersonRow>(tx, records.length > 0 ? HELD_PERSON : PERSON, [fetched.personId]),
    changedDays(tx, fetched, records),
  ]);
  if (!person) throw new AccountFenced("the person was erased during the fetch");
  const moved = offset !== null && offset.minutes !== person.offset_minutes && offset.seenAt >= (person.seen_at ?? 0);
  if (records.length === 0 && !moved && !unreadChanged) return person.version;
  return (await riseAndTell(tx, { ...fetched, entries }, offset)) ?? person.version;
}
