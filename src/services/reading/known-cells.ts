import { LRUCache } from "lru-cache";
import type { CivilDay } from "../../domain/days";
import type { Cache, CellEntries, CellsKey } from "../ports/cache";
import type { Telemetry } from "../ports/telemetry";
import { CellWrites } from "./cell-writes";
import { type Cell, type CellIdentity, cachedCells, writeCell } from "./cells";
import type { Sheet } from "./sheet";

/** Cells that this process holds at most, some 2 kB each with what is made of them. */
export const MAX_CELLS = 20_000;
/** Days of one account's metric that it holds at most, unless one question asks for more. */
const MAX_DAYS = 100;
const HELD_MS = 6 * 3_600_000;

/** A sheet, and what cells must say of themselves to be put on it. */
export interface Identified {
  readonly sheet: Sheet;
  readonly identity: CellIdentity;
}

/** Cells of one account's metric, all of the same identity. */
interface Shelf {
  readonly identity: CellIdentity;
  readonly cells: Map<CivilDay, Cell>;
}

/** What keeping cells needs. `cache`: what processes share, null where there is none; `held`: how many cells this process holds. */
export interface KnownCellsParts {
  readonly cache: Cache | null;
  readonly telemetry: Pick<Telemetry, "fault">;
  readonly held: number;
}

/**
 * Cells that were read before: the same objects again out of this process, else out of the cache that processes share. Either way a
 * cell is believed only where it is the same owner's, of the same data version and build. What processes share is held here from the
 * second time on that it is read: most is asked once, and then the finished answer is kept.
 */
export class KnownCells {
  private readonly writes: CellWrites | null;
  private readonly shelves: LRUCache<string, Shelf> | null;

  constructor(private readonly parts: KnownCellsParts) {
    this.writes = parts.cache && new CellWrites(parts.cache, parts.telemetry);
    this.shelves = parts.held > 0 ? new LRUCache({ maxSize: parts.held, ttl: HELD_MS }) : null;
  }

  /** Puts the cells that are known onto the sheets, as far as days lack any. One round trip at most. */
  async find(wanted: readonly Identified[]): Promise<void> {
    for (const { sheet, identity } of wanted) this.fromShelf(sheet, identity);
    const { cache } = this.parts;
    const lacking = wanted.flatMap(({ sheet, identity }) => {
      const days = cache ? sheet.lacking() : [];
      return days.length > 0 ? [{ sheet, key: keyOf(sheet), provider: sheet.provider, days, identity }] : [];
    });
    if (!cache || lacking.length === 0) return;
    const found = await cachedCells(cache, lacking);
    for (const [index, { sheet, identity }] of lacking.entries()) {
      const cells = found[index] ?? new Map<CivilDay, Cell>();
      for (const [day, cell] of cells) sheet.take(day, cell);
      this.toShelf(sheet, identity, cells);
    }
  }

  /** Keeps the cells of a sheet that were just made. */
  keep(made: readonly (Identified & { readonly cells: ReadonlyMap<CivilDay, Cell> })[]): void {
    if (!this.writes) for (const { sheet, identity, cells } of made) this.toShelf(sheet, identity, cells);
    this.writes?.later(() =>
      made.map(({ sheet, identity, cells }): CellEntries => {
        return { key: keyOf(sheet), cells: new Map([...cells].map(([day, cell]) => [day, writeCell(cell, identity)])) };
      }),
    );
  }

  /** Waits until what was kept is in the cache. */
  async drained(): Promise<void> {
    await this.writes?.drained();
  }

  private fromShelf(sheet: Sheet, identity: CellIdentity): void {
    const shelf = this.shelves?.get(nameOf(sheet));
    if (!shelf || !same(shelf.identity, identity)) return;
    for (const day of sheet.wanted.keys()) {
      const cell = shelf.cells.get(day);
      if (cell) sheet.take(day, cell);
    }
  }

  private toShelf(sheet: Sheet, identity: CellIdentity, cells: ReadonlyMap<CivilDay, Cell>): void {
    if (!this.shelves || cells.size === 0) return;
    const name = nameOf(sheet);
    const before = this.shelves.get(name);
    const shelf = before && same(before.identity, identity) ? before : { identity, cells: new Map<CivilDay, Cell>() };
    for (const [day, cell] of cells) {
      shelf.cells.delete(day);
      shelf.cells.set(day, cell);
    }
    for (const oldest of shelf.cells.keys()) {
      if (shelf.cells.size <= Math.max(MAX_DAYS, sheet.wanted.size)) break;
      shelf.cells.delete(oldest);
    }
    // Of a shelf that it has already the cache would not change the size.
    this.shelves.set(name, { ...shelf }, { size: shelf.cells.size });
  }
}

function same(one: CellIdentity, other: CellIdentity): boolean {
  return (
    one.personId === other.personId &&
    one.accountId === other.accountId &&
    one.version === other.version &&
    one.build === other.build
  );
}

function keyOf({ source: { account, metric } }: Sheet): CellsKey {
  return { personId: account.personId, accountId: account.id, metric };
}

function nameOf({ source: { account, metric } }: Sheet): string {
  return `${account.personId} ${account.id} ${metric}`;
}
