import { z } from "zod";
import { type CivilDay, parseCivilDay } from "../../src/domain/days";
import { civilDayText, quantity } from "../contract";
import { clockSeries } from "./wire-clock";

const DURATION = /^P(?:(\d{1,2})D)?(?:T(?:(\d{1,3})H)?(?:(\d{1,5})M)?(?:(\d{1,6}(?:\.\d+)?)S)?)?$/;
/** A civil day may have 25 hours. */
const DAY_SECONDS = 25 * 3600;

/** The civil day that a text begins with: `2026-06-10`, `2026-06-10T00:00` and `2026-06-10T00:00:00` alike. */
function dayAhead(text: string): CivilDay | null {
  return /^.{10}(?:T|$)/.test(text) ? parseCivilDay(text.slice(0, 10)) : null;
}

/** The civil day that the text under a name begins with; null where not even that can be told. */
export function leadingDay(name: string): (raw: unknown) => CivilDay | null {
  return (raw) => {
    const value: unknown = raw instanceof Object ? Reflect.get(raw, name) : null;
    return typeof value === "string" ? dayAhead(value) : null;
  };
}

/** Whole seconds of an ISO 8601 duration of at most a day (`PT7H12M30S`, `PT14295.773S`); null where it is absent. */
const durationSeconds: z.ZodType<number | null> = z
  .string()
  .nullish()
  .transform((text, context) => {
    if (text === null || text === undefined) return null;
    const parts = text.length > 2 && !text.endsWith("T") ? DURATION.exec(text) : null;
    const units = [86_400, 3600, 60, 1];
    const total = Math.round(units.reduce((sum, unit, index) => sum + unit * Number(parts?.[index + 1] ?? 0), 0));
    if (parts && total <= DAY_SECONDS) return total;
    context.addIssue({ code: "custom", message: "expected an ISO 8601 duration of at most a day" });
    return z.NEVER;
  });

/** The answer of `sleep`. */
export const nightList = z.object({ nights: z.array(z.unknown()) });

/** The answer of `nightly-recharge`. */
export const rechargeList = z.object({ recharges: z.array(z.unknown()) });

/** The answer of `activities`: a bare list. */
export const activityList = z.array(z.unknown());

/** A nightly recharge, as far as it is read: milliseconds (RMSSD), and Polar's ANS charge from −10 to 10. */
export const nightlyRecharge = z
  .object({
    date: civilDayText,
    heart_rate_variability_avg: quantity({ min: 1, max: 500, missing: [0] }),
    ans_charge: quantity({ min: -10, max: 10 }),
    hrv_samples: clockSeries(quantity({ min: 1, max: 500, missing: [0] })),
  })
  .transform(({ date, ...rest }) => ({ day: date, ...rest }));

/**
 * A day of activity (activity-summary), as far as it is read: kilocalories, metres, seconds.
 * Polar's description calls `start_time` UTC; the service gives the wearer's own midnight, without a zone.
 */
export const activityDay = z
  .object({
    start_time: z.string().transform((text, context) => {
      const day = dayAhead(text);
      if (day !== null) return day;
      context.addIssue({ code: "invalid_format", format: "date", input: text });
      return z.NEVER;
    }),
    inactive_duration: durationSeconds,
    calories: quantity({ min: 1, max: 30_000, missing: [0] }),
    active_calories: quantity({ min: 0, max: 20_000 }),
    steps: quantity({ min: 0, max: 200_000, whole: true }),
    inactivity_alert_count: quantity({ min: 0, max: 1440, whole: true }),
    distance_from_steps: quantity({ min: 0, max: 300_000 }),
  })
  .transform(({ start_time, ...rest }) => ({ day: start_time, ...rest }));
