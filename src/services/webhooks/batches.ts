/** The most items that are kept together. */
const MOST = 500;

interface Waiting<T> {
  readonly items: readonly T[];
  readonly kept: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Keeps what arrives while earlier things are being kept all at once after them: nobody waits for a timer, and a crowd costs few
 * transactions. Each arrival hears of its own keeping.
 */
export class Batches<T> {
  private queue: Waiting<T>[] = [];
  private busy = false;

  constructor(
    private readonly keep: (items: readonly T[]) => Promise<void>,
    /** Whether a failure says nothing of what was to be kept, so that parts of it would fail as well. */
    private readonly isOutage: (error: unknown) => boolean,
  ) {}

  /** Resolves once the items are kept; rejects with why they are not. */
  add(items: readonly T[]): Promise<void> {
    return new Promise((kept, failed) => {
      this.queue.push({ items, kept, failed });
      if (!this.busy) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.busy = true;
    while (this.queue.length > 0) await this.keepTogether(this.next());
    this.busy = false;
  }

  private next(): Waiting<T>[] {
    let count = 0;
    const cut = this.queue.findIndex(({ items }, index) => {
      count += items.length;
      return count > MOST && index > 0;
    });
    return this.queue.splice(0, cut < 0 ? this.queue.length : cut);
  }

  private async keepTogether(batch: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.keep(batch.flatMap(({ items }) => items));
      for (const { kept } of batch) kept();
    } catch (error) {
      // One arrival that cannot be kept must not refuse those that came with it.
      if (batch.length > 1 && !this.isOutage(error)) for (const one of batch) await this.keepTogether([one]);
      else for (const { failed } of batch) failed(error);
    }
  }
}
