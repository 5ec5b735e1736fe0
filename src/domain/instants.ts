import { type CivilDay, dayFromNumber, dayNumber, parseCivilDay } from "./days";

/**
 * An instant as canonical RFC 3339 text, whole seconds: `2026-11-03T23:10:00-08:00` with the wearer's offset,
 * `…Z` only where no offset of the wearer is known. Compare with {@link epochSeconds}, never as text.
 */
export type Instant = string & { readonly __brand: "Instant" };

const PATTERN = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?(Z|z|[+-]\d{2}:?\d{2})$/;
/** Text that is an {@link Instant} already if its date is one of the calendar. */
const CANONICAL = /^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)$/;
const DAY_SECONDS = 86_400;
const MAX_OFFSET_MINUTES = 14 * 60;

const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => (number < 10 ? `0${number}` : String(number)));

/** Two digits. */
function two(number: number): string {
  return TWO_DIGITS[number] ?? String(number);
}

/** Minutes east of UTC written as `+HH:MM`. */
export function formatOffset(offsetMinutes: number): string {
  const sign = offsetMinutes < 0 ? "-" : "+";
  const abs = Math.abs(offsetMinutes);
  return `${sign}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
}

/** Offsets by text, as they were met: there are 3,362 of them, written either way. */
const offsets = new Map<string, number>();

/** Reads `+HH:MM` or `+HHMM`; null where it is no offset between −14:00 and +14:00. */
export function parseOffset(text: string): number | null {
  const known = offsets.get(text);
  if (known !== undefined) return known;
  const offset = offsetFrom(text);
  if (offset !== null) offsets.set(text, offset);
  return offset;
}

function offsetFrom(text: string): number | null {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(text);
  if (!match) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (Number(match[3]) > 59 || minutes > MAX_OFFSET_MINUTES) return null;
  return match[1] === "-" ? 0 - minutes : minutes;
}

/** The instant of an epoch (seconds, a fraction is cut off) seen at the wearer's offset in minutes, or in `Z` where it is null. */
export function instantAt(epoch: number, offsetMinutes: number | null): Instant {
  const local = Math.floor(epoch) + (offsetMinutes ?? 0) * 60;
  const number = Math.floor(local / DAY_SECONDS);
  const second = local - number * DAY_SECONDS;
  const clock = `${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
  return `${dayFromNumber(number)}T${clock}${offsetMinutes === null ? "Z" : formatOffset(offsetMinutes)}` as Instant;
}

/**
 * Reads RFC 3339 text, cutting fractions of a second; a leap second `:60` is the second after `:59`.
 * Null where it is no instant, or has no zone: a local time without an offset is never guessed at.
 */
export function parseInstant(text: string): Instant | null {
  if (CANONICAL.test(text) && !text.endsWith("-00:00")) return parseCivilDay(text.slice(0, 10)) && (text as Instant);
  const match = PATTERN.exec(text);
  if (!match) return null;
  const day = parseCivilDay(match[1] ?? "");
  const [hour, minute, second] = [Number(match[2]), Number(match[3]), Number(match[4])];
  if (day === null || hour > 23 || minute > 59 || second > 60) return null;
  const zone = (match[5] ?? "").toUpperCase();
  const offset = zone === "Z" ? null : parseOffset(zone);
  if (zone !== "Z" && offset === null) return null;
  const local = dayNumber(day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
  return instantAt(local - (offset ?? 0) * 60, offset);
}

/** Seconds since 1970-01-01T00:00:00Z. */
export function epochSeconds(instant: Instant): number {
  // A quarter of the time that Date takes: every night that is read passes here.
  const day = dayNumber(instant.slice(0, 10) as CivilDay);
  const clock = twoAt(instant, 11) * 3600 + twoAt(instant, 14) * 60 + twoAt(instant, 17);
  return day * DAY_SECONDS + clock - (offsetOf(instant) ?? 0) * 60;
}

/**
 * Reads instants at one offset: epoch seconds of exactly the text that {@link instantAt} gives for them, null for any other. For lists
 * of instants, each of which would else be parsed and printed to tell whether it is that text.
 */
export function readerAt(offsetMinutes: number | null): (text: string) => number | null {
  const zone = offsetMinutes === null ? "Z" : formatOffset(offsetMinutes);
  let date = "";
  let midnight = 0;
  return (text) => {
    if (text.length !== 19 + zone.length || !text.endsWith(zone)) return null;
    if (date === "" || !text.startsWith(date)) {
      const day = parseCivilDay(text.slice(0, 10));
      if (day === null || text.charAt(10) !== "T") return null;
      date = `${day}T`;
      midnight = dayNumber(day) * DAY_SECONDS - (offsetMinutes ?? 0) * 60;
    }
    const [hour, minute, second] = [twoAt(text, 11), twoAt(text, 14), twoAt(text, 17)];
    const isClock = hour < 24 && minute < 60 && second < 60 && text[13] === ":" && text[16] === ":";
    return isClock ? midnight + hour * 3600 + minute * 60 + second : null;
  };
}

/** The number of two digits; NaN where they are none. */
function twoAt(text: string, place: number): number {
  const [tens, ones] = [text.charCodeAt(place) - 48, text.charCodeAt(place + 1) - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** The wearer's offset in minutes east of UTC; null where the instant has none (`Z`). */
export function offsetOf(instant: Instant): number | null {
  return instant.endsWith("Z") ? null : parseOffset(instant.slice(19));
}

/** The civil date that the instant has at its own offset; null where it has none: a day is never derived from UTC. */
export function localDay(instant: Instant): CivilDay | null {
  return instant.endsWith("Z") ? null : parseCivilDay(instant.slice(0, 10));
}

/** The civil date at an epoch (seconds) for a wearer at the given offset. */
export function dayAt(epoch: number, offsetMinutes: number): CivilDay {
  return instantAt(epoch, offsetMinutes).slice(0, 10) as CivilDay;
}

/** The instant `seconds` later, at the same offset. */
export function addSeconds(instant: Instant, seconds: number): Instant {
  return instantAt(epochSeconds(instant) + seconds, offsetOf(instant));
}
