import { EventEmitter } from "node:events";
import { LRUCache } from "lru-cache";
import type { Bell, Pauses } from "../services/ports/cache";

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
