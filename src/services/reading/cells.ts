import type { KnownDay } from "../../domain/coverage";
import { AssembledDay, type DailyValue, type SourcedDay } from "../../domain/daily";
import type { CivilDay } from "../../domain/days";
import type { Cache, CellsKey } from "../ports/cache";

/** One account's day of one metric: what it is (nothing: known to be empty), and how it is known. */
export interface Cell {
  readonly days: readonly SourcedDay[];
  readonly known: KnownDay;
  /** A document of this day could not be read. */
  readonly unread: boolean;
  /** Further back than the provider answers, and not known from before: there are no values and never will be. */
  readonly unreachable: boolean;
}

/** A cell as it is written: whose provider's it is, its account says. */
interface WrittenCell extends Omit<Cell, "days"> {
  readonly values: readonly DailyValue[];
}

/** What a cell in the cache must say of itself to be believed. */
export interface CellIdentity {
  readonly personId: string;
  readonly accountId: string;
  readonly version: string;
  /** Changes with the schema, the mappers and the policy. */
  readonly build: string;
}

/** Writes a cell with its owner, data version and build inside, so that no mix-up of keys can hand it to another. */
export function writeCell({ days, ...rest }: Cell, identity: CellIdentity): string {
  const { personId, accountId, version, build } = identity;
  const written: WrittenCell = { values: days.map(({ value }) => value), ...rest };
  return JSON.stringify([personId, accountId, version, build, written]);
}

/** Reads a cell of a provider's; null where it is not this owner's, of this version and of this build. */
export function readCell(text: string | null, identity: CellIdentity, provider: string): Cell | null {
  const { personId, accountId, version, build } = identity;
  const written = unwrap<WrittenCell>(text, [personId, accountId, version, build]);
  if (!written) return null;
  const { values, ...rest } = written;
  return { days: values.map((value) => new AssembledDay(provider, value)), ...rest };
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
  return wanted.map(({ days, identity, provider }, index) => {
    const cells = new Map<CivilDay, Cell>();
    for (const [position, day] of days.entries()) {
      const cell = readCell(texts[index]?.[position] ?? null, identity, provider);
      if (cell) cells.set(day, cell);
    }
    return cells;
  });
}
