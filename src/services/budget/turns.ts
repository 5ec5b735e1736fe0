import type { BudgetWindow } from "../../domain/budgets";
import type { Budgets, BudgetTelemetry, RequestCounts, Turn, TurnOutcome } from "../ports/budgets";
import { Lane } from "./lane";

const PATIENCE_MS = { background: 2_000, interactive: 1_000 } as const;

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

  constructor(private readonly parts: TurnParts) {}

  /** @inheritdoc */
  async take(provider: string, turn: Turn): Promise<TurnOutcome> {
    const { telemetry, now } = this.parts;
    const { accountId, background, signal } = turn;
    if (signal?.aborted) return { granted: false, retryAt: now() };
    const patienceMs = turn.patienceMs ?? PATIENCE_MS[background ? "background" : "interactive"];
    const begun = performance.now();
    const end = await this.lane(provider, background).take(accountId, patienceMs, signal);
    telemetry.waited(provider, background, (performance.now() - begun) / 1_000);
    if (end.kind === "granted") telemetry.taken(provider, background);
    if (end.kind === "refused") telemetry.refused(provider, background);
    return end.kind === "granted" ? { granted: true } : { granted: false, retryAt: now() + end.waitMs / 1_000 };
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
