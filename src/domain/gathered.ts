interface Asked<Ask, Got> {
  readonly ask: Ask;
  readonly resolve: (got: Got) => void;
  readonly reject: (error: unknown) => void;
}

/** Some that were asked for together: one at least. */
export type Several<Ask> = readonly [Ask, ...Ask[]];

/** Gathers what is asked at one moment under one key, before anything else happens, and asks for it all together: in one round trip. */
export class Gathered<Ask, Got> {
  private readonly waiting = new Map<string, [Asked<Ask, Got>, ...Asked<Ask, Got>[]]>();
  private readonly running = new Set<string>();

  /** `together`: answers each, in their order. `inTurn`: under one key one after the other, so that what comes meanwhile is gathered as well. */
  constructor(
    private readonly together: (asks: Several<Ask>) => Promise<readonly Got[]>,
    private readonly inTurn = false,
  ) {}

  /** The answer to one. */
  ask(key: string, ask: Ask): Promise<Got> {
    return new Promise((resolve, reject) => {
      const one = { ask, resolve, reject };
      const others = this.waiting.get(key);
      if (others) {
        others.push(one);
        return;
      }
      this.waiting.set(key, [one]);
      // After everything that goes on at present has come as far as it can.
      Promise.resolve().then(() => process.nextTick(() => void this.flush(key)));
    });
  }

  private async flush(key: string): Promise<void> {
    const all = this.waiting.get(key);
    if (!all || (this.inTurn && this.running.has(key))) return;
    this.waiting.delete(key);
    this.running.add(key);
    const [first, ...others] = all;
    try {
      const got = await this.together([first.ask, ...others.map(({ ask }) => ask)]);
      for (const [index, { resolve }] of all.entries()) resolve(got[index] as Got);
    } catch (error) {
      for (const { reject } of all) reject(error);
    } finally {
      this.running.delete(key);
      if (this.inTurn) void this.flush(key);
    }
  }
}
