import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../../domain/changes";
import { AccountFenced } from "../../../domain/errors";
import type { Several } from "../../../domain/gathered";
import type { Committed, Fetched } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { allOf, prepared } from "../../prepared";
import { changedDays, riseAndTell } from "../changes";
import { forgetDependents, sessionsOf } from "./dependents";
import { fence } from "./fence";
import { cover, noteOutcome } from "./outcome";
import { forgetRaw, keepRaw, knownHashes } from "./raw";
import { bury, putRecords, rowsOf } from "./records";
import { keepUnread, unreadDays } from "./unread";

/** What was written of an answer. */
interface Kept {
  readonly fetched: Fetched;
  readonly outcome: Omit<Committed, "version">;
  readonly records: readonly ChangedRecord[];
  /** Other days than before have documents that could not be read. */
  readonly unreadChanged: boolean;
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
  const kept = await allOf(answers.map((fetched) => keep(tx, fetched, vault)));
  const noted = kept.flatMap(({ fetched, outcome }) => [
    cover(tx, fetched, outcome),
    noteOutcome(tx, fetched, outcome),
  ]);
  // The person last: until the commit nobody else's comes in between.
  const [version] = await allOf([riseIf(tx, answers[0], kept), allOf(noted)]);
  return kept.map(({ outcome }) => ({ version, ...outcome }));
}

async function keep(tx: EntityManager, fetched: Fetched, vault: PersonVault): Promise<Kept> {
  const [, before, hashes, unreadBefore] = await allOf([
    fence(tx, fetched),
    sessionsOf(tx, fetched),
    knownHashes(tx, fetched),
    unreadDays(tx, fetched),
  ]);
  const rows = rowsOf(fetched);
  const [written, buried] = await allOf([
    putRecords(tx, fetched, rows),
    bury(tx, fetched),
    keepRaw(tx, fetched, hashes, vault),
  ]);
  await forgetRaw(tx, fetched, buried);
  await forgetDependents(tx, fetched, before);
  const unreadChanged = await keepUnread(tx, fetched, unreadBefore, vault);
  const created = written.filter(({ was }) => was === null).length;
  const outcome = { created, changed: written.length, deleted: buried.length };
  const gone = buried.map(({ kind, was }) => ({ kind, was, day: null }));
  return { fetched, outcome, records: [...written, ...gone], unreadChanged };
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
