import type { BudgetWindow } from "../../domain/budgets";

/** On whose behalf a provider is to be asked. */
export interface Wish {
  /** Null where the request is not about one account. */
  readonly accountId: string | null;
  /** Nobody waits for it. */
  readonly background: boolean;
}

/** What a count of requests says to one more: it is counted and may be sent, or comes too early by some milliseconds. */
export type Decision =
  | { readonly granted: true }
  | {
      readonly granted: false;
      readonly waitMs: number;
      /** The account has had its share and others want theirs; everybody else may go on. */
      readonly accountOnly: boolean;
    };

/** Counts requests to providers, together with the other processes as far as they can reach each other. Never throws. */
export interface RequestCounts {
  take(provider: string, windows: readonly BudgetWindow[], wish: Wish): Promise<Decision>;
}

/** A {@link Wish}, and how long it is worth waiting for. */
export interface Turn extends Wish {
  /** Milliseconds. Default: 1,000; in the background 2,000, or 250 where others of it wait. */
  readonly patienceMs?: number;
  /** Aborted: no longer wanted. */
  readonly signal?: AbortSignal;
}

/** Whether a request may be sent now, or when (epoch seconds) it is worth asking again. */
export type TurnOutcome = { readonly granted: true } | { readonly granted: false; readonly retryAt: number };

/**
 * The requests that a provider allows the application, shared between its processes: what somebody waits for goes first, and no
 * account starves the others. Every request to a provider's API takes one.
 */
export interface Budgets {
  /** Waits for a turn within the patience. */
  take(provider: string, turn: Turn): Promise<TurnOutcome>;
}

/** What budgets count for operators; classes are told apart by `background`. */
export interface BudgetTelemetry {
  readonly taken: (provider: string, background: boolean) => void;
  readonly refused: (provider: string, background: boolean) => void;
  /** How long one waited for a turn, or to be refused, in seconds. */
  readonly waited: (provider: string, background: boolean, seconds: number) => void;
  /** How many wait at present. */
  readonly waiting: (provider: string, background: boolean, count: number) => void;
  /** The part (0–1) of a window of so many seconds that was taken. */
  readonly used: (provider: string, seconds: number, part: number) => void;
}
