import { type Endpoint, fieldsOf, type WireDocument } from "../../providers/contract";
import { assemble } from "../../src/domain/assembly";
import { isContributorKey } from "../../src/domain/contributors";
import { civilDay, dayNumber } from "../../src/domain/days";
import { instantAt } from "../../src/domain/instants";
import { filledFields } from "../../src/domain/measured";
import { METRICS } from "../../src/domain/metrics";
import type { KeptRecord, SleepSessionRecord, UndatedRecord, WearableRecord } from "../../src/domain/records";
import { LAST_400_DAYS, pagesOf, somebody, withMargin } from "./people";
import { fixturesOf, readOrRefuse } from "./rules-fixtures";
import type { Rule, Subject } from "./subject";

const DAY = civilDay("2026-01-01");
const MIDNIGHT = dayNumber(DAY) * 86_400;
const STATE = { settled: true, dayOver: true };

/** A night as long as a day of which nothing else is told, for measurements that count by their session. */
function bareNight(key: string): SleepSessionRecord {
  const [start, end] = [instantAt(MIDNIGHT, 0), instantAt(MIDNIGHT + 86_399, 0)];
  const untold = {
    inBedSeconds: null,
    asleepSeconds: null,
    awakeSeconds: null,
    lightSeconds: null,
    deepSeconds: null,
    remSeconds: null,
    latencySeconds: null,
    efficiencyPercent: null,
    averageHeartRateBpm: null,
    lowestHeartRateBpm: null,
    averageHrv: null,
    breathsPerMinute: null,
  };
  return { kind: "sleep_session", key, day: DAY, nature: "night", start, end, ...untold, stages: [] };
}

function recordsOf({ records, undated }: WireDocument): readonly (WearableRecord | UndatedRecord)[] {
  return [...records, ...(undated?.records ?? [])];
}

/** The fields of assembled days that one record fills by itself, as `METRIC name`. */
function filledBy(record: WearableRecord | UndatedRecord): string[] {
  const kept = (one: WearableRecord): KeptRecord => ({ endpoint: "endpoint", receivedAt: 0, record: one });
  const own = { ...record, day: DAY };
  const records = own.kind === "hrv" ? [kept(own), kept(bareNight(own.sessionKey))] : [kept(own)];
  // The bare night is no document's: it must not count as sleep.
  return METRICS.filter((metric) => (metric === "HRV") === (own.kind === "hrv")).flatMap((metric) =>
    assemble(metric, DAY, records, STATE).flatMap((day) => filledFields(day).map((name) => `${metric} ${name}`)),
  );
}

const found = new WeakMap<Subject, Map<string, readonly WireDocument[]>>();

/** Every document that an endpoint is known to give: 400 synthetic days, and the good fixtures. Found out once. */
function documentsOf(subject: Subject, endpoint: Endpoint): readonly WireDocument[] {
  const known = found.get(subject) ?? new Map<string, readonly WireDocument[]>();
  const before = known.get(endpoint.name);
  if (before) return before;
  const window = withMargin(endpoint, LAST_400_DAYS);
  const synthetic = pagesOf(subject.provider, endpoint, somebody({}), window, null);
  const good = fixturesOf(subject, "good")
    .filter((pair) => pair.endpoint.name === endpoint.name)
    .flatMap(({ fixture }) => {
      const page = readOrRefuse(endpoint, fixture.body);
      return "wireError" in page ? [] : [page];
    });
  const documents = [...synthetic, ...good].flatMap((page) => page.documents);
  found.set(subject, known.set(endpoint.name, documents));
  return documents;
}

function differences(what: string, declared: Iterable<string>, found: ReadonlySet<string>): string[] {
  const names = new Set(declared);
  return [
    ...[...found].filter((name) => !names.has(name)).map((name) => `${what}: fills ${name}, undeclared`),
    ...[...names].filter((name) => !found.has(name)).map((name) => `${what}: never fills ${name}`),
  ];
}

/** Rules about what a wearable says that it can fill, and in which words. */
export const capabilityRules: readonly Rule[] = [
  {
    number: 23,
    name: "fields declared as filled are those that documents fill, endpoint by endpoint and in the capability matrix",
    check: (subject) => {
      const everything = new Set<string>();
      const perEndpoint = subject.provider.endpoints.flatMap((endpoint) => {
        const found = new Set(documentsOf(subject, endpoint).flatMap(recordsOf).flatMap(filledBy));
        for (const field of found) everything.add(field);
        const names = new Set([...found].map((field) => field.split(" ")[1] ?? ""));
        return differences(endpoint.name, endpoint.fills ?? [], names);
      });
      const matrix = fieldsOf(subject.provider).map(({ metric, name }) => `${metric} ${name}`);
      return [...perEndpoint, ...differences("matrix", matrix, everything)];
    },
  },
  {
    number: 24,
    name: "contributors are named by the common vocabulary, or by no key",
    check: (subject) => {
      const keys = subject.provider.endpoints.flatMap((endpoint) =>
        documentsOf(subject, endpoint)
          .flatMap(recordsOf)
          .flatMap((record) => ("contributors" in record ? record.contributors : []))
          .flatMap(({ key }) => (key === null || isContributorKey(key) ? [] : [key])),
      );
      return [...new Set(keys)].map((key) => `${key} is not in the common vocabulary`);
    },
  },
];
