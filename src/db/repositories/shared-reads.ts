/**
 * Shares equal reads that come together: one runs, and all that come while it does share the next, which begins after the last of
 * them came; so nobody is answered by a read that began before they asked.
 */
export class SharedReads<T> {
  private readonly running = new Map<string, Promise<T>>();
  private readonly next = new Map<string, Promise<T>>();

  /** The outcome of one `work` under this key that begins now or later. */
  read(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.running.get(key);
    if (!running) return this.run(key, work);
    const shared =
      this.next.get(key) ??
      running.then(
        () => this.runNext(key, work),
        () => this.runNext(key, work),
      );
    this.next.set(key, shared);
    return shared;
  }

  private runNext(key: string, work: () => Promise<T>): Promise<T> {
    this.next.delete(key);
    return this.run(key, work);
  }

  private run(key: string, work: () => Promise<T>): Promise<T> {
    const run = work();
    this.running.set(key, run);
    const end = () => {
      if (this.running.get(key) === run) this.running.delete(key);
    };
    run.then(end, end);
    return run;
  }
}
