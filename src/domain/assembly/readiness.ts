import type { ReadinessDay } from "../daily";
import type { CivilDay } from "../days";
import type { KeptRecord } from "../records";
import { newestOf } from "./kept";
import { completenessOf, type DayState } from "./state";

/** A day's readiness; null where it has none. */
export function assembleReadiness(day: CivilDay, records: readonly KeptRecord[], state: DayState): ReadinessDay | null {
  const newest = newestOf(records, "readiness");
  if (!newest) return null;
  const { record, receivedAt } = newest;
  return {
    metric: "READINESS",
    day,
    fetchedAt: receivedAt,
    completeness: completenessOf(state, false),
    score: record.score,
    contributors: record.contributors,
    temperatureDeviationCelsius: record.temperatureDeviationCelsius,
    temperatureTrendDeviationCelsius: record.temperatureTrendDeviationCelsius,
    restingHeartRateBpm: record.restingHeartRateBpm ?? null,
    hrv: record.hrv ?? null,
    spo2Percent: record.spo2Percent ?? null,
    skinTemperatureCelsius: record.skinTemperatureCelsius ?? null,
    ansCharge: record.ansCharge ?? null,
  };
}
