import type { Cache, CellEntries } from "../ports/cache";
import type { Telemetry } from "../ports/telemetry";

/**
 * Writes of cells that no answer waits for: they begin once the answer is on its way. Until then, the same days are looked up in the
 * database again. A cell names the version that it was read at, so that one which comes late is never taken for a newer one.
 */
export class CellWrites {
  private readonly running = new Set<Promise<void>>();

  constructor(
    private readonly cache: Cache,
    private readonly telemetry: Pick<Telemetry, "fault">,
  ) {}

  /** Writes what `entriesOf` makes, later. */
  later(entriesOf: () => readonly CellEntries[]): void {
    const write: Promise<void> = this.write(entriesOf)
      .catch((error: unknown) => this.telemetry.fault("writing cells to the cache", error))
      .finally(() => this.running.delete(write));
    this.running.add(write);
  }

  /** Waits until everything is written. */
  async drained(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private async write(entriesOf: () => readonly CellEntries[]): Promise<void> {
    // Comes after all that the answer takes in one go, and before anybody else's: the days are let go of while they are young.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await this.cache.putCells(entriesOf());
  }
}
