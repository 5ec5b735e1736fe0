import fc from "fast-check";
import { instantAt } from "../../../src/domain/instants";
import { contributorScores, samplePoints, stageSpans } from "../../../src/domain/packing";
import type { ContributorScore, HrvPoint, SleepStage, StageSpan, StoredRecord } from "../../../src/domain/records";
import { EVENING } from "./records";

const STAGES: readonly SleepStage[] = ["AWAKE", "ASLEEP", "LIGHT", "DEEP", "REM", "UNKNOWN"];
const offset = fc.option(
  fc.integer({ min: -56, max: 56 }).map((quarters) => quarters * 15),
  { nil: null },
);
const milliseconds = fc.oneof(fc.nat(200), fc.double({ noDefaultInfinity: true, noNaN: true }));
/** Any instant of the night. */
export const anyInstant = fc
  .tuple(fc.nat(100_000), offset)
  .map(([after, minutes]) => instantAt(EVENING + after, minutes));

/** Steady steps with gaps, as vendors send them. */
const steadySamples = fc
  .record({ offset, step: fc.integer({ min: 1, max: 900 }), values: fc.array(fc.option(milliseconds, { nil: null })) })
  .map(({ offset: minutes, step, values }) =>
    values.flatMap((value, index) => {
      return value === null ? [] : [{ at: instantAt(EVENING + index * step, minutes), milliseconds: value }];
    }),
  );
/** Any samples: at even steps with gaps, or anyhow. */
export const anySamples: fc.Arbitrary<readonly HrvPoint[]> = fc.oneof(
  steadySamples,
  fc.array(fc.record({ at: anyInstant, milliseconds })),
  fc.array(fc.record({ milliseconds, at: anyInstant })),
);

const steadyStages = fc
  .record({
    offset,
    runs: fc.array(fc.tuple(fc.constantFrom(null, ...STAGES), fc.nat(9_000)), { maxLength: 60 }),
  })
  .map(({ offset: minutes, runs }) => {
    let reached = EVENING;
    return runs.flatMap(([stage, seconds]) => {
      const from = reached;
      reached += seconds;
      if (stage === null) return [];
      return [{ stage, start: instantAt(from, minutes), end: instantAt(reached, minutes) }];
    });
  });
/** Any hypnogram: stretches after one another, or anyhow. */
export const anyStages: fc.Arbitrary<readonly StageSpan[]> = fc.oneof(
  steadyStages,
  fc.array(fc.record({ stage: fc.constantFrom(...STAGES), start: anyInstant, end: anyInstant })),
);

const name = fc.oneof(fc.constantFrom("deep_sleep", "timing", "", "a b", "a,b", "a:b", "null"), fc.string());
/** Any contributors, whatever their names. */
export const anyContributors: fc.Arbitrary<readonly ContributorScore[]> = fc.array(
  fc
    .record({ nativeKey: name, own: fc.boolean(), other: fc.option(name), score: fc.option(milliseconds) })
    .map(({ nativeKey, own, other, score }) => ({ key: own ? nativeKey : other, nativeKey, score })),
);

/** A record with its list item by item. */
export function unpacked(record: StoredRecord): unknown {
  if (record.kind === "hrv") return { ...record, samples: samplePoints(record.samples) };
  if (record.kind === "sleep_session") return { ...record, stages: stageSpans(record.stages) };
  return { ...record, contributors: contributorScores(record.contributors) };
}
