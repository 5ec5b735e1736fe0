import fc from "fast-check";
import { type CivilDay, civilDay, dayFromNumber, dayNumber } from "../../../src/domain/days";
import { instantAt } from "../../../src/domain/instants";
import type {
  ActivityRecord,
  HrvRecord,
  KeptRecord,
  ReadinessRecord,
  SleepScoreRecord,
  SleepSessionRecord,
  WearableRecord,
} from "../../../src/domain/records";

/** The day that the examples are about. */
export const DAY = civilDay("2026-03-29");

/** 22:00 at UTC+1 on the evening before {@link DAY}, in epoch seconds. */
export const EVENING = dayNumber(DAY) * 86_400 - 3 * 3_600;

/** A whole record received at `receivedAt` (epoch seconds). */
export function kept(record: WearableRecord, receivedAt = 1_000, endpoint = "endpoint"): KeptRecord {
  return { endpoint, receivedAt, record };
}

/** A score of 80 with one contributor. */
export function score(over: Partial<SleepScoreRecord> = {}): SleepScoreRecord {
  return {
    kind: "sleep_score",
    key: "score",
    day: DAY,
    score: 80,
    contributors: [{ key: "deep_sleep", nativeKey: "deep", score: 70 }],
    ...over,
  };
}

/** A night of eight hours with every field told. */
export function session(over: Partial<SleepSessionRecord> = {}): SleepSessionRecord {
  return {
    kind: "sleep_session",
    key: "night",
    day: DAY,
    nature: "night",
    start: instantAt(EVENING, 60),
    end: instantAt(EVENING + 28_800, 60),
    inBedSeconds: 28_800,
    asleepSeconds: 25_200,
    awakeSeconds: 3_600,
    lightSeconds: 14_400,
    deepSeconds: 5_400,
    remSeconds: 5_400,
    latencySeconds: 600,
    efficiencyPercent: 87.5,
    averageHeartRateBpm: 54.5,
    lowestHeartRateBpm: 48,
    averageHrv: { milliseconds: 42, method: "RMSSD" },
    breathsPerMinute: 14.5,
    stages: [{ stage: "LIGHT", start: instantAt(EVENING, 60), end: instantAt(EVENING + 28_800, 60) }],
    ...over,
  };
}

/** A readiness of 75. */
export function readiness(over: Partial<ReadinessRecord> = {}): ReadinessRecord {
  return {
    kind: "readiness",
    key: "readiness",
    day: DAY,
    score: 75,
    contributors: [],
    temperatureDeviationCelsius: -0.2,
    temperatureTrendDeviationCelsius: 0,
    ...over,
  };
}

/** A day of 8,000 steps. */
export function activity(over: Partial<ActivityRecord> = {}): ActivityRecord {
  return {
    kind: "activity",
    key: "activity",
    day: DAY,
    score: 90,
    contributors: [],
    steps: 8_000,
    distanceMeters: null,
    equivalentWalkingDistanceMeters: 7_500,
    activeEnergyKilocalories: 400,
    totalEnergyKilocalories: 2_300,
    highActivitySeconds: 0,
    mediumActivitySeconds: 1_800,
    lowActivitySeconds: 14_400,
    sedentarySeconds: 36_000,
    restingSeconds: 28_800,
    nonWearSeconds: 0,
    inactivityAlerts: 1,
    ...over,
  };
}

/** Three samples of RMSSD in the session `night`. */
export function hrv(over: Partial<HrvRecord> = {}): HrvRecord {
  return {
    kind: "hrv",
    key: "night",
    day: DAY,
    method: "RMSSD",
    sessionKey: "night",
    averageMilliseconds: 42,
    samples: [40, 25, 61].map((milliseconds, index) => ({ at: instantAt(EVENING + index * 300, 60), milliseconds })),
    ...over,
  };
}

const orNull = (max: number) => fc.option(fc.nat(max), { nil: null });
const key = fc.constantFrom("a", "b", "c", "d", "e");

const anySession = fc
  .record({
    key,
    nature: fc.constantFrom("night" as const, "nap" as const),
    begins: fc.nat(8),
    offset: fc.integer({ min: -48, max: 56 }).map((quarters) => quarters * 15),
    lasts: fc.boolean(),
    asleepSeconds: orNull(3),
    inBedSeconds: orNull(3),
    deepSeconds: orNull(3),
  })
  .map(({ begins, offset, lasts, ...told }) =>
    session({
      ...told,
      start: instantAt(EVENING + begins * 1_800, offset),
      end: lasts ? null : instantAt(EVENING + begins * 1_800 + 900, offset),
    }),
  );

const anyHrv = fc
  .record({
    key,
    sessionKey: key,
    method: fc.constantFrom("RMSSD" as const, "SDNN" as const, "UNKNOWN" as const),
    averageMilliseconds: orNull(100),
    values: fc.array(fc.nat(100), { maxLength: 4 }),
  })
  .map(({ values, ...told }) =>
    hrv({
      ...told,
      samples: values.map((milliseconds, i) => ({ at: instantAt(EVENING + i * 300, 60), milliseconds })),
    }),
  );

/** Any records of one account and day, in any order; few keys and values, so that ties are common; unique as in the database. */
export const anyRecords: fc.Arbitrary<KeptRecord[]> = fc.uniqueArray(
  fc.record({
    endpoint: fc.constantFrom("first", "second"),
    receivedAt: fc.nat(3),
    record: fc.oneof(
      { weight: 3, arbitrary: anySession },
      { weight: 2, arbitrary: anyHrv },
      fc.record({ key, score: orNull(100) }).map(score),
      fc.record({ key, score: orNull(100) }).map(readiness),
      fc.record({ key, steps: orNull(100) }).map(activity),
    ),
  }),
  { maxLength: 12, selector: ({ endpoint, record }) => `${endpoint}|${record.kind}|${record.key}` },
);

/** Any civil day of four weeks, so that runs are common. */
export const anyDay: fc.Arbitrary<CivilDay> = fc.nat(27).map((count) => dayFromNumber(dayNumber(DAY) + count));
