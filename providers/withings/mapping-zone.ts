import { parseOffset } from "../../src/domain/instants";

/** Tells the wearer's offset, in minutes east of UTC, at an epoch in seconds; null where the zone is not known. */
export type OffsetAt = (epoch: number) => number | null;

/** Formatters by zone: to make one takes as long as to map a document, and a person's documents share theirs. */
const formatters = new Map<string, Intl.DateTimeFormat>();
/** More than there are zones, as spelling ignores case. */
const MOST_FORMATTERS = 1_000;

function formatterOf(timezone: string): Intl.DateTimeFormat | null {
  const known = formatters.get(timezone);
  if (known) return known;
  try {
    const formatter = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longOffset" });
    if (formatters.size < MOST_FORMATTERS) formatters.set(timezone, formatter);
    return formatter;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The offsets of a zone of the IANA database, which may change from one instant to the next; an unknown zone has none. */
export function offsetsOf(timezone: string | null): OffsetAt {
  // Offsets in place of a name are read by some versions of Node.js only.
  const formatter = timezone !== null && /^[A-Za-z]/.test(timezone) ? formatterOf(timezone) : null;
  if (formatter === null) return () => null;
  return (epoch) => {
    const name = formatter.formatToParts(epoch * 1000).find(({ type }) => type === "timeZoneName")?.value;
    return name === "GMT" ? 0 : parseOffset(name?.replace(/^GMT/, "") ?? "");
  };
}
