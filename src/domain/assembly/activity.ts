import type { ActivityDay } from "../daily";
import type { CivilDay } from "../days";
import type { KeptRecord } from "../records";
import { newestOf } from "./kept";
import { completenessOf, type DayState } from "./state";

/** A day's activity, a running total until the day, and the vendor's own, is over; null where it has none. */
export function assembleActivity(day: CivilDay, records: readonly KeptRecord[], state: DayState): ActivityDay | null {
  const newest = newestOf(records, "activity");
  if (!newest) return null;
  const { record, receivedAt } = newest;
  return {
    metric: "ACTIVITY",
    day,
    fetchedAt: receivedAt,
    completeness: completenessOf(state, !state.dayOver || record.running === true),
    score: record.score,
    contributors: record.contributors,
    steps: record.steps,
    distanceMeters: record.distanceMeters,
    equivalentWalkingDistanceMeters: record.equivalentWalkingDistanceMeters,
    activeEnergyKilocalories: record.activeEnergyKilocalories,
    totalEnergyKilocalories: record.totalEnergyKilocalories,
    highActivitySeconds: record.highActivitySeconds,
    mediumActivitySeconds: record.mediumActivitySeconds,
    lowActivitySeconds: record.lowActivitySeconds,
    sedentarySeconds: record.sedentarySeconds,
    restingSeconds: record.restingSeconds,
    nonWearSeconds: record.nonWearSeconds,
    inactivityAlerts: record.inactivityAlerts,
    strain: record.strain ?? null,
  };
}
