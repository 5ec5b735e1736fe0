import type { z } from "zod";
import type { ActivityRecord, HrvRecord, ReadinessRecord, WearableRecord } from "../../src/domain/records";
import { sleepScore, sleepSession } from "./mapping-sleep";
import type { activityDay, nightlyRecharge } from "./wire";
import type { night } from "./wire-sleep";

/** A night's session, and its score where Polar gave one. */
export function sleep(wire: z.infer<typeof night>): WearableRecord[] {
  return [...sleepScore(wire), sleepSession(wire)];
}

/**
 * A nightly recharge: readiness without a score (its status is a scale of 6 steps, ANS charge one of its own), and the heart rate
 * variability of the night of the same date. `heart_rate_avg` is that of 4 hours of sleep, no resting heart rate.
 */
export function recharge(wire: z.infer<typeof nightlyRecharge>): (ReadinessRecord | HrvRecord)[] {
  const { day, ans_charge: ansCharge, heart_rate_variability_avg: averageMilliseconds } = wire;
  const readiness: ReadinessRecord = {
    kind: "readiness",
    key: day,
    day,
    score: null,
    contributors: [],
    temperatureDeviationCelsius: null,
    temperatureTrendDeviationCelsius: null,
    hrv: averageMilliseconds === null ? null : { milliseconds: averageMilliseconds, method: "RMSSD" },
    ansCharge,
  };
  const clockSamples = wire.hrv_samples.flatMap(({ clock, value }) =>
    value === null ? [] : [{ clock, milliseconds: value }],
  );
  if (averageMilliseconds === null && clockSamples.length === 0) return [readiness];
  const hrv: HrvRecord = {
    kind: "hrv",
    key: day,
    day,
    method: "RMSSD",
    sessionKey: day,
    averageMilliseconds,
    samples: [],
    clockSamples,
  };
  return [readiness, hrv];
}

/** A day's activity. `daily_activity` is a percentage of the wearer's goal, beyond 100 on good days: no score. */
export function activity(wire: z.infer<typeof activityDay>): ActivityRecord[] {
  return [
    {
      kind: "activity",
      key: wire.day,
      day: wire.day,
      score: null,
      contributors: [],
      steps: wire.steps,
      distanceMeters: wire.distance_from_steps,
      equivalentWalkingDistanceMeters: null,
      activeEnergyKilocalories: wire.active_calories,
      totalEnergyKilocalories: wire.calories,
      highActivitySeconds: null,
      mediumActivitySeconds: null,
      lowActivitySeconds: null,
      sedentarySeconds: wire.inactive_duration,
      restingSeconds: null,
      nonWearSeconds: null,
      inactivityAlerts: wire.inactivity_alert_count,
    },
  ];
}
