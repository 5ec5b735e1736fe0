import type { BudgetWindow } from "../../domain/budgets";
import type { Budgets, BudgetTelemetry, RequestCounts, Turn, TurnOutcome } from "../ports/budgets";
import { Lane } from "./lane";

const INTERACTIVE_PATIENCE_MS = 1_000;
/** Of the background so many wait for long at a time, the others briefly: jobs of other providers want to be worked off meanwhile. */
const LONG_WAITS = 2;
const LONG_MS = 2_000;
const BRIEF_MS = 250;
/** Milliseconds ahead of which nobody of the background is told to come back for the length of the line alone. */
const LONGEST_LINE_MS = 3_600_000;

/** What the sharing of budgets needs. `windowsOf`: those of a provider at present. `now`: epoch seconds. */
export interface TurnParts {
  readonly counts: RequestCounts;
  readonly windowsOf: (provider: string) => readonly BudgetWindow[];
  readonly telemetry: BudgetTelemetry;
  readonly now: () => number;
}

/** Budgets over shared counts: those of this process who wait stand in a lane each for what somebody waits for and for the rest. */
export class FairBudgets implements Budgets {
  private readonly lanes = new Map<string, Lane>();
  /** By provider, when the last of the background that were sent away comes back, on the monotonic clock in milliseconds. */
  private readonly lines = new Map<string, number>();

  constructor(private readonly parts: TurnParts) {}

  /** @inheritdoc */
  async take(provider: string, turn: Turn): Promise<TurnOutcome> {
    const { telemetry, now } = this.parts;
    const { accountId, background, signal } = turn;
    if (signal?.aborted) return { granted: false, retryAt: now() };
    const lane = this.lane(provider, background);
    const backgroundMs = lane.length < LONG_WAITS ? LONG_MS : BRIEF_MS;
    const patienceMs = turn.patienceMs ?? (background ? backgroundMs : INTERACTIVE_PATIENCE_MS);
    const begun = performance.now();
    const end = await lane.take(accountId, patienceMs, signal);
    telemetry.waited(provider, background, (performance.now() - begun) / 1_000);
    if (end.kind === "granted") telemetry.taken(provider, background);
    if (end.kind === "refused") telemetry.refused(provider, background);
    if (end.kind === "granted") return { granted: true };
    // What nobody can wait for is no line of this process: without one they would all come back at once, again and again.
    const waitMs = background && end.waitMs > LONG_MS ? Math.max(end.waitMs, this.inLine(provider)) : end.waitMs;
    return { granted: false, retryAt: now() + waitMs / 1_000 };
  }

  /** Milliseconds until one more of the background is worth another try: they come back no faster than there can be turns. */
  private inLine(provider: string): number {
    const windows = this.parts.windowsOf(provider);
    const intervalMs = Math.min(...windows.map(({ requests, seconds }) => (seconds * 1_000) / requests));
    const now = performance.now();
    const last = Math.max(now, this.lines.get(provider) ?? 0);
    const next = Math.min(last + intervalMs, now + LONGEST_LINE_MS);
    this.lines.set(provider, next);
    return next - now;
  }

  private lane(provider: string, background: boolean): Lane {
    const name = `${provider} ${background}`;
    const known = this.lanes.get(name);
    if (known) return known;
    const { counts, windowsOf, telemetry } = this.parts;
    const made = new Lane({
      ask: (accountId) => counts.take(provider, windowsOf(provider), { accountId, background }),
      onWaiting: (count) => telemetry.waiting(provider, background, count),
    });
    this.lanes.set(name, made);
    return made;
  }
}
