import { z } from "zod";
import { type Instant, parseInstant, parseOffset } from "../../src/domain/instants";
import { documentId, instantText, quantity } from "../contract";

const DAY_MILLISECONDS = 86_400_000;
/** kJ; no body expends 30,000 kcal in a day. */
const MAX_KILOJOULES = 125_520;

/** 0 to 100. */
const percent = quantity({ min: 0, max: 100 });
const milliseconds = quantity({ min: 0, max: DAY_MILLISECONDS });

/** An int64 as text. Digits that a JSON number cannot hold exactly are a fault, for the id would be another's. */
export const integerId: z.ZodType<string> = z
  .union([z.int().nonnegative().transform(String), z.string().regex(/^(?:0|[1-9]\d{0,18})$/)])
  .transform(String);

/** Minutes east of UTC from `+hh:mm`, `-hh:mm` or `Z`. */
export const offsetText: z.ZodType<number> = z.string().transform((text, context) => {
  const minutes = text.toUpperCase() === "Z" ? 0 : parseOffset(text);
  if (minutes !== null) return minutes;
  context.addIssue({ code: "invalid_format", format: "offset", input: text });
  return z.NEVER;
});

/** When a document was last revised; null where it does not say, for nothing else depends on it. */
const revision: z.ZodType<Instant | null> = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === "string" ? parseInstant(value) : null));

/** A score that counts: the one of a document whose `score_state` is SCORED. Any other state, known or not, has none. */
export function scored<T>(document: {
  readonly score_state?: string | null | undefined;
  readonly score?: T | null | undefined;
}): T | null {
  return document.score_state === "SCORED" ? (document.score ?? null) : null;
}

/** Every list answer. A `next_token` that is absent, null or empty ends the chain. */
export const listAnswer = z.object({ records: z.array(z.unknown()), next_token: z.string().nullish() });

/** Sleep, as far as it is read: times in milliseconds, percentages, breaths per minute. */
export const sleep = z.object({
  id: documentId,
  cycle_id: integerId,
  updated_at: revision,
  start: instantText,
  end: instantText,
  timezone_offset: offsetText,
  nap: z.boolean(),
  score_state: z.string().nullish(),
  score: z
    .object({
      stage_summary: z
        .object({
          total_in_bed_time_milli: quantity({ min: 1, max: DAY_MILLISECONDS, missing: [0] }),
          total_awake_time_milli: milliseconds,
          total_light_sleep_time_milli: milliseconds,
          total_slow_wave_sleep_time_milli: milliseconds,
          total_rem_sleep_time_milli: milliseconds,
        })
        .nullish(),
      respiratory_rate: quantity({ min: 3, max: 60, missing: [0] }),
      sleep_performance_percentage: percent,
      sleep_consistency_percentage: percent,
      sleep_efficiency_percentage: percent,
    })
    .nullish(),
});

/** Recovery, as far as it is read: percentages, beats per minute, milliseconds, °C of the skin. */
export const recovery = z.object({
  sleep_id: documentId,
  updated_at: revision,
  score_state: z.string().nullish(),
  score: z
    .object({
      recovery_score: percent,
      resting_heart_rate: quantity({ min: 20, max: 250, missing: [0] }),
      hrv_rmssd_milli: quantity({ min: 1, max: 500, missing: [0] }),
      spo2_percentage: quantity({ min: 50, max: 100, missing: [0] }),
      skin_temp_celsius: quantity({ min: 15, max: 45, missing: [0] }),
    })
    .nullish(),
});

/** Cycle, as far as it is read: strain from 0 to 21, kilojoules. No `end`: it is running. */
export const cycle = z.object({
  id: integerId,
  updated_at: revision,
  start: instantText,
  end: instantText.nullish(),
  timezone_offset: offsetText,
  score_state: z.string().nullish(),
  score: z
    .object({
      strain: quantity({ min: 0, max: 21 }),
      kilojoule: quantity({ min: 1, max: MAX_KILOJOULES, missing: [0] }),
    })
    .nullish(),
});
