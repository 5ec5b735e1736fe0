import fc from "fast-check";
import type {
  ActivityDay,
  DailyValue,
  HrvDay,
  ReadinessDay,
  SleepDay,
  SleepSessionDay,
} from "../../../src/domain/daily";
import { civilDay } from "../../../src/domain/days";
import { dayOf, dayText } from "../../../src/services/reading/day-text";

type Arbitraries<Day> = { [Name in keyof Day]-?: fc.Arbitrary<Day[Name]> };

const told = fc.option(
  fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0),
  { nil: null },
);
const text = fc.string();
const instant = text as fc.Arbitrary<never>;
const packed = text as fc.Arbitrary<never>;
const average = fc.option(fc.record({ milliseconds: fc.integer(), method: fc.constantFrom("RMSSD", "SDNN") }), {
  nil: null,
}) as fc.Arbitrary<ReadinessDay["hrv"]>;
const base = {
  day: fc.constantFrom(civilDay("2026-10-01"), civilDay("2024-02-29")),
  fetchedAt: fc.double({ min: 1, max: 2e9, noNaN: true }),
  completeness: fc.constantFrom("FINAL", "PROVISIONAL", "IN_PROGRESS"),
} as const;
const spans = {
  inBedSeconds: told,
  asleepSeconds: told,
  awakeSeconds: told,
  lightSeconds: told,
  deepSeconds: told,
  remSeconds: told,
};
const session: Arbitraries<SleepSessionDay> = {
  sessionType: fc.constantFrom("MAIN", "SECONDARY", "NAP"),
  start: instant,
  end: fc.option(instant, { nil: null }),
  ...spans,
  stages: packed,
};
const sleep: Arbitraries<SleepDay> = {
  ...base,
  metric: fc.constant("SLEEP"),
  score: told,
  contributors: packed,
  bedtimeStart: fc.option(instant, { nil: null }),
  bedtimeEnd: fc.option(instant, { nil: null }),
  ...spans,
  latencySeconds: told,
  efficiencyPercent: told,
  averageHeartRateBpm: told,
  lowestHeartRateBpm: told,
  averageHrv: average,
  breathsPerMinute: told,
  sessions: fc.array(fc.record(session), { maxLength: 3 }),
};
const readiness: Arbitraries<ReadinessDay> = {
  ...base,
  metric: fc.constant("READINESS"),
  score: told,
  contributors: packed,
  temperatureDeviationCelsius: told,
  temperatureTrendDeviationCelsius: told,
  restingHeartRateBpm: told,
  hrv: average,
  spo2Percent: told,
  skinTemperatureCelsius: told,
  ansCharge: told,
};
const activity: Arbitraries<ActivityDay> = {
  ...base,
  metric: fc.constant("ACTIVITY"),
  score: told,
  contributors: packed,
  steps: told,
  distanceMeters: told,
  equivalentWalkingDistanceMeters: told,
  activeEnergyKilocalories: told,
  totalEnergyKilocalories: told,
  highActivitySeconds: told,
  mediumActivitySeconds: told,
  lowActivitySeconds: told,
  sedentarySeconds: told,
  restingSeconds: told,
  nonWearSeconds: told,
  inactivityAlerts: told,
  strain: told,
};
const hrv: Arbitraries<HrvDay> = {
  ...base,
  metric: fc.constant("HRV"),
  method: fc.constantFrom("RMSSD", "SDNN", "UNKNOWN"),
  averageMilliseconds: told,
  minimumMilliseconds: told,
  maximumMilliseconds: told,
  samples: packed,
};
const anyDay: fc.Arbitrary<DailyValue> = fc.oneof(
  fc.record(sleep),
  fc.record(readiness),
  fc.record(activity),
  fc.record(hrv),
);

test("every day of every metric is read as it was written, through JSON", () => {
  fc.assert(
    fc.property(anyDay, (day) => {
      const written = JSON.parse(JSON.stringify(dayText(day)));
      expect(dayOf(day.metric, day.day, written)).toEqual(day);
    }),
    { numRuns: 500 },
  );
});

test("what is written ends with something told", () => {
  fc.assert(
    fc.property(anyDay, (day) => {
      expect(dayText(day).at(-1)).not.toBeNull();
    }),
  );
});
