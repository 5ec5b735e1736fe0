import { EventEmitter } from "node:events";
import { LRUCache } from "lru-cache";
import type { Bell, Cache, CellEntries, CellsKey, Pauses } from "../services/ports/cache";

const MAX_BYTES = 128 * 1024 * 1024;
const CELLS_KEPT_MS = 6 * 3_600_000;

/** The cache of one process, bounded by bytes; for gateways without Redis. */
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

/** Rings within one process. */
export class LocalBell implements Bell {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /** @inheritdoc */
  ring(topic: string, message: string): void {
    this.emitter.emit(topic, message);
  }

  /** @inheritdoc */
  listen(topic: string, heard: (message: string) => void): () => void {
    this.emitter.on(topic, heard);
    return () => this.emitter.off(topic, heard);
  }
}

/** Pauses known to one process. */
export class LocalPauses implements Pauses {
  private readonly ends = new LRUCache<string, number>({ max: 100_000 });

  /** @inheritdoc */
  async until(keys: readonly string[]): Promise<number | null> {
    const ends = keys.flatMap((key) => this.ends.get(key) ?? []);
    return ends.length > 0 ? Math.max(...ends) : null;
  }

  /** @inheritdoc */
  async pause(key: string, untilEpochSeconds: number): Promise<void> {
    this.ends.set(key, Math.max(untilEpochSeconds, this.ends.get(key) ?? 0));
  }

  /** The pauses that end after a time (epoch seconds), with their ends. */
  after(epochSeconds: number): readonly (readonly [key: string, end: number])[] {
    return [...this.ends].filter(([, end]) => end > epochSeconds);
  }
}

function nameOf(key: CellsKey): string {
  return `${key.personId} cells ${key.accountId} ${key.metric}`;
}
