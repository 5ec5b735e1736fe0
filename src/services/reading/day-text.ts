import type { ActivityDay, DailyValue, HrvDay, ReadinessDay, SleepDay, SleepSessionDay } from "../../domain/daily";
import type { CivilDay } from "../../domain/days";
import type { Metric } from "../../domain/metrics";

/** A day's values by place; nulls at the end are left away. */
export type DayText = readonly unknown[];

type Made<Day> = (day: CivilDay, values: DayText) => Readonly<Record<keyof Day, unknown>>;

/**
 * Makes a day of each metric out of its values. Written out, because V8 makes an object whose names it sees sooner than one of names in
 * a list, and a month of four metrics is 120 of them. Who changes the places changes `ASSEMBLY_VERSION`.
 */
const SHAPES = {
  SLEEP: ((day, values) => ({
    metric: "SLEEP",
    day,
    fetchedAt: values[0],
    completeness: values[1],
    score: values[2] ?? null,
    contributors: values[3],
    bedtimeStart: values[4] ?? null,
    bedtimeEnd: values[5] ?? null,
    inBedSeconds: values[6] ?? null,
    asleepSeconds: values[7] ?? null,
    awakeSeconds: values[8] ?? null,
    lightSeconds: values[9] ?? null,
    deepSeconds: values[10] ?? null,
    remSeconds: values[11] ?? null,
    latencySeconds: values[12] ?? null,
    efficiencyPercent: values[13] ?? null,
    averageHeartRateBpm: values[14] ?? null,
    lowestHeartRateBpm: values[15] ?? null,
    averageHrv: values[16] ?? null,
    breathsPerMinute: values[17] ?? null,
    sessions: ((values[18] ?? []) as readonly DayText[]).map(sessionOf),
  })) satisfies Made<SleepDay>,
  READINESS: ((day, values) => ({
    metric: "READINESS",
    day,
    fetchedAt: values[0],
    completeness: values[1],
    score: values[2] ?? null,
    contributors: values[3],
    temperatureDeviationCelsius: values[4] ?? null,
    temperatureTrendDeviationCelsius: values[5] ?? null,
    restingHeartRateBpm: values[6] ?? null,
    hrv: values[7] ?? null,
    spo2Percent: values[8] ?? null,
    skinTemperatureCelsius: values[9] ?? null,
    ansCharge: values[10] ?? null,
  })) satisfies Made<ReadinessDay>,
  ACTIVITY: ((day, values) => ({
    metric: "ACTIVITY",
    day,
    fetchedAt: values[0],
    completeness: values[1],
    score: values[2] ?? null,
    contributors: values[3],
    steps: values[4] ?? null,
    distanceMeters: values[5] ?? null,
    equivalentWalkingDistanceMeters: values[6] ?? null,
    activeEnergyKilocalories: values[7] ?? null,
    totalEnergyKilocalories: values[8] ?? null,
    highActivitySeconds: values[9] ?? null,
    mediumActivitySeconds: values[10] ?? null,
    lowActivitySeconds: values[11] ?? null,
    sedentarySeconds: values[12] ?? null,
    restingSeconds: values[13] ?? null,
    nonWearSeconds: values[14] ?? null,
    inactivityAlerts: values[15] ?? null,
    strain: values[16] ?? null,
  })) satisfies Made<ActivityDay>,
  HRV: ((day, values) => ({
    metric: "HRV",
    day,
    fetchedAt: values[0],
    completeness: values[1],
    method: values[2],
    samples: values[3],
    averageMilliseconds: values[4] ?? null,
    minimumMilliseconds: values[5] ?? null,
    maximumMilliseconds: values[6] ?? null,
  })) satisfies Made<HrvDay>,
};

function sessionOf(values: DayText) {
  return {
    sessionType: values[0],
    start: values[1],
    stages: values[2],
    end: values[3] ?? null,
    inBedSeconds: values[4] ?? null,
    asleepSeconds: values[5] ?? null,
    awakeSeconds: values[6] ?? null,
    lightSeconds: values[7] ?? null,
    deepSeconds: values[8] ?? null,
    remSeconds: values[9] ?? null,
  } satisfies Record<keyof SleepSessionDay, unknown>;
}

const NOWHERE = "" as CivilDay;
const SESSION_NAMES = Object.keys(sessionOf([]));
const NAMES = Object.fromEntries(
  Object.entries(SHAPES).map(([metric, shape]) => [metric, Object.keys(shape(NOWHERE, [])).slice(2)]),
) as unknown as Readonly<Record<Metric, readonly string[]>>;

/** The values of a day by place: names would take more room than what they name. */
export function dayText(value: DailyValue): DayText {
  if (value.metric !== "SLEEP") return placed(NAMES[value.metric], value);
  const sessions = value.sessions.map((session) => placed(SESSION_NAMES, session));
  return placed(NAMES.SLEEP, { ...value, sessions });
}

/** The day that {@link dayText} wrote. */
export function dayOf(metric: Metric, day: CivilDay, text: DayText): DailyValue {
  return SHAPES[metric](day, text) as unknown as DailyValue;
}

function placed(names: readonly string[], of: object): DayText {
  const values = names.map((name) => (of as Readonly<Record<string, unknown>>)[name]);
  while ((values.at(-1) ?? null) === null) values.pop();
  return values;
}
