import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../../domain/changes";
import { AccountFenced } from "../../../domain/errors";
import type { Several } from "../../../domain/gathered";
import type { Committed, Fetched } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { allOf, prepared, underWay } from "../../prepared";
import { changedDays, riseAndTell } from "../changes";
import { forgetDependents, sessionsOf } from "./dependents";
import { fence } from "./fence";
import { cover, noteOutcome } from "./outcome";
import { forgetRaw, knownHashes, putRaw, sealChanged } from "./raw";
import { bury, putRecords, rowsOf } from "./records";
import { keepUnread, unreadDays } from "./unread";

/** What was written of an answer. */
interface Kept {
  readonly fetched: Fetched;
  readonly outcome: Omit<Committed, "version">;
  readonly records: readonly ChangedRecord[];
  /** Other days than before have documents that could not be read. */
  readonly unreadChanged: boolean;
  /** What is on its way to the database, and not answered yet. */
  readonly sent: Promise<unknown>;
}

/**
 * Writes whole answers for one linking of an account inside the caller's transaction; throws {@link AccountFenced} where one of them
 * may not be kept any more.
 */
export async function commitFetched(
  tx: EntityManager,
  answers: Several<Fetched>,
  vault: PersonVault,
): Promise<readonly Committed[]> {
  const inTurn = oneAtATime();
  const kept = await allOf(answers.map((fetched) => keep(tx, fetched, vault, inTurn)));
  const noted = kept.map(({ fetched, outcome }) => noteOutcome(tx, fetched, outcome));
  // The person last: until the commit nobody else's comes in between.
  const [version] = await allOf([riseIf(tx, answers[0], kept), allOf(noted), allOf(kept.map((one) => one.sent))]);
  return kept.map(({ outcome }) => ({ version, ...outcome }));
}

/** Writes an answer. Rows, hashes and seals are made while the database does what it was asked for before. */
async function keep(tx: EntityManager, fetched: Fetched, vault: PersonVault, inTurn: InTurn): Promise<Kept> {
  const looking = onItsWay(
    allOf([fence(tx, fetched), sessionsOf(tx, fetched), knownHashes(tx, fetched), unreadDays(tx, fetched)]),
  );
  await underWay();
  const rows = rowsOf(fetched);
  // Not before the fence has answered: where it refuses it holds nothing, and what is written then would wait for others in their way.
  const [, before, hashes, unreadBefore] = await looking;
  const writing = onItsWay(allOf([putRecords(tx, fetched, rows), bury(tx, fetched)]));
  const sealing = onItsWay(inTurn(() => sealChanged(fetched, hashes, vault)));
  const [written, buried] = await writing;
  const created = written.filter(({ was }) => was === null).length;
  const outcome = { created, changed: written.length, deleted: buried.length };
  const covered = onItsWay(cover(tx, fetched, outcome));
  await forgetDependents(tx, fetched, before);
  const unreadChanged = await keepUnread(tx, fetched, unreadBefore, vault);
  const stored = onItsWay(putRaw(tx, fetched, await sealing));
  await forgetRaw(tx, fetched, buried);
  const gone = buried.map(({ kind, was }) => ({ kind, was, day: null }));
  return { fetched, outcome, records: [...written, ...gone], unreadChanged, sent: onItsWay(allOf([covered, stored])) };
}

type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Runs work one after the other, in the order in which it is given: what is done first is on its way first. */
function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
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
async function riseIf(tx: EntityManager, fetched: Fetched, kept: readonly Kept[]): Promise<string> {
  const { personId } = fetched;
  const records = kept.flatMap((one) => one.records);
  const offset = kept
    .map((one) => one.fetched.offset)
    .reduce((one, other) => ((other?.seenAt ?? 0) > (one?.seenAt ?? 0) ? other : one));
  const [[person], entries] = await allOf([
    prepared<PersonRow>(tx, records.length > 0 ? HELD_PERSON : PERSON, [personId]),
    changedDays(tx, fetched, records),
  ]);
  if (!person) throw new AccountFenced("the person was erased during the fetch");
  const moved = offset !== null && offset.minutes !== person.offset_minutes && offset.seenAt >= (person.seen_at ?? 0);
  if (records.length === 0 && !moved && !kept.some((one) => one.unreadChanged)) return person.version;
  return (await riseAndTell(tx, { ...fetched, entries }, offset)) ?? person.version;
}
