import { getNamedType, isObjectType } from "graphql";
import { buildGatewaySchema } from "../../../schema/build";
import { assemble } from "../../../src/domain/assembly";
import type { DailyValue } from "../../../src/domain/daily";
import { coverageOf, filledFields, MEASURED_FIELDS } from "../../../src/domain/measured";
import { METRICS, type Metric } from "../../../src/domain/metrics";
import type { WearableRecord } from "../../../src/domain/records";
import { activity, DAY, hrv, kept, readiness, score, session } from "./records";

const dayOf = (metric: Metric, ...records: WearableRecord[]): DailyValue =>
  assemble(
    metric,
    DAY,
    records.map((record) => kept(record)),
    { settled: true, dayOver: true },
  )[0]!;
const WHOLE = [score(), session(), readiness(), activity(), hrv()];

it.each(METRICS)("the measured fields of %s are all that a day holds beside its bookkeeping", (metric) => {
  const bookkeeping = ["metric", "day", "fetchedAt", "completeness", "contributors", "method"];
  const fields = Object.keys(dayOf(metric, ...WHOLE)).filter((name) => !bookkeeping.includes(name));
  expect([...MEASURED_FIELDS[metric]].sort()).toEqual(fields.sort());
});

it.each(METRICS)("the measured fields of %s have the same names in the schema", (metric) => {
  const schema = buildGatewaySchema({ providers: [{ slug: "ring", displayName: "Ring" }] });
  const user = schema.getType("User");
  const result = isObjectType(user) && getNamedType(user.getFields()[metric.toLowerCase()]!.type);
  const record = isObjectType(result) && getNamedType(result.getFields()["nodes"]!.type);
  const names = isObjectType(record) ? Object.keys(record.getFields()) : [];
  expect(names).toEqual(expect.arrayContaining([...MEASURED_FIELDS[metric]]));
});

it("0 is data, null and an empty list are not", () => {
  expect(filledFields(dayOf("SLEEP", score()))).toEqual(["score"]);
  expect(filledFields(dayOf("SLEEP", session({ nature: "nap" })))).toEqual(["sessions"]);
  expect(filledFields(dayOf("ACTIVITY", activity({ steps: 0 })))).toContain("steps");
  expect(filledFields(dayOf("ACTIVITY", activity({ steps: null })))).not.toContain("steps");
  expect(filledFields(dayOf("HRV", session(), hrv({ samples: [] })))).toEqual(["averageMilliseconds"]);
});

it("values on scales of their own count like any other", () => {
  expect(filledFields(dayOf("READINESS", readiness({ ansCharge: 0, skinTemperatureCelsius: 33.1 })))).toEqual([
    "score",
    "temperatureDeviationCelsius",
    "temperatureTrendDeviationCelsius",
    "skinTemperatureCelsius",
    "ansCharge",
  ]);
  expect(filledFields(dayOf("ACTIVITY", activity({ strain: 0 })))).toContain("strain");
});

it("coverage is how many fields are filled", () => {
  expect(coverageOf(dayOf("SLEEP", ...WHOLE))).toBe(16);
  expect(coverageOf(dayOf("SLEEP", score()))).toBe(1);
  expect(coverageOf(dayOf("ACTIVITY", activity()))).toBe(12);
});
