/** A read under way. What it comes to is let go of once it is there. */
interface Run<T> {
  outcome: Promise<T> | null;
}

/**
 * Shares equal reads that come together: one runs, and all that come while it does share the next, which begins after the last of
 * them came; so nobody is answered by a read that began before they asked.
 */
export class SharedReads<T> {
  // Not the outcomes themselves: tables that a map has outgrown hold each other, and all that was ever in them, until the whole heap is
  // collected: a twelfth of the processor time of cold answers.
  private readonly running = new Map<string, Run<T>>();
  private readonly next = new Map<string, Run<T>>();

  /** The outcome of one `work` under this key that begins now or later. */
  read(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.running.get(key)?.outcome;
    if (!running) return this.run(key, work);
    const known = this.next.get(key)?.outcome;
    if (known) return known;
    const begin = () => this.runNext(key, work);
    const outcome = running.then(begin, begin);
    this.next.set(key, { outcome });
    return outcome;
  }

  private runNext(key: string, work: () => Promise<T>): Promise<T> {
    const next = this.next.get(key);
    if (next) next.outcome = null;
    this.next.delete(key);
    return this.run(key, work);
  }

  private run(key: string, work: () => Promise<T>): Promise<T> {
    const outcome = work();
    const run: Run<T> = { outcome };
    this.running.set(key, run);
    const end = () => {
      run.outcome = null;
      if (this.running.get(key) === run) this.running.delete(key);
    };
    outcome.then(end, end);
    return outcome;
  }
}
