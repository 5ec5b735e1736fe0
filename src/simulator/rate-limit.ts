import type { SyntheticFailure } from "../../providers/contract/synthetic";
import type { Settings } from "./settings";

type Refusal = Omit<Extract<SyntheticFailure, { kind: "rate_limited" }>, "kind">;

/** The vendor's limit on an application's requests for data, over a rolling window; what is refused does not count. */
export class RateLimit {
  /** When the requests that count were answered, in milliseconds, oldest first from `first` on. */
  #answered: number[] = [];
  #first = 0;
  #refused = 0;

  constructor(private readonly nowMs: () => number = Date.now) {}

  /** Counts one more request; where it is one too many: how long to wait, and the limit. */
  refuse(limit: Settings["rateLimit"]): Refusal | null {
    if (limit === null) return null;
    const now = this.nowMs();
    this.#forget(now - limit.seconds * 1_000);
    if (this.#answered.length - this.#first < limit.requests) {
      this.#answered.push(now);
      return null;
    }
    this.#refused += 1;
    const free = (index: number) => (this.#answered.at(index) ?? now) / 1_000 + limit.seconds;
    const seconds = Math.max(1, Math.ceil(free(this.#first) - now / 1_000));
    return { retryAfter: String(seconds), limit: { ...limit, resetAt: free(-1) } };
  }

  /** How many requests were refused since the last reset. */
  refused(): number {
    return this.#refused;
  }

  /** Forgets what was refused. */
  reset(): void {
    this.#refused = 0;
  }

  #forget(until: number): void {
    while (this.#first < this.#answered.length && (this.#answered[this.#first] ?? 0) <= until) this.#first += 1;
    if (this.#first * 2 < this.#answered.length) return;
    this.#answered = this.#answered.slice(this.#first);
    this.#first = 0;
  }
}
