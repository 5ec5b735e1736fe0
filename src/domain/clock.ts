import { addSeconds, epochSeconds, type Instant, offsetOf } from "./instants";

const CLOCK = /^([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_SECONDS = 86_400;

/** Seconds from midnight to a wall clock's `HH:MM`; null where the text is none. */
export function clockSeconds(text: string): number | null {
  const match = CLOCK.exec(text);
  return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 : null;
}

/**
 * The instant at which the wearer's wall clock showed `HH:MM` between two instants less than 24 hours apart (the end excluded); the
 * minute in which the time begins counts as its beginning. Null where the clock did not show it, and where nobody can tell:
 * the wearer's offset is not known, or it changes in between.
 */
export function instantOnClock(clock: string, start: Instant, end: Instant): Instant | null {
  const offset = offsetOf(start);
  const shown = clockSeconds(clock);
  const began = clockSeconds(start.slice(11, 16));
  if (offset === null || offset !== offsetOf(end) || shown === null || began === null) return null;
  const intoMinute = Number(start.slice(17, 19));
  const elapsed = Math.max(0, ((shown - began + DAY_SECONDS) % DAY_SECONDS) - intoMinute);
  return elapsed < epochSeconds(end) - epochSeconds(start) ? addSeconds(start, elapsed) : null;
}
