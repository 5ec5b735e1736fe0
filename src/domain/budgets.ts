/** At most so many requests in any stretch of so many seconds. */
export interface BudgetWindow {
  readonly requests: number;
  readonly seconds: number;
}

/** A window is counted in so many slots. */
const SLOTS = 200;

/** Slots whose requests count: the window, the part of a slot that is under way, and one for requests still on their way to the vendor. */
export const KEPT_SLOTS = SLOTS + 2;

/** What one account has taken of a window is counted in slots that need not be as fine. */
const SHARE_SLOTS = 8;

/** As {@link KEPT_SLOTS}, of one account. */
export const KEPT_SHARE_SLOTS = SHARE_SLOTS + 1;

/** Requests of a window, in a hundred, that nobody takes in the background. */
const RESERVE_PERCENT = 3;

/** The part of a window that the background may take at once before it is paced. */
const BURST = 1 / 50;

/** The part of a window that one account may take while others want some of it. */
const SHARE = 1 / 4;

/** What follows from a window, for whoever counts its requests. */
export interface WindowLimits {
  /** Milliseconds of the window, of a slot, and of an account's slot. */
  readonly windowMs: number;
  readonly slotMs: number;
  readonly shareSlotMs: number;
  /** Requests that may count at a time: of everybody, and once the background takes one. */
  readonly limit: number;
  readonly backgroundLimit: number;
  /** Requests of one account beyond which it goes behind the others. */
  readonly share: number;
  /** Requests of everybody up to which an account that somebody waits for may go beyond its share. */
  readonly contended: number;
  /** Milliseconds between two requests of the background, and how far ahead of that pace it may be. */
  readonly intervalMs: number;
  readonly burstMs: number;
}

/**
 * The limits of a window, or of the part of it that one of several processes may take while they cannot count together; that
 * part leaves the reserve alone, for what the others took unseen.
 */
export function limitsOf({ requests, seconds }: BudgetWindow, processes: number | null = null): WindowLimits {
  const windowMs = seconds * 1_000;
  const reserve = Math.floor((requests * RESERVE_PERCENT) / 100);
  const whole = processes === null || processes === 1 ? requests : Math.floor((requests - reserve) / processes);
  const own = Math.floor((whole * RESERVE_PERCENT) / 100);
  const backgroundLimit = whole - own;
  // A pace that never meets the limit: nobody stands still at the end of a window.
  const intervalMs = (windowMs * KEPT_SLOTS) / SLOTS / Math.max(1, backgroundLimit);
  return {
    windowMs,
    slotMs: windowMs / SLOTS,
    shareSlotMs: windowMs / SHARE_SLOTS,
    limit: whole,
    backgroundLimit,
    share: Math.max(1, Math.floor(whole * SHARE)),
    contended: Math.floor(whole / 2),
    intervalMs,
    burstMs: Math.max(0, windowMs * BURST - intervalMs),
  };
}
