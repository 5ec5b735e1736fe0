import { z } from "zod";
import { civilDayText, documentId, quantity } from "../contract";

const seconds = quantity({ min: 0, max: 90_000, whole: true });
const beatsPerMinute = quantity({ min: 20, max: 250, missing: [0] });
const hrvMilliseconds = quantity({ min: 1, max: 500, missing: [0] });
/** Seconds since 1970 of the years 2000 to 2199; what is in milliseconds lies beyond. */
const epoch = quantity({ min: 946_684_800, max: 7_258_118_399, whole: true });

const epochNeeded = epoch.transform((value, context) => {
  if (value !== null) return value;
  context.addIssue({ code: "custom", message: "missing" });
  return z.NEVER;
});

/** An IANA name; what is none tells nothing and is null. */
const timezone = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === "string" ? value : null));

/** A whole number or text; numbers too great to be exact are a fault of the document. */
const numericId = z.union([z.int().transform(String), documentId]).nullish();

/** The vendor's language writes an empty object as an empty list. */
const emptyListAsObject = (value: unknown) => (Array.isArray(value) && value.length === 0 ? {} : (value ?? {}));

/** `more` is true or 1 where there is a further page, which begins at `offset`. */
const paging = {
  more: z.union([z.boolean(), z.literal([0, 1])]).nullish(),
  offset: z.union([z.int().min(0), z.string().regex(/^\d{1,12}$/)]).nullish(),
};

/** An answer of Sleep v2 Getsummary. */
export const summaryAnswer = z.object({
  status: z.literal(0),
  body: z.object({ series: z.array(z.unknown()), ...paging }),
});

/** An answer of Measure v2 Getactivity. */
export const activityAnswer = z.object({
  status: z.literal(0),
  body: z.object({ activities: z.array(z.unknown()), ...paging }),
});

/** One sleep (sleep_summary_object), as far as it is read: seconds, beats and breaths a minute, milliseconds; efficiency a ratio. */
export const sleepSummary = z.object({
  id: numericId,
  timezone,
  startdate: epochNeeded,
  enddate: epochNeeded,
  date: civilDayText,
  modified: epoch,
  data: z.preprocess(
    emptyListAsObject,
    z.object({
      total_timeinbed: quantity({ min: 1, max: 90_000, whole: true, missing: [0] }),
      total_sleep_time: seconds,
      asleepduration: seconds,
      wakeupduration: seconds,
      lightsleepduration: seconds,
      deepsleepduration: seconds,
      remsleepduration: seconds,
      sleep_latency: seconds,
      sleep_efficiency: quantity({ min: 0, max: 100 }),
      sleep_score: quantity({ min: 0, max: 100 }),
      hr_average: beatsPerMinute,
      hr_min: beatsPerMinute,
      rr_average: quantity({ min: 3, max: 60, missing: [0] }),
      rmssd: hrvMilliseconds,
      rmssd_start_avg: hrvMilliseconds,
      rmssd_end_avg: hrvMilliseconds,
      sdnn: hrvMilliseconds,
      sdnn_1: hrvMilliseconds,
    }),
  ),
});

/** One day's activity (activity_object), as far as it is read: metres, seconds, kilocalories. */
export const dailyActivity = z.object({
  timezone,
  date: civilDayText,
  modified: epoch,
  steps: quantity({ min: 0, max: 200_000, whole: true }),
  distance: quantity({ min: 0, max: 300_000 }),
  calories: quantity({ min: 0, max: 20_000 }),
  totalcalories: quantity({ min: 1, max: 30_000, missing: [0] }),
  soft: seconds,
  moderate: seconds,
  intense: seconds,
});
