interface Asked<Ask, Got> {
  readonly ask: Ask;
  readonly resolve: (got: Got) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers what is asked at one moment under one key, before anything else happens, and asks for it all together: in one round trip. */
export class Gathered<Ask, Got> {
  private readonly waiting = new Map<string, Asked<Ask, Got>[]>();

  /** `together`: answers each, in their order. */
  constructor(private readonly together: (asks: readonly [Ask, ...Ask[]]) => Promise<readonly Got[]>) {}

  /** The answer to one. */
  ask(key: string, ask: Ask): Promise<Got> {
    return new Promise((resolve, reject) => {
      const one = { ask, resolve, reject };
      const others = this.waiting.get(key);
      if (others) {
        others.push(one);
        return;
      }
      const all: [Asked<Ask, Got>, ...Asked<Ask, Got>[]] = [one];
      this.waiting.set(key, all);
      // After everything that goes on at present has come as far as it can.
      Promise.resolve().then(() => process.nextTick(() => void this.flush(key, all)));
    });
  }

  private async flush(key: string, all: readonly [Asked<Ask, Got>, ...Asked<Ask, Got>[]]): Promise<void> {
    this.waiting.delete(key);
    const [first, ...others] = all;
    try {
      const got = await this.together([first.ask, ...others.map(({ ask }) => ask)]);
      for (const [index, { resolve }] of all.entries()) resolve(got[index] as Got);
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }
}
