import { KEPT_SLOTS, limitsOf } from "../domain/budgets";
import { Tally } from "./budget-memory";

/** Requests by slot, of windows of several lengths. */
export class Slots {
  private readonly tallies = new Map<number, Tally>();

  /** The tally of windows of so many seconds. */
  of(seconds: number): Tally {
    const known = this.tallies.get(seconds);
    if (known) return known;
    const made = new Tally(slotMsOf(seconds), KEPT_SLOTS);
    this.tallies.set(seconds, made);
    return made;
  }

  /** Counts a request of now (milliseconds), and lets go of what no longer counts. */
  add(seconds: number, now: number): void {
    const tally = this.of(seconds);
    tally.total(now);
    tally.add(now);
  }

  /** Counts of what counts at a time (milliseconds), by window and slot. */
  *counted(now: number): Generator<readonly [seconds: number, slot: number, count: number]> {
    for (const [seconds, tally] of this.tallies) {
      for (const [slot, count] of tally.slotsAt(now)) yield [seconds, slot, count];
    }
  }

  /** Counts what other slots hold as well. */
  addAll(others: Slots, now: number): void {
    for (const [seconds, slot, count] of others.counted(now)) this.of(seconds).add(slot * slotMsOf(seconds), count);
  }
}

/** Milliseconds of a slot of windows of so many seconds. */
export function slotMsOf(seconds: number): number {
  return limitsOf({ requests: 1, seconds }).slotMs;
}
