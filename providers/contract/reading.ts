import { z } from "zod";
import { type CivilDay, parseCivilDay } from "../../src/domain/days";
import { type Instant, offsetOf, parseInstant } from "../../src/domain/instants";

/** What a wire quantity may be, in the unit of its field. */
export interface Limits {
  /** Least plausible value; a smaller one sets the document aside. */
  readonly min: number;
  /** Greatest plausible value; a greater one sets the document aside. */
  readonly max: number;
  /** Rounded to the nearest whole number. Default: false. */
  readonly whole?: boolean;
  /** Values by which the vendor says that there is none; read as null before the limits apply. */
  readonly missing?: readonly number[];
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;
const LOSSLESS_DIGITS = 15;

/** The number that a JSON value stands for; null where it says that there is none, undefined where it is no number. */
function numberOf(value: unknown): number | null | undefined {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string") return undefined;
  if (NOT_FINITE.test(value)) return null;
  if (!JSON_NUMBER.test(value) || value.replace(/[eE].*|\D/g, "").length > LOSSLESS_DIGITS) return undefined;
  return Number.isFinite(Number(value)) ? Number(value) : null;
}

/**
 * A number that may be absent or null. Text is read where that loses nothing (`"72"`), −0 becomes 0, and what is not finite
 * (`1e309`, `"NaN"`) becomes null; every other type and every implausible value is a fault of the document.
 */
export function quantity(limits: Limits): z.ZodType<number | null> {
  return z
    .unknown()
    .optional()
    .transform((value, context) => quantityOf(value, limits, context, []));
}

/** A list of such numbers, at most `most` of them: a series is read in one piece, which takes a tenth of the time. */
export function quantities(limits: Limits, most: number): z.ZodType<(number | null)[]> {
  return z.unknown().transform((values, context) => {
    if (!Array.isArray(values)) context.addIssue({ code: "invalid_type", expected: "array", input: values });
    else if (values.length > most) context.addIssue({ code: "too_big", origin: "array", maximum: most, input: values });
    else return values.map((value: unknown, place) => quantityOf(value, limits, context, [place]));
    return z.NEVER;
  });
}

function quantityOf(
  value: unknown,
  { min, max, whole = false, missing = [] }: Limits,
  context: z.RefinementCtx,
  path: PropertyKey[],
): number | null {
  const number = numberOf(value);
  if (number === null) return null;
  if (number === undefined) context.addIssue({ code: "invalid_type", expected: "number", input: value, path });
  else if (missing.includes(number)) return null;
  else if (number < min) context.addIssue({ code: "too_small", origin: "number", minimum: min, input: value, path });
  else if (number > max) context.addIssue({ code: "too_big", origin: "number", maximum: max, input: value, path });
  else return (whole ? Math.round(number) : number) + 0;
  return z.NEVER;
}

/** A vendor's document id: text of 1 to 200 characters without control characters. */
export const documentId: z.ZodType<string> = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u);

/** A civil day `YYYY-MM-DD`. */
export const civilDayText: z.ZodType<CivilDay> = z.string().transform((text, context) => {
  const day = parseCivilDay(text);
  if (day !== null) return day;
  context.addIssue({ code: "invalid_format", format: "date", input: text });
  return z.NEVER;
});

/** RFC 3339 text with a zone; a local time without one is a fault of the document. */
export const instantText: z.ZodType<Instant> = z.string().transform((text, context) => {
  const instant = parseInstant(text);
  if (instant !== null) return instant;
  context.addIssue({ code: "invalid_format", format: "datetime", input: text });
  return z.NEVER;
});

/** An instant that only tells where the wearer was: null where it is absent, no instant, or without the wearer's offset. */
export const wearerInstant: z.ZodType<Instant | null> = z
  .unknown()
  .optional()
  .transform((value) => {
    const instant = typeof value === "string" ? parseInstant(value) : null;
    return instant !== null && offsetOf(instant) !== null ? instant : null;
  });

/** The civil day under a name in a document that could not be read; null where not even that can be told. */
export function dayUnder(name: string): (raw: unknown) => CivilDay | null {
  return (raw) => {
    const value: unknown = raw instanceof Object ? Reflect.get(raw, name) : null;
    return typeof value === "string" ? parseCivilDay(value) : null;
  };
}
