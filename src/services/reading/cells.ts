import { type KnownDay, SETTLED } from "../../domain/coverage";
import { AssembledDay, type SourcedDay } from "../../domain/daily";
import type { CivilDay } from "../../domain/days";
import type { Metric } from "../../domain/metrics";
import type { Cache, CellsKey } from "../ports/cache";
import { dayOf, dayText } from "./day-text";

/** One account's day of one metric: what it is (nothing: known to be empty), and how it is known. */
export interface Cell {
  readonly days: readonly SourcedDay[];
  readonly known: KnownDay;
  /** A document of this day could not be read. */
  readonly unread: boolean;
  /** Further back than the provider answers, and not known from before: there are no values and never will be. */
  readonly unreachable: boolean;
}

/** A cell as it is written: how it is known, and its days; provider, metric and day are told by where it lies. */
type WrittenCell = readonly [
  settled: boolean,
  checkedAt: number | null,
  unread: boolean,
  unreachable: boolean,
  ...days: (readonly unknown[])[],
];

/** What a cell in the cache must say of itself to be believed. */
export interface CellIdentity {
  readonly personId: string;
  readonly accountId: string;
  readonly version: string;
  /** Changes with the schema, the mappers and the policy. */
  readonly build: string;
}

/** Writes a cell with its owner, data version and build inside, so that no mix-up of keys can hand it to another. */
export function writeCell({ days, known, unread, unreachable }: Cell, identity: CellIdentity): string {
  const { personId, accountId, version, build } = identity;
  const texts = days.map(({ value }) => dayText(value));
  const written: WrittenCell = [known.settled, known.checkedAt, unread, unreachable, ...texts];
  return JSON.stringify([personId, accountId, version, build, written]);
}

/** Where a cell lies. */
interface CellPlace {
  readonly provider: string;
  readonly metric: Metric;
  readonly day: CivilDay;
}

/** Reads the cell of a place; null where it is not this owner's, of this version and of this build. */
export function readCell(
  text: string | null,
  identity: CellIdentity,
  { provider, metric, day }: CellPlace,
): Cell | null {
  const { personId, accountId, version, build } = identity;
  const written = unwrap<WrittenCell>(text, [personId, accountId, version, build]);
  if (!written) return null;
  const [settled, checkedAt, unread, unreachable, ...texts] = written;
  return {
    days: texts.map((one) => new AssembledDay(provider, dayOf(metric, day, one))),
    known: settled && checkedAt === null ? SETTLED : { settled, checkedAt },
    unread,
    unreachable,
  };
}

/** What follows the marks in a cached JSON list; null where the text is none or bears others. */
export function unwrap<T>(text: string | null, marks: readonly string[]): T | null {
  const head = `${JSON.stringify(marks).slice(0, -1)},`;
  // What bears other marks need not be read to be put aside.
  if (!text?.startsWith(head) || !text.endsWith("]")) return null;
  try {
    return JSON.parse(text.slice(head.length, -1)) as T;
  } catch {
    return null;
  }
}

/** The cells of some days that may be believed. One round trip for all. */
export async function cachedCells(
  cache: Cache,
  wanted: readonly { key: CellsKey; provider: string; days: readonly CivilDay[]; identity: CellIdentity }[],
): Promise<readonly Map<CivilDay, Cell>[]> {
  const texts = await cache.cells(wanted);
  return wanted.map(({ key: { metric }, days, identity, provider }, index) => {
    const cells = new Map<CivilDay, Cell>();
    for (const [position, day] of days.entries()) {
      const cell = readCell(texts[index]?.[position] ?? null, identity, { provider, metric, day });
      if (cell) cells.set(day, cell);
    }
    return cells;
  });
}
