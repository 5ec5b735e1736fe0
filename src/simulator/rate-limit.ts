import type { Settings } from "./settings";

/** Counts requests for data by fixed windows of the clock, as vendors do. */
export class RateLimit {
  #window = Number.NaN;
  #requests = 0;
  #refused = 0;

  constructor(private readonly nowMs: () => number = Date.now) {}

  /** Counts one more request: the whole seconds until the window ends where that is one too many, else null. */
  refuse(limit: Settings["rateLimit"]): number | null {
    if (limit === null) return null;
    const seconds = this.nowMs() / 1_000;
    const window = Math.floor(seconds / limit.seconds);
    if (window !== this.#window) this.#requests = 0;
    this.#window = window;
    this.#requests += 1;
    if (this.#requests <= limit.requests) return null;
    this.#refused += 1;
    return Math.max(1, Math.ceil((window + 1) * limit.seconds - seconds));
  }

  /** How many requests were refused since the last reset. */
  refused(): number {
    return this.#refused;
  }

  /** Forgets what was refused. */
  reset(): void {
    this.#refused = 0;
  }
}
