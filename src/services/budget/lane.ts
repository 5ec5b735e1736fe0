import type { Decision } from "../ports/budgets";

/** How waiting ended: with a turn, without one (`waitMs`: milliseconds after which to try again), or unwanted. */
export type LaneEnd =
  | { readonly kind: "granted" }
  | { readonly kind: "refused"; readonly waitMs: number }
  | { readonly kind: "left"; readonly waitMs: 0 };

/** What a refusal said lately, on the monotonic clock in milliseconds: when a turn is to be had, and when it is worth asking again. */
interface Closed {
  readonly opensAt: number;
  readonly askAt: number;
}

/** A refusal is believed for so many milliseconds: what it was based on may change. */
const BELIEVED_MS = 1_000;

interface Waiter {
  /** On the monotonic clock, in milliseconds. */
  readonly until: number;
  readonly end: (end: LaneEnd) => void;
}

/** Those of one process who wait for a turn at one provider: accounts one after the other, however much one of them wants. */
export class Lane {
  /** By account in the order of their turns. */
  private readonly waiting = new Map<string | null, Waiter[]>();
  /** What everybody, or one account, was told last. */
  private closed: Closed = { opensAt: 0, askAt: 0 };
  private readonly held = new Map<string | null, Closed>();
  private asking = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly parts: {
      readonly ask: (accountId: string | null) => Promise<Decision>;
      readonly onWaiting: (count: number) => void;
    },
  ) {}

  /** How many wait. */
  get length(): number {
    let count = 0;
    for (const waiters of this.waiting.values()) count += waiters.length;
    return count;
  }

  /** Waits at most `patienceMs` for a turn; refuses at once where that cannot be enough. */
  async take(accountId: string | null, patienceMs: number, signal?: AbortSignal): Promise<LaneEnd> {
    const until = performance.now() + patienceMs;
    if (this.waiting.size === 0 && this.closedFor(accountId).askAt <= performance.now()) {
      const decision = await this.parts.ask(accountId);
      if (decision.granted) return { kind: "granted" };
      this.refused(accountId, decision);
    }
    const { opensAt } = this.closedFor(accountId);
    if (opensAt > until) return { kind: "refused", waitMs: opensAt - performance.now() };
    return this.join(accountId, until, signal);
  }

  private join(accountId: string | null, until: number, signal?: AbortSignal): Promise<LaneEnd> {
    return new Promise((resolve) => {
      const leave = () => this.remove(accountId, waiter, { kind: "left", waitMs: 0 });
      const waiter: Waiter = {
        until,
        end: (end) => {
          signal?.removeEventListener("abort", leave);
          resolve(end);
        },
      };
      if (signal?.aborted) {
        resolve({ kind: "left", waitMs: 0 });
        return;
      }
      signal?.addEventListener("abort", leave);
      const others = this.waiting.get(accountId);
      if (others) others.push(waiter);
      else this.waiting.set(accountId, [waiter]);
      this.tell();
      this.wake();
      if (!this.asking) void this.askInTurn();
    });
  }

  /** Asks for one account after the other as long as somebody waits. */
  private async askInTurn(): Promise<void> {
    this.asking = true;
    try {
      while (this.waiting.size > 0) {
        const now = performance.now();
        this.expire(now);
        if (this.waiting.size === 0) return;
        const accounts = [...this.waiting.keys()];
        const next = accounts.find((accountId) => this.closedFor(accountId).askAt <= now);
        if (next === undefined) await this.sleep(accounts, now);
        else await this.askFor(next);
      }
    } finally {
      this.asking = false;
    }
  }

  private async askFor(accountId: string | null): Promise<void> {
    const decision = await this.parts.ask(accountId);
    if (!decision.granted) {
      this.refused(accountId, decision);
      return;
    }
    const [first, ...rest] = this.waiting.get(accountId) ?? [];
    // To the end of the line.
    this.waiting.delete(accountId);
    if (rest.length > 0) this.waiting.set(accountId, rest);
    this.tell();
    first?.end({ kind: "granted" });
  }

  private refused(accountId: string | null, decision: Decision & { readonly granted: false }): void {
    const now = performance.now();
    const closed = { opensAt: now + decision.waitMs, askAt: now + Math.min(decision.waitMs, BELIEVED_MS) };
    if (decision.accountOnly) this.held.set(accountId, closed);
    else this.closed = closed;
  }

  private closedFor(accountId: string | null): Closed {
    const held = this.held.get(accountId);
    if (held === undefined) return this.closed;
    if (held.askAt <= performance.now()) this.held.delete(accountId);
    return held.askAt > this.closed.askAt ? held : this.closed;
  }

  /** Sends away those who cannot have a turn in time. */
  private expire(now: number): void {
    for (const [accountId, waiters] of this.waiting) {
      const { opensAt } = this.closedFor(accountId);
      for (const waiter of waiters.filter(({ until }) => until < Math.max(now, opensAt))) {
        // Where the line was too long they come back one after the other.
        const spreadMs = waiter.until < now ? BELIEVED_MS * (1 + Math.random()) : 1;
        this.remove(accountId, waiter, { kind: "refused", waitMs: Math.max(spreadMs, opensAt - now) });
      }
    }
  }

  private async sleep(accounts: readonly (string | null)[], now: number): Promise<void> {
    const askAt = Math.min(...accounts.map((accountId) => this.closedFor(accountId).askAt));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, askAt - now));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => undefined;
  }

  private remove(accountId: string | null, waiter: Waiter, end: LaneEnd): void {
    const left = (this.waiting.get(accountId) ?? []).filter((one) => one !== waiter);
    if (left.length > 0) this.waiting.set(accountId, left);
    else this.waiting.delete(accountId);
    this.tell();
    this.wake();
    waiter.end(end);
  }

  private tell(): void {
    this.parts.onWaiting(this.length);
  }
}
