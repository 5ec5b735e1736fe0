import { LRUCache } from "lru-cache";
import type { Cache, CellEntries, CellsKey } from "../../src/services/ports/cache";

const MAX_BYTES = 128 * 1024 * 1024;
const CELLS_KEPT_MS = 6 * 3_600_000;

/** The cache that processes share, as it is to one process that has no Redis. */
export class MemoryCache implements Cache {
  private readonly entries = new LRUCache<string, string>({
    maxSize: MAX_BYTES,
    sizeCalculation: (value, key) => value.length + key.length,
    ttl: CELLS_KEPT_MS,
  });

  /** @inheritdoc */
  async cells(wanted: readonly { key: CellsKey; days: readonly string[] }[]): Promise<(string | null)[][]> {
    return wanted.map(({ key, days }) => days.map((day) => this.entries.get(`${nameOf(key)} ${day}`) ?? null));
  }

  /** @inheritdoc */
  async putCells(entries: readonly CellEntries[]): Promise<void> {
    for (const { key, cells } of entries) {
      for (const [day, cell] of cells) this.entries.set(`${nameOf(key)} ${day}`, cell);
    }
  }

  /** @inheritdoc */
  async value(personId: string, name: string): Promise<string | null> {
    return this.entries.get(`${personId} ${name}`) ?? null;
  }

  /** @inheritdoc */
  async putValue(personId: string, name: string, value: string, seconds: number): Promise<void> {
    this.entries.set(`${personId} ${name}`, value, { ttl: seconds * 1_000 });
  }
}

function nameOf(key: CellsKey): string {
  return `${key.personId} cells ${key.accountId} ${key.metric}`;
}
