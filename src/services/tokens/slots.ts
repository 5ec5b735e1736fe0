/** At most `size` pieces of work at once; the others wait in the order in which they came. */
export class Slots {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly size: number) {}

  /** Runs the work as soon as there is a slot. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.taken >= this.size) await new Promise<void>((ready) => this.waiting.push(ready));
    else this.taken += 1;
    try {
      return await work();
    } finally {
      // A waiting piece takes the slot over, so that nothing slips in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.taken -= 1;
    }
  }
}
