import { z } from "zod";
import type { ContributorScore } from "../../src/domain/records";
import { civilDayText, documentId, quantity, wearerInstant } from "../contract";

/** A score, 0 to 100. */
const score = quantity({ min: 0, max: 100 });
/** A civil day may have 25 hours. */
const activitySeconds = quantity({ min: 0, max: 25 * 3600, whole: true });
const celsius = quantity({ min: -15, max: 15 });
const CONTRIBUTOR = /^[a-z][a-z0-9_]{0,63}$/;

/** Contributors that are in the answer: those known by their common key, later ones of Oura's that are scores without one. */
function contributors(known: readonly string[]) {
  return z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((native, context): ContributorScore[] => {
      const scores: ContributorScore[] = [];
      for (const name of known.filter((name) => native && name in native)) {
        const read = score.safeParse(native?.[name]);
        if (read.success) scores.push({ key: name, nativeKey: name, score: read.data });
        else context.addIssue({ code: "custom", path: [name], message: "no score" });
      }
      for (const name of Object.keys(native ?? {}).sort()) {
        const value = native?.[name];
        if (known.includes(name) || !CONTRIBUTOR.test(name) || typeof value !== "number") continue;
        if (value >= 0 && value <= 100) scores.push({ key: null, nativeKey: name, score: value });
      }
      return scores;
    });
}

/** Every list answer. A `next_token` that is absent or empty ends the chain. */
export const listAnswer = z.object({ data: z.array(z.unknown()), next_token: z.string().nullish() });

/** PublicDailySleep, as far as it is read. `timestamp` is the day at 00:00 in UTC and tells nothing of the wearer. */
export const dailySleep = z.object({
  id: documentId,
  day: civilDayText,
  score,
  contributors: contributors([
    "deep_sleep",
    "efficiency",
    "latency",
    "rem_sleep",
    "restfulness",
    "timing",
    "total_sleep",
  ]),
});

/** PublicDailyReadiness, as far as it is read; temperatures in °C from the wearer's baseline. */
export const dailyReadiness = z.object({
  id: documentId,
  day: civilDayText,
  score,
  contributors: contributors([
    "activity_balance",
    "body_temperature",
    "hrv_balance",
    "previous_day_activity",
    "previous_night",
    "recovery_index",
    "resting_heart_rate",
    "sleep_balance",
    "sleep_regularity",
  ]),
  temperature_deviation: celsius,
  temperature_trend_deviation: celsius,
});

/** PublicDailyActivity, as far as it is read: kilocalories, metres, seconds. */
export const dailyActivity = z.object({
  id: documentId,
  day: civilDayText,
  score,
  contributors: contributors([
    "meet_daily_targets",
    "move_every_hour",
    "recovery_time",
    "stay_active",
    "training_frequency",
    "training_volume",
  ]),
  steps: quantity({ min: 0, max: 200_000, whole: true }),
  equivalent_walking_distance: quantity({ min: 0, max: 300_000 }),
  active_calories: quantity({ min: 0, max: 20_000 }),
  total_calories: quantity({ min: 1, max: 30_000, missing: [0] }),
  high_activity_time: activitySeconds,
  medium_activity_time: activitySeconds,
  low_activity_time: activitySeconds,
  sedentary_time: activitySeconds,
  resting_time: activitySeconds,
  non_wear_time: activitySeconds,
  inactivity_alerts: quantity({ min: 0, max: 1440, whole: true }),
  timestamp: wearerInstant,
});
