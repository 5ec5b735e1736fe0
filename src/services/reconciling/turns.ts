import { createHash } from "node:crypto";
import type { JobRequest, Task } from "../ports/jobs";
import type { DueAccount, ReconcilingStore } from "../ports/reconciling";

/** Name of the task that gives every account its turn, called by the clock. */
export const RECONCILE = "reconcile";
/** Name of the task that reconciles one account. */
export const RECONCILE_ACCOUNT = "reconcile-account";

/** Accounts whose jobs are added in one transaction. */
const BATCH = 500;
/** Seconds over which the turns of one night are spread, so that no provider is asked for everybody at once. */
const SPREAD_SECONDS = 3_600;
/** A little more than a day: an account whose last turn is older has missed one. */
const OVERDUE_SECONDS = 25 * 3_600;
const DAY_SECONDS = 86_400;
const PRIORITY = 10;

/** Added when a worker starts: gives their turn to accounts that missed it while no worker ran. */
export const CATCH_UP: JobRequest = { task: RECONCILE, payload: { overdue: true }, key: `${RECONCILE} overdue` };

/** Gives every active account its turn, each by a job of its own, spread over an hour. Done again it adds no turn a second time. */
export class Turns {
  constructor(
    private readonly parts: {
      readonly store: ReconcilingStore;
      readonly now: () => number;
      /** Seconds over which turns are spread. Default: an hour. */
      readonly spreadSeconds?: number;
    },
  ) {}

  /** The task that the schedule calls. */
  task(): Task {
    return { name: RECONCILE, lane: "bulk", run: (payload) => this.give(payload) };
  }

  private async give(payload: unknown): Promise<void> {
    const now = this.parts.now();
    const tick = tickOf(payload);
    const since = tick ?? now - OVERDUE_SECONDS;
    const turn = tick === null ? `day ${Math.floor(now / DAY_SECONDS)}` : `tick ${tick}`;
    for (let last: DueAccount | null = null; ; ) {
      const due: readonly DueAccount[] = await this.parts.store.due(since, last, BATCH);
      await this.parts.store.add(due.map((account) => this.jobOf(account, turn, now)));
      last = due.at(-1) ?? null;
      if (due.length < BATCH) return;
    }
  }

  private jobOf({ personId, accountId }: DueAccount, turn: string, now: number): JobRequest {
    return {
      task: RECONCILE_ACCOUNT,
      payload: { person: personId, account: accountId, run: runIdOf(`${accountId} ${turn}`) },
      key: `${RECONCILE_ACCOUNT} ${accountId}`,
      runAt: now + Math.random() * (this.parts.spreadSeconds ?? SPREAD_SECONDS),
      priority: PRIORITY,
    };
  }
}

/** Epoch seconds of the schedule's tick; null where the job is not the schedule's. */
function tickOf(payload: unknown): number | null {
  const cron = (payload as { readonly _cron?: { readonly ts?: unknown } } | null)?._cron;
  const tick = typeof cron?.ts === "string" ? Date.parse(cron.ts) / 1_000 : Number.NaN;
  return Number.isFinite(tick) ? tick : null;
}

/** A uuid that is the same for the same turn of an account, however often the turn is given. */
function runIdOf(turn: string): string {
  const digits = createHash("sha256").update(turn).digest("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}
