import { steadyNow } from "./budget-memory";

/** Milliseconds for which what was heard soonest counts, and at most twice: a Redis may be followed by one whose clock is behind. */
const KEPT_MS = 10_000;

/** How far ahead Redis's clock was heard to be at the most, from a time on. */
interface Heard {
  readonly since: number;
  readonly aheadMs: number;
}

const NOTHING: Heard = { since: Number.NEGATIVE_INFINITY, aheadMs: Number.NEGATIVE_INFINITY };

/**
 * The clock of Redis, as far as its answers tell. Each is heard late, by as long as it was on its way or this process was busy: of
 * several the one heard soonest is nearest. Times are milliseconds; `steady`: this process's own clock, which never goes back.
 */
export class RedisClock {
  private before = NOTHING;
  private lately = NOTHING;

  constructor(private readonly steady: () => number = steadyNow) {}

  /** An answer told the time. */
  heard(time: number): void {
    const steady = this.steady();
    if (steady - this.lately.since >= KEPT_MS) {
      this.before = steady - this.lately.since < 2 * KEPT_MS ? this.lately : NOTHING;
      this.lately = { ...NOTHING, since: steady };
    }
    this.lately = { ...this.lately, aheadMs: Math.max(this.lately.aheadMs, time - steady) };
  }

  /** The time; this process's own where none was heard. */
  now(): number {
    const aheadMs = Math.max(this.before.aheadMs, this.lately.aheadMs);
    return this.steady() + (aheadMs === Number.NEGATIVE_INFINITY ? 0 : aheadMs);
  }
}
