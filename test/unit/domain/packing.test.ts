import fc from "fast-check";
import { assemble } from "../../../src/domain/assembly";
import { type Instant, instantAt } from "../../../src/domain/instants";
import { METRICS } from "../../../src/domain/metrics";
import {
  contributorScores,
  packContributors,
  packRecord,
  packSamples,
  packStages,
  sampleExtremes,
  samplePoints,
  sampleValues,
  stageSpans,
} from "../../../src/domain/packing";
import type { HrvPoint, Samples, StageSpan, WearableRecord } from "../../../src/domain/records";
import { anyContributors, anySamples, anyStages, unpacked } from "./lists";
import { activity, anyRecords, DAY, EVENING, hrv, readiness, score, session } from "./records";

/** As the database and caches hand things on. */
const handedOn = <T>(value: T): T => JSON.parse(JSON.stringify(value));

test("any record comes back to the byte: whatever its times, offsets and gaps", () => {
  const anyRecord: fc.Arbitrary<WearableRecord> = fc.oneof(
    anySamples.map((samples) => hrv({ samples })),
    anyStages.map((stages) => session({ stages })),
    fc
      .tuple(fc.constantFrom(score, readiness, activity), anyContributors)
      .map(([made, contributors]) => made({ contributors })),
  );
  fc.assert(
    fc.property(anyRecord, (record) => {
      expect(JSON.stringify(unpacked(handedOn(packRecord(record))))).toBe(JSON.stringify(record));
    }),
    { numRuns: 2_000 },
  );
});

test("the values are those of the samples, in their order", () => {
  fc.assert(
    fc.property(anySamples, (samples) => {
      expect(sampleValues(handedOn(packSamples(samples)))).toEqual(handedOn(samples.map((one) => one.milliseconds)));
    }),
  );
});

test("the extremes are those of the values, however they are written", () => {
  const anyNumbers = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 300 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()),
  );
  const anyText = anyNumbers.map(
    (numbers) => `2026-03-01T23:00:00+01:00 300 ${numbers.map((one) => JSON.stringify(one))}`,
  );
  const decimals = fc.array(fc.tuple(fc.nat(9_999_999), fc.nat(7)).map(([whole, places]) => whole / 10 ** places));
  const anyDecimals = decimals.map((numbers) => `2026-03-01T23:00:00+01:00 300 ${numbers.join(",,")}`);
  fc.assert(
    fc.property(fc.oneof(anySamples.map(packSamples), anySamples, anyText, anyDecimals), (given) => {
      const samples = given as Samples;
      const values = sampleValues(samples);
      const expected = values.length > 0 ? { least: Math.min(...values), greatest: Math.max(...values) } : null;
      expect(sampleExtremes(samples)).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("what is assembled of packed records is what is assembled of the records", () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const stored = records.map((kept) => ({ ...kept, record: packRecord(kept.record as WearableRecord) }));
      for (const metric of METRICS) {
        const [plain, packed] = [records, stored].map((of) => {
          return assemble(metric, DAY, of, { settled: true, dayOver: true }).map((value) => {
            if (value.metric === "HRV") return { ...value, samples: samplePoints(value.samples) };
            if (value.metric !== "SLEEP") return { ...value, contributors: contributorScores(value.contributors) };
            const sessions = value.sessions.map((one) => ({ ...one, stages: stageSpans(one.stages) }));
            return { ...value, contributors: contributorScores(value.contributors), sessions };
          });
        });
        expect(packed).toEqual(plain);
      }
    }),
  );
});

test("a night is short text: start, step and values, a gap left empty; start, stages and seconds", () => {
  const at = (seconds: number) => instantAt(EVENING + seconds, 60);
  const samples = [0, 300, 900].map((seconds, index) => ({ at: at(seconds), milliseconds: 40 + index / 2 }));
  expect(packSamples(samples)).toBe(`${at(0)} 300 40,40.5,,41`);
  const stages: StageSpan[] = [
    { stage: "LIGHT", start: at(0), end: at(300) },
    { stage: "DEEP", start: at(300), end: at(900) },
    { stage: "AWAKE", start: at(930), end: at(960) },
  ];
  expect(packStages(stages)).toBe(`${at(0)} L300D600-30W30`);
});

test("contributors are short text: the vendor's name, the common one where it is another, the score where there is one", () => {
  const packed = packContributors([
    { key: "timing", nativeKey: "timing", score: 71 },
    { key: "rem_sleep", nativeKey: "rem", score: 0.5 },
    { key: null, nativeKey: "mood", score: null },
  ]);
  expect(packed).toBe("timing 71,rem:rem_sleep 0.5,mood: ");
});

test.each([
  { name: "none", contributors: [] },
  { name: "a name with a space", contributors: [{ key: null, nativeKey: "deep sleep", score: 1 }] },
  { name: "a name with a comma", contributors: [{ key: null, nativeKey: "deep,sleep", score: 1 }] },
  { name: "a name with a colon", contributors: [{ key: "a", nativeKey: "deep:sleep", score: 1 }] },
])("contributors that do not fit stay as they are: $name", ({ contributors }) => {
  expect(packContributors(contributors)).toBe(contributors);
});

test.each<{ name: string; samples: readonly HrvPoint[] }>([
  { name: "none", samples: [] },
  { name: "one", samples: [{ at: instantAt(EVENING, 0), milliseconds: 1 }] },
  { name: "uneven steps", samples: [0, 300, 750].map((s) => ({ at: instantAt(EVENING + s, 0), milliseconds: 1 })) },
  { name: "one moment twice", samples: [0, 0].map((s) => ({ at: instantAt(EVENING + s, 0), milliseconds: 1 })) },
  { name: "backwards", samples: [300, 0].map((s) => ({ at: instantAt(EVENING + s, 0), milliseconds: 1 })) },
  { name: "seldom", samples: [0, 1, 9_000].map((s) => ({ at: instantAt(EVENING + s, 0), milliseconds: 1 })) },
  { name: "an offset that changes", samples: [60, 0].map((o, i) => ({ at: instantAt(i * 300, o), milliseconds: 1 })) },
  { name: "no number", samples: [0, 300].map((s) => ({ at: instantAt(s, 0), milliseconds: Number.NaN })) },
  { name: "no instants", samples: ["x", "y"].map((at) => ({ at: at as Instant, milliseconds: 1 })) },
])("samples that do not fit stay as they are: $name", ({ samples }) => {
  expect(packSamples(samples)).toBe(samples);
});

test.each<{ name: string; stages: readonly StageSpan[] }>([
  { name: "none", stages: [] },
  {
    name: "overlapping",
    stages: [0, 100].map((s) => ({ stage: "REM", start: instantAt(s, 0), end: instantAt(s + 300, 0) })),
  },
  { name: "an offset that changes", stages: [{ stage: "REM", start: instantAt(0, 60), end: instantAt(300, 0) }] },
  { name: "no instants", stages: [{ stage: "REM", start: "x" as Instant, end: "y" as Instant }] },
])("a hypnogram that does not fit stays as it is: $name", ({ stages }) => {
  expect(packStages(stages)).toBe(stages);
});
