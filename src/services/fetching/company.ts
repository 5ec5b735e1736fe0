/** Milliseconds after an answer within which the next is waited for: what comes later is committed by itself. */
const PATIENCE_MS = 25;

/** A place among those who fetch at the same time. */
export interface Seat {
  /** The answer has come; resolves when those of all others have, or none has come for a moment. */
  arrived(): Promise<void>;
  /** There is no answer to wait for, any more. */
  leave(): void;
}

/** Those who fetch for one account, and have not ended. */
class Company {
  private onTheWay = 0;
  private waiting: (() => void)[] = [];
  private patience: NodeJS.Timeout | undefined;

  constructor(private readonly onEmpty: () => void) {}

  sit(): Seat {
    this.onTheWay += 1;
    let underWay = true;
    const ended = () => {
      if (!underWay) return;
      underWay = false;
      this.onTheWay -= 1;
      if (this.onTheWay === 0) this.goOn();
    };
    return {
      leave: ended,
      arrived: () => {
        const all = new Promise<void>((resolve) => this.waiting.push(resolve));
        clearTimeout(this.patience);
        this.patience = setTimeout(() => this.goOn(), PATIENCE_MS);
        ended();
        return all;
      },
    };
  }

  private goOn(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
    for (const resolve of this.waiting.splice(0)) resolve();
    if (this.onTheWay === 0) this.onEmpty();
  }
}

/**
 * Keeps together what is fetched for one account at the same time, so that it is committed together: a question's first answer is
 * one transaction and one data version instead of one of each endpoint, and whoever waits for all of them waits less.
 */
export class Companies {
  private readonly byName = new Map<string, Company>();

  /** Joins those of this name. */
  join(name: string): Seat {
    const company = this.byName.get(name) ?? new Company(() => this.byName.delete(name));
    this.byName.set(name, company);
    return company.sit();
  }
}
