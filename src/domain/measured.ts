import type { ActivityDay, DailyBase, DailyValue, HrvDay, ReadinessDay, SleepDay } from "./daily";
import type { Metric } from "./metrics";

type Measured<D> = Exclude<keyof D, keyof DailyBase | "metric" | "method" | "contributors">;

/** The fields that count as data of a day, by metric; contributors do not, they are parts of the score. */
export const MEASURED_FIELDS = {
  SLEEP: [
    "score",
    "bedtimeStart",
    "bedtimeEnd",
    "inBedSeconds",
    "asleepSeconds",
    "awakeSeconds",
    "lightSeconds",
    "deepSeconds",
    "remSeconds",
    "latencySeconds",
    "efficiencyPercent",
    "averageHeartRateBpm",
    "lowestHeartRateBpm",
    "averageHrv",
    "breathsPerMinute",
    "sessions",
  ] satisfies Measured<SleepDay>[],
  READINESS: [
    "score",
    "temperatureDeviationCelsius",
    "temperatureTrendDeviationCelsius",
    "restingHeartRateBpm",
    "hrv",
    "spo2Percent",
    "skinTemperatureCelsius",
    "ansCharge",
  ] satisfies Measured<ReadinessDay>[],
  ACTIVITY: [
    "score",
    "steps",
    "distanceMeters",
    "equivalentWalkingDistanceMeters",
    "activeEnergyKilocalories",
    "totalEnergyKilocalories",
    "highActivitySeconds",
    "mediumActivitySeconds",
    "lowActivitySeconds",
    "sedentarySeconds",
    "restingSeconds",
    "nonWearSeconds",
    "inactivityAlerts",
    "strain",
  ] satisfies Measured<ActivityDay>[],
  HRV: ["averageMilliseconds", "minimumMilliseconds", "maximumMilliseconds", "samples"] satisfies Measured<HrvDay>[],
} as const satisfies Record<Metric, readonly string[]>;

/** A name out of {@link MEASURED_FIELDS}. */
export type MeasuredField = (typeof MEASURED_FIELDS)[Metric][number];

/** The day's {@link MEASURED_FIELDS} that hold something: 0 is a number like any other, an empty list is nothing. */
export function filledFields(value: DailyValue): readonly MeasuredField[] {
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return MEASURED_FIELDS[value.metric].filter((name) => {
    const field = fields[name] ?? null;
    return Array.isArray(field) ? field.length > 0 : field !== null;
  });
}

/** How many of a day's {@link MEASURED_FIELDS} hold something. */
export function coverageOf(value: DailyValue): number {
  return filledFields(value).length;
}
