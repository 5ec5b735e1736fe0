import type { z } from "zod";
import type { ActivityRecord, ReadinessRecord, SleepScoreRecord, WearableRecord } from "../../src/domain/records";
import { expectShape } from "../contract";
import { sleepRecords, UNCOUNTED_TYPES } from "./mapping-sleep";
import type { dailyActivity, dailyReadiness, dailySleep } from "./wire";
import { sleep, type sleepHead } from "./wire-sleep";

/** Oura's score of a day's sleep. */
export function sleepScore(wire: z.infer<typeof dailySleep>): SleepScoreRecord[] {
  const { id, day, score, contributors } = wire;
  return [{ kind: "sleep_score", key: id, day, score, contributors }];
}

/** Oura's readiness of a day. */
export function readiness(wire: z.infer<typeof dailyReadiness>): ReadinessRecord[] {
  const { id, day, score, contributors } = wire;
  return [
    {
      kind: "readiness",
      key: id,
      day,
      score,
      contributors,
      temperatureDeviationCelsius: wire.temperature_deviation,
      temperatureTrendDeviationCelsius: wire.temperature_trend_deviation,
    },
  ];
}

/** A day's activity, 04:00 to 04:00. Oura turns energy into a walk; it knows no ground covered. */
export function activity(wire: z.infer<typeof dailyActivity>): ActivityRecord[] {
  return [
    {
      kind: "activity",
      key: wire.id,
      day: wire.day,
      ...(wire.timestamp === null ? {} : { at: wire.timestamp }),
      score: wire.score,
      contributors: wire.contributors,
      steps: wire.steps,
      distanceMeters: null,
      equivalentWalkingDistanceMeters: wire.equivalent_walking_distance,
      activeEnergyKilocalories: wire.active_calories,
      totalEnergyKilocalories: wire.total_calories,
      highActivitySeconds: wire.high_activity_time,
      mediumActivitySeconds: wire.medium_activity_time,
      lowActivitySeconds: wire.low_activity_time,
      sedentarySeconds: wire.sedentary_time,
      restingSeconds: wire.resting_time,
      nonWearSeconds: wire.non_wear_time,
      inactivityAlerts: wire.inactivity_alerts,
    },
  ];
}

/** A sleep document's records; none where it does not count, whatever else it holds. */
export function sessions(head: z.infer<typeof sleepHead>, raw: unknown): WearableRecord[] {
  if (head.type && UNCOUNTED_TYPES.includes(head.type)) return [];
  return sleepRecords(expectShape(sleep, raw));
}
