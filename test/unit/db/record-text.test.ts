import fc from "fast-check";
import { RECORD_SHAPES } from "../../../src/db/record-shapes";
import { recordOf, recordText, textOf } from "../../../src/db/record-text";
import { instantAt } from "../../../src/domain/instants";
import { packRecord } from "../../../src/domain/packing";
import type { RecordKind, WearableRecord } from "../../../src/domain/records";
import { anyContributors, anyInstant, anySamples, anyStages, unpacked } from "../domain/lists";
import { activity, EVENING, hrv, readiness, score, session } from "../domain/records";

const number = fc.option(fc.oneof(fc.nat(40_000), fc.double({ noNaN: true, noDefaultInfinity: true })), { nil: null });
const anyText = fc.oneof(fc.constantFrom("night", "a,b", "]", '"', "\\", "\n"), fc.string());
const average = fc.option(
  fc.record({ milliseconds: fc.nat(200), method: fc.constantFrom("RMSSD" as const, "SDNN" as const) }),
  { nil: null },
);

/** A record with some of its own numbers told otherwise, and some of what it may leave out. */
const varied = (made: WearableRecord): fc.Arbitrary<WearableRecord> => {
  const numbers = Object.entries(made).flatMap(([name, value]) =>
    typeof value === "number" ? [[name, number] as const] : [],
  );
  const told = fc.record({ key: anyText, ...Object.fromEntries(numbers) });
  return fc.tuple(told, fc.record({ at: anyInstant }, { requiredKeys: [] })).map(([values, some]) => {
    return { ...made, ...values, ...some } as WearableRecord;
  });
};
const leftOut: Readonly<Record<RecordKind, fc.Arbitrary<object>>> = {
  sleep_score: fc.constant({}),
  readiness: fc.record(
    { restingHeartRateBpm: number, hrv: average, spo2Percent: number, ansCharge: number },
    { requiredKeys: [] },
  ),
  activity: fc.record({ strain: number, running: fc.boolean() }, { requiredKeys: [] }),
  hrv: fc.record(
    { sessionKey: anyText, clockSamples: fc.constant([{ clock: "23:10", milliseconds: 40 }]) },
    { requiredKeys: ["sessionKey"] },
  ),
  sleep_session: fc.record(
    { cycleKey: anyText, averageHrv: average, end: fc.option(anyInstant, { nil: null }), start: anyInstant },
    { requiredKeys: ["averageHrv", "end", "start"] },
  ),
};
const anyRecord: fc.Arbitrary<WearableRecord> = fc
  .oneof(
    anySamples.map((samples) => hrv({ samples })),
    anyStages.map((stages) => session({ stages })),
    fc
      .tuple(fc.constantFrom(score, readiness, activity), anyContributors)
      .map(([made, contributors]): WearableRecord => made({ contributors })),
  )
  .chain((made) =>
    fc.tuple(varied(made), leftOut[made.kind]).map(([one, more]) => ({ ...one, ...more }) as WearableRecord),
  );

const handedOn = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** The same, each object's names in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, one]) => [name, turned(one)]),
  );
}

test("a record comes back from its text and its columns as it was, whatever it leaves out", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const back = recordOf(record.kind, record.key, record.day, JSON.parse(`[${recordText(record)}]`));
      expect(unpacked(back)).toEqual(handedOn(record));
    }),
    { numRuns: 3_000 },
  );
});

test("records that say the same are the same text: packed, in another order, or read and written again", () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      const text = recordText(record);
      expect(recordText(packRecord(record))).toBe(text);
      expect(recordText(turned(record) as WearableRecord)).toBe(text);
      expect(recordText(recordOf(record.kind, record.key, record.day, JSON.parse(`[${text}]`)))).toBe(text);
    }),
    { numRuns: 1_000 },
  );
});

test("a name that no place is known for is kept by name", () => {
  const later = { ...activity(), cadence: { stepsPerMinute: 90 } };
  const text = recordText(later);
  expect(recordOf("activity", later.key, later.day, JSON.parse(`[${text}]`))).toEqual(later);
});

test("rows written by earlier versions are read as they were meant", () => {
  const night = session({ averageHrv: { milliseconds: 42, method: "RMSSD" } });
  const text =
    '"night",null,25200,"2026-03-28T22:00:00+01:00",28800," L28800",28800,3600,14400,5400,5400,600,87.5,54.5,48,[42,"RMSSD"],14.5';
  expect(recordText(night)).toBe(text);
  const [start, end] = [instantAt(EVENING, 60), instantAt(EVENING + 28_800, 60)];
  expect(recordOf("sleep_session", "night", night.day, JSON.parse(`[${text}]`))).toEqual({
    ...packRecord(night),
    start,
    end,
  });
  expect(recordText(score())).toBe('80,"deep:deep_sleep 70"');
  expect(recordText(readiness())).toBe("75,[],-0.2,0");
  expect(recordText(activity())).toBe("90,[],null,8000,7500,400,2300,0,1800,14400,36000,28800,0,1");
  expect(recordText(hrv())).toBe('"2026-03-28T22:00:00+01:00 300 40,25,61",42,"RMSSD"');
});

test("a value is asked of the database by its place, and a name without one is refused", () => {
  expect(textOf("sleep_session", "asleepSeconds")).toBe("(('[' || body || ']')::jsonb ->> 2)");
  expect(() => textOf("activity", "kind")).toThrow("expected one of score");
});

/** The names of a row's values, by place, as the first rows were written; new ones come behind these. */
const WRITTEN: Readonly<Record<RecordKind, string>> = {
  sleep_score: "score contributors at",
  readiness: "score contributors temperatureDeviationCelsius temperatureTrendDeviationCelsius at",
  activity: `score contributors at steps equivalentWalkingDistanceMeters activeEnergyKilocalories totalEnergyKilocalories
    highActivitySeconds mediumActivitySeconds lowActivitySeconds sedentarySeconds restingSeconds nonWearSeconds inactivityAlerts
    distanceMeters running`,
  hrv: "samples averageMilliseconds method sessionKey at",
  sleep_session: `nature cycleKey asleepSeconds start end stages inBedSeconds awakeSeconds lightSeconds deepSeconds remSeconds
    latencySeconds efficiencyPercent averageHeartRateBpm lowestHeartRateBpm averageHrv breathsPerMinute at`,
};

test.each(Object.entries(WRITTEN))("a row of a %s is read by the places that it was written in", (kind, written) => {
  const names = written.split(/\s+/);
  const places = names.map((_, place) => place);
  const read = RECORD_SHAPES[kind as RecordKind]({ key: "k", day: "d" }, places);
  expect(read).toEqual({ kind, key: "k", day: "d", ...Object.fromEntries(names.map((name, place) => [name, place])) });
  expect(Object.keys(read)).toEqual(["kind", "key", "day", ...names]);
});
