import type { RequestBudget } from "../providers/contract";
import type { Database } from "./db/database";
import { countAccounts } from "./db/repositories/account-counts";
import type { BudgetWindow } from "./domain/budgets";
import { FairBudgets } from "./services/budget/turns";
import type { Budgets, RequestCounts } from "./services/ports/budgets";
import type { GatewayTelemetry } from "./telemetry";
import type { Wearable } from "./wearables";

/** Milliseconds for which a count of accounts is good. */
const COUNTED_FOR_MS = 60_000;

/** What the budgets of a process are made of. */
export interface BudgetSettings {
  readonly wearables: readonly Wearable[];
  readonly database: Database;
  readonly counts: RequestCounts;
  readonly telemetry: GatewayTelemetry;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** The requests that every wearable's vendor allows, as they are shared; where accounts add to them, they are counted once a minute. */
export function openBudgets({ wearables, database, counts, telemetry, now }: BudgetSettings): Budgets {
  const budgets = new Map(wearables.map((one) => [one.provider.slug, one.budgets]));
  let accounts: ReadonlyMap<string, number> = new Map();
  let countedAt = Number.NEGATIVE_INFINITY;
  const recount = (): void => {
    if (performance.now() - countedAt < COUNTED_FOR_MS) return;
    countedAt = performance.now();
    countAccounts(database).then(
      (counted) => {
        accounts = counted;
      },
      (error: unknown) => telemetry.fault("counting accounts", error),
    );
  };
  const windowsOf = (provider: string): readonly BudgetWindow[] => {
    const own = budgets.get(provider) ?? [];
    if (own.some(({ perAccount }) => perAccount !== undefined)) recount();
    return own.map((budget) => withAccounts(budget, accounts.get(provider) ?? 0));
  };
  return new FairBudgets({ counts, windowsOf, telemetry: telemetry.budget, now });
}

function withAccounts({ requests, seconds, perAccount = 0 }: RequestBudget, accounts: number): BudgetWindow {
  return { requests: requests + perAccount * accounts, seconds };
}
