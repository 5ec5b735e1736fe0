import type { RecordKind } from "../domain/records";

/** The columns that a record has beside its values. */
interface Columns {
  readonly key: string;
  readonly day: string;
}

/** A record's values by place; those at the end may be missing. */
type Values = readonly unknown[];

/**
 * Makes a record of each kind out of its columns and values. The order of the names is that of every row ever written: new names go to
 * the end of none of these, what is not listed is kept by name behind the last place. What is never null but may be left out is then
 * undefined. Written out, because V8 makes an object whose names it sees sooner than one of names in a list, and reading a month makes 150
 * of them.
 */
export const RECORD_SHAPES: Readonly<
  Record<RecordKind, (columns: Columns, values: Values) => Record<string, unknown>>
> = {
  sleep_score: ({ key, day }, values) => ({
    kind: "sleep_score",
    key,
    day,
    score: values[0] ?? null,
    contributors: values[1] ?? null,
    at: values[2] ?? undefined,
  }),
  readiness: ({ key, day }, values) => ({
    kind: "readiness",
    key,
    day,
    score: values[0] ?? null,
    contributors: values[1] ?? null,
    temperatureDeviationCelsius: values[2] ?? null,
    temperatureTrendDeviationCelsius: values[3] ?? null,
    at: values[4] ?? undefined,
  }),
  activity: ({ key, day }, values) => ({
    kind: "activity",
    key,
    day,
    score: values[0] ?? null,
    contributors: values[1] ?? null,
    at: values[2] ?? undefined,
    steps: values[3] ?? null,
    equivalentWalkingDistanceMeters: values[4] ?? null,
    activeEnergyKilocalories: values[5] ?? null,
    totalEnergyKilocalories: values[6] ?? null,
    highActivitySeconds: values[7] ?? null,
    mediumActivitySeconds: values[8] ?? null,
    lowActivitySeconds: values[9] ?? null,
    sedentarySeconds: values[10] ?? null,
    restingSeconds: values[11] ?? null,
    nonWearSeconds: values[12] ?? null,
    inactivityAlerts: values[13] ?? null,
    distanceMeters: values[14] ?? null,
    running: values[15] ?? undefined,
  }),
  hrv: ({ key, day }, values) => ({
    kind: "hrv",
    key,
    day,
    samples: values[0] ?? null,
    averageMilliseconds: values[1] ?? null,
    method: values[2] ?? null,
    sessionKey: values[3] ?? key,
    at: values[4] ?? undefined,
  }),
  sleep_session: ({ key, day }, values) => ({
    kind: "sleep_session",
    key,
    day,
    nature: values[0] ?? null,
    cycleKey: values[1] ?? undefined,
    asleepSeconds: values[2] ?? null,
    start: values[3] ?? null,
    end: values[4] ?? null,
    stages: values[5] ?? null,
    inBedSeconds: values[6] ?? null,
    awakeSeconds: values[7] ?? null,
    lightSeconds: values[8] ?? null,
    deepSeconds: values[9] ?? null,
    remSeconds: values[10] ?? null,
    latencySeconds: values[11] ?? null,
    efficiencyPercent: values[12] ?? null,
    averageHeartRateBpm: values[13] ?? null,
    lowestHeartRateBpm: values[14] ?? null,
    averageHrv: values[15] ?? null,
    breathsPerMinute: values[16] ?? null,
    at: values[17] ?? undefined,
  }),
};
