import { LRUCache } from "lru-cache";

/** Seconds beyond which repeated refusals do not lengthen a pause by themselves; the provider's own wish may be longer. */
const LONGEST_SECONDS = 60;

interface Refused {
  /** Times in a row. */
  readonly times: number;
  /** Epoch seconds until which this process was to wait. */
  readonly until: number;
}

/**
 * How long to wait for a provider that refuses again and again: as long as it says, and each time that it refuses what was sent
 * after the wait at least twice as long as the time before, from one second on.
 */
export class Refusals {
  private readonly refused = new LRUCache<string, Refused>({ max: 10_000 });

  /** Until when (epoch seconds) to wait after a refusal of a request that was sent at a time, given what the provider says. */
  after(key: string, sentAt: number, retryAt: number, now: number): number {
    const before = this.refused.get(key);
    // Refused together with others: one refusal.
    const again = before === undefined || sentAt >= before.until ? 1 : 0;
    const times = (before?.times ?? 0) + again;
    const until = Math.max(before?.until ?? 0, retryAt, again * (now + Math.min(LONGEST_SECONDS, 2 ** (times - 1))));
    this.refused.set(key, { times, until });
    return until;
  }

  /** The provider has answered a request sent at a time (epoch seconds). */
  answered(key: string, sentAt: number): void {
    const before = this.refused.get(key);
    if (before && sentAt >= before.until) this.refused.delete(key);
  }
}
