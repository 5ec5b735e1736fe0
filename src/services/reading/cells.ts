import type { KnownDay } from "../../domain/coverage";
import type { DailyValue } from "../../domain/daily";
import type { CivilDay } from "../../domain/days";
import type { Cache, CellsKey } from "../ports/cache";

/** One account's day of one metric: its values (none: known to be empty), and how it is known. */
export interface Cell {
  readonly values: readonly DailyValue[];
  readonly known: KnownDay;
  /** A document of this day could not be read. */
  readonly unread: boolean;
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
export function writeCell(cell: Cell, identity: CellIdentity): string {
  return JSON.stringify([identity.personId, identity.accountId, identity.version, identity.build, cell]);
}

/** Reads a cell; null where it is not this owner's, of this version and of this build. */
export function readCell(text: string | null, identity: CellIdentity): Cell | null {
  if (text === null) return null;
  const [personId, accountId, version, build, cell]: [string, string, string, string, Cell] = JSON.parse(text);
  const same =
    personId === identity.personId &&
    accountId === identity.accountId &&
    version === identity.version &&
    build === identity.build;
  return same ? cell : null;
}

/** The cells of some days that may be believed. One round trip for all. */
export async function cachedCells(
  cache: Cache,
  wanted: readonly { key: CellsKey; days: readonly CivilDay[]; identity: CellIdentity }[],
): Promise<readonly Map<CivilDay, Cell>[]> {
  const texts = await cache.cells(wanted);
  return wanted.map(({ days, identity }, index) => {
    const cells = new Map<CivilDay, Cell>();
    for (const [position, day] of days.entries()) {
      const cell = readCell(texts[index]?.[position] ?? null, identity);
      if (cell) cells.set(day, cell);
    }
    return cells;
  });
}
