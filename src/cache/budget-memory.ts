import { LRUCache } from "lru-cache";
import { type BudgetWindow, KEPT_SHARE_SLOTS, KEPT_SLOTS, limitsOf, type WindowLimits } from "../domain/budgets";
import type { Decision, RequestCounts, Wish } from "../services/ports/budgets";

/** Milliseconds for which the background holds back after somebody who waits was refused, and an account minds others that were. */
export const URGENT_MS = 1_000;
export const MINDED_MS = 2_000;

const ACCOUNTS_KEPT = 20_000;

/** Requests by slot of time, for a clock that never goes back; slots older than the kept ones are forgotten. */
export class Tally {
  private readonly slots = new Map<number, number>();
  private sum = 0;
  private prunedAt = 0;

  constructor(
    private readonly slotMs: number,
    private readonly kept: number,
  ) {}

  /** Counts requests made at a time (milliseconds). */
  add(atMs: number, count = 1): void {
    const slot = Math.floor(atMs / this.slotMs);
    this.slots.set(slot, (this.slots.get(slot) ?? 0) + count);
    this.sum += count;
  }

  /** How many count at a time. */
  total(nowMs: number): number {
    const current = Math.floor(nowMs / this.slotMs);
    if (current === this.prunedAt) return this.sum;
    this.prunedAt = current;
    for (const [slot, count] of this.slots) {
      if (slot > current - this.kept) continue;
      this.slots.delete(slot);
      this.sum -= count;
    }
    return this.sum;
  }

  /** Requests by slot, those that count at a time. */
  slotsAt(nowMs: number): ReadonlyMap<number, number> {
    this.total(nowMs);
    return this.slots;
  }

  /** When (milliseconds) fewer than `limit` will count, if none is added; `never` where that cannot be. */
  freeAt(limit: number, nowMs: number, never: number): number {
    let left = this.total(nowMs);
    for (const [slot, count] of [...this.slots].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left < limit) return (slot + this.kept) * this.slotMs;
    }
    return never;
  }
}

/** One window of one provider: what was taken, and up to when (milliseconds) everybody together has used the pace. */
interface Taken {
  readonly tally: Tally;
  pacedMs: number;
}

/** The count of one provider's requests in one process. The script of the shared count decides in the same way. */
export class LocalCount {
  private readonly windows = new Map<number, Taken>();
  private readonly shares = new LRUCache<string, Tally>({ max: ACCOUNTS_KEPT });
  private urgentUntil = 0;
  /** The two accounts refused last, so that one of them is always another's. */
  private minded: readonly { readonly accountId: string; readonly until: number }[] = [];

  /** Decides on one more request at a time (milliseconds), and counts it where it is granted. */
  take(limits: readonly WindowLimits[], { accountId, background }: Wish, now: number): Decision {
    const others = this.minded.filter((one) => one.accountId !== accountId && one.until > now);
    let until = background ? this.urgentUntil : 0;
    let everybody = until > now;
    let accountOnly = false;
    for (const limit of limits) {
      const taken = this.of(limit);
      const most = background ? limit.backgroundLimit : limit.limit;
      const total = taken.tally.total(now);
      if (total >= most) {
        everybody = true;
        until = Math.max(until, taken.tally.freeAt(most, now, now + limit.windowMs));
      }
      const ahead = Math.min(taken.pacedMs, now + 2 * limit.windowMs) - limit.burstMs;
      if (background && ahead > now) {
        everybody = true;
        until = Math.max(until, ahead);
      }
      const share = accountId === null ? null : this.share(limit, accountId, background);
      const minds = background ? others.length > 0 : total >= limit.contended;
      if (share && minds && share.total(now) >= limit.share) {
        accountOnly = true;
        const over = background ? Math.max(...others.map((one) => one.until)) : Number.POSITIVE_INFINITY;
        until = Math.max(until, Math.min(over, share.freeAt(limit.share, now, now + limit.windowMs)));
      }
    }
    if (until > now || everybody || accountOnly) {
      if (!accountOnly) this.mind(accountId, background, now);
      return { granted: false, waitMs: Math.max(1, Math.ceil(until - now)), accountOnly };
    }
    for (const limit of limits) {
      const taken = this.of(limit);
      taken.tally.add(now);
      // Also what somebody waits for: the background makes room at once, and both together come to no halt at a window's end.
      taken.pacedMs = Math.max(now, Math.min(taken.pacedMs, now + 2 * limit.windowMs)) + limit.intervalMs;
      if (accountId !== null) this.share(limit, accountId, background).add(now);
    }
    return { granted: true };
  }

  /** Counts requests that were taken elsewhere. */
  add(limit: WindowLimits, atMs: number, count: number): void {
    this.of(limit).tally.add(atMs, count);
  }

  /** How many requests count in a window. */
  total(limit: WindowLimits, now: number): number {
    return this.of(limit).tally.total(now);
  }

  private mind(accountId: string | null, background: boolean, now: number): void {
    if (!background) this.urgentUntil = now + URGENT_MS;
    else if (accountId !== null) {
      const others = this.minded.filter((one) => one.accountId !== accountId).slice(0, 1);
      this.minded = [{ accountId, until: now + MINDED_MS }, ...others];
    }
  }

  private of(limit: WindowLimits): Taken {
    const known = this.windows.get(limit.windowMs);
    if (known) return known;
    const made = { tally: new Tally(limit.slotMs, KEPT_SLOTS), pacedMs: 0 };
    this.windows.set(limit.windowMs, made);
    return made;
  }

  private share(limit: WindowLimits, accountId: string, background: boolean): Tally {
    const name = `${limit.windowMs} ${background} ${accountId}`;
    const known = this.shares.get(name);
    if (known) return known;
    const made = new Tally(limit.shareSlotMs, KEPT_SHARE_SLOTS);
    this.shares.set(name, made);
    return made;
  }
}

/** Counts of one process, for gateways without Redis. `used`: told the part of each window that was taken. */
export class LocalCounts implements RequestCounts {
  private readonly counts = new Map<string, LocalCount>();

  constructor(
    private readonly used: (provider: string, seconds: number, part: number) => void = () => undefined,
    private readonly nowMs: () => number = steadyNow,
  ) {}

  /** @inheritdoc */
  async take(provider: string, windows: readonly BudgetWindow[], wish: Wish): Promise<Decision> {
    const count = this.counts.get(provider) ?? new LocalCount();
    this.counts.set(provider, count);
    const now = this.nowMs();
    const decision = count.take(
      windows.map((window) => limitsOf(window)),
      wish,
      now,
    );
    for (const window of windows) {
      this.used(provider, window.seconds, count.total(limitsOf(window), now) / window.requests);
    }
    return decision;
  }
}

/** Milliseconds since 1970 that never jump. */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}
