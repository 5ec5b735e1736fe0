import type { ChangeOrigin } from "../../domain/changes";

/** Whether somebody waits for a flight: from its beginning, or from the moment at which one who waits joins it. */
export class Urgency {
  private readonly awaited = new AbortController();

  /** `origin`: why the flight takes off. */
  constructor(origin: ChangeOrigin) {
    if (origin === "LIVE") this.hurry();
  }

  /** Nobody waits yet. */
  get background(): boolean {
    return !this.awaited.signal.aborted;
  }

  /** Aborted as soon as somebody waits. */
  get signal(): AbortSignal {
    return this.awaited.signal;
  }

  /** Somebody waits from now on. */
  hurry(): void {
    this.awaited.abort();
  }

  /** Calls back once somebody waits. */
  onHurry(hurried: () => void): void {
    if (this.awaited.signal.aborted) hurried();
    else this.awaited.signal.addEventListener("abort", hurried, { once: true });
  }
}
