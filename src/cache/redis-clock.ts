import { steadyNow } from "./budget-memory";

/** Milliseconds for which what was heard soonest counts: a Redis may be followed by one whose clock is behind. */
const KEPT_MS = 10_000;

/**
 * The clock of Redis, as far as its answers tell. Each is heard late, by as long as it was on its way or this process was busy: of
 * several the one heard soonest is nearest. Times are milliseconds; `steady`: this process's own clock, which never goes back.
 */
export class RedisClock {
  private aheadMs = 0;
  private since = Number.NEGATIVE_INFINITY;

  constructor(private readonly steady: () => number = steadyNow) {}

  /** An answer told the time. */
  heard(time: number): void {
    const steady = this.steady();
    const aheadMs = time - steady;
    if (aheadMs < this.aheadMs && steady - this.since < KEPT_MS) return;
    this.aheadMs = aheadMs;
    this.since = steady;
  }

  /** The time; this process's own where none was heard. */
  now(): number {
    return this.steady() + this.aheadMs;
  }
}
