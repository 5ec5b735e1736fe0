import type { Page } from "../../providers/contract";
import { addDays, daysOf, parseCivilDay } from "../../src/domain/days";
import { epochSeconds, type Instant, parseInstant } from "../../src/domain/instants";
import type { UndatedRecord, WearableRecord } from "../../src/domain/records";
import { LAST_400_DAYS, saidBy, somebody } from "./people";
import { fixturesOf, readOrRefuse } from "./rules-fixtures";
import type { Rule, Subject } from "./subject";

/** Plausible least and greatest of every quantity by the end of its name: the unit. */
const PLAUSIBLE: readonly [RegExp, number, number][] = [
  [/^score$/, 0, 100],
  [/Percent$/, 0, 100],
  [/Seconds$/, 0, 90_000],
  [/Bpm$/, 20, 250],
  [/illiseconds$/, 1, 1000],
  [/^breathsPerMinute$/, 3, 60],
  [/^skinTemperatureCelsius$/, 15, 45],
  [/Celsius$/, -15, 15],
  [/^ansCharge$/, -10, 10],
  [/^strain$/, 0, 21],
  [/Meters$/, 0, 500_000],
  [/Kilocalories$/, 0, 30_000],
  [/^steps$/, 0, 300_000],
  [/^inactivityAlerts$/, 0, 1440],
];

const WHOLE = /Seconds$|^steps$|^inactivityAlerts$/;

function numbersOf(value: unknown, name = ""): [string, number][] {
  if (typeof value === "number") return [[name, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, Array.isArray(value) ? name : key));
}

function instantsOf(value: unknown): string[] {
  if (typeof value === "string") return /^\d{4}-\d{2}-\d{2}T/.test(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(instantsOf) : [];
}

function sessionProblems(record: WearableRecord | UndatedRecord): string[] {
  if (record.kind !== "sleep_session") return [];
  const { start, end, stages } = record;
  const problems: string[] = [];
  if (end !== null && epochSeconds(end) <= epochSeconds(start)) problems.push("ends before it starts");
  let previous: { end: Instant; stage: string } | null = null;
  for (const span of stages) {
    if (epochSeconds(span.end) <= epochSeconds(span.start)) problems.push("a stage of no length");
    if (epochSeconds(span.start) < epochSeconds(previous?.end ?? start)) problems.push("stages overlap");
    if (previous?.stage === span.stage && previous.end === span.start) problems.push("equal stages not joined");
    if (end !== null && epochSeconds(span.end) > epochSeconds(end)) problems.push("a stage past the end");
    previous = span;
  }
  return problems;
}

/** What is implausible about one record. */
export function recordProblems(record: WearableRecord | UndatedRecord): string[] {
  const outside = numbersOf(record).filter(([name, value]) => {
    const [, min, max] = PLAUSIBLE.find(([pattern]) => pattern.test(name)) ?? [null, Number.NaN, Number.NaN];
    return !(value >= min && value <= max) || Object.is(value, -0) || (WHOLE.test(name) && !Number.isInteger(value));
  });
  const instants = instantsOf(record).filter((text) => parseInstant(text) !== text);
  const contributors = "contributors" in record ? record.contributors : [];
  const keys = contributors.filter(
    ({ key, nativeKey }) => (key !== null && !/^[a-z]+(_[a-z]+)*$/.test(key)) || !nativeKey,
  );
  return [
    ...outside.map(([name]) => name),
    ...instants.map(() => "an instant that is not canonical"),
    ...keys.map(({ nativeKey }) => `contributor ${nativeKey}`),
    ...sessionProblems(record),
    ...("day" in record && parseCivilDay(record.day) === null ? ["day"] : []),
    ...(record.key === "" ? ["key"] : []),
  ];
}

/** The pages of the good fixtures; those that are refused are another rule's matter. */
function pagesOf(subject: Subject): { name: string; endpoint: Subject["provider"]["endpoints"][number]; page: Page }[] {
  const good = fixturesOf(subject, "good").map(({ endpoint, fixture }) => ({
    name: fixture.name,
    endpoint,
    page: readOrRefuse(endpoint, fixture.body),
  }));
  return good.flatMap(({ name, endpoint, page }) => ("wireError" in page ? [] : [{ name, endpoint, page }]));
}

const offsetText = /(?:[+-]\d{2}:\d{2}|Z)$/;

/** The offset at an instant in the IANA zone that a document names, for vendors that write epochs and a zone; none where the zone is unknown. */
function zoneOffset(document: unknown, instant: string): string | undefined {
  const zone: unknown = document instanceof Object ? Reflect.get(document, "timezone") : undefined;
  if (typeof zone !== "string" || !/^[A-Z]\w+(?:\/[\w+-]+)*$/.test(zone)) return undefined;
  try {
    const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    const local = Date.parse(`${parts.format(Date.parse(instant)).replace(" ", "T")}Z`);
    const minutes = Math.round((local - Date.parse(instant)) / 60_000);
    const two = (number: number) => String(Math.floor(number)).padStart(2, "0");
    return `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The offsets that a document gives, at its instants or in a field of their own; `Z` in a field of its own is +00:00. */
function offsetsIn(value: unknown): ReadonlySet<string> {
  if (typeof value === "object" && value !== null)
    return new Set(Object.values(value).flatMap((inner) => [...offsetsIn(inner)]));
  if (typeof value !== "string") return new Set();
  if (/^(?:[+-]\d{2}:\d{2}|Z)$/.test(value)) return new Set([value === "Z" ? "+00:00" : value]);
  return new Set(instantsOf(value).map((text) => offsetText.exec(text)?.[0] ?? ""));
}

/** The offsets that a record's instant may have: those written in the document, else that of its zone; Z where there is neither. */
function givenOffsets(document: unknown, instant: string): ReadonlySet<string | undefined> {
  const written = offsetsIn(document);
  return written.size > 0 ? written : new Set([zoneOffset(document, instant) ?? "Z"]);
}

/** Rules about the records that come out. */
export const recordRules: readonly Rule[] = [
  {
    number: 11,
    name: "units plausible, instants canonical, hypnograms in order",
    check: (subject) =>
      pagesOf(subject).flatMap(({ name, page }) =>
        page.documents
          .flatMap((document) => saidBy(document).flatMap(recordProblems))
          .map((problem) => `${name}: ${problem}`),
      ),
  },
  {
    number: 12,
    name: "records are of the kinds and methods that the endpoint declares, keys unique",
    check: (subject) =>
      pagesOf(subject).flatMap(({ name, endpoint, page }) => {
        const records = page.documents.flatMap(saidBy);
        const keys = records.map(({ kind, key }) => `${kind} ${key}`);
        const sessions = new Set(records.filter(({ kind }) => kind === "sleep_session").map(({ key }) => key));
        return [
          ...records.filter(({ kind }) => !endpoint.yields.includes(kind)).map(({ kind }) => `${name}: yields ${kind}`),
          ...records
            .filter((record) => record.kind === "hrv" && !endpoint.hrvMethods?.includes(record.method))
            .map(() => `${name}: an undeclared method`),
          ...records
            .filter((record) => record.kind === "hrv" && sessions.size > 0 && !sessions.has(record.sessionKey))
            .map(() => `${name}: a session that is not there`),
          ...page.documents
            .filter(
              ({ undated }) => undated && !subject.provider.endpoints.some((one) => one.name === endpoint.daysFrom),
            )
            .map(() => `${name}: without a day, and no endpoint that gives it one`),
          ...(new Set(keys).size === keys.length ? [] : [`${name}: two records of one key`]),
        ];
      }),
  },
  {
    number: 13,
    name: "the wearer's offset is kept",
    check: (subject) => {
      const fixtures = pagesOf(subject).flatMap(({ name, page }) =>
        page.documents.flatMap((document) => {
          const lost = instantsOf(saidBy(document)).filter((text) => {
            const given = givenOffsets(document.raw, text);
            const offset = offsetText.exec(text)?.[0] ?? "";
            return !given.has(offset) || (offset === "Z" && given.size > 1);
          });
          return lost.length > 0 ? [`${name}: an offset that the vendor did not give`] : [];
        }),
      );
      const synthetic = [-480, 0, 345, 840].flatMap((offsetMinutes) => {
        const person = somebody({ offsetMinutes });
        return subject.provider.endpoints.flatMap((endpoint) => {
          const days = daysOf(LAST_400_DAYS).slice(0, 12);
          const data = days.flatMap((day) => subject.provider.synthetic.documents(endpoint.name, person, day, 0));
          const records = data.flatMap((document) => recordsOf(subject, endpoint.name, document));
          const lost = data.flatMap((document) =>
            instantsOf(recordsOf(subject, endpoint.name, document)).filter(
              (text) => !givenOffsets(document, text).has(offsetText.exec(text)?.[0]),
            ),
          );
          const zulu = instantsOf(records).filter((text) => text.endsWith("Z"));
          return lost.length + zulu.length > 0 ? [`${endpoint.name}: offset ${offsetMinutes} is lost`] : [];
        });
      });
      return [...fixtures, ...synthetic];
    },
  },
];

/** The records of one synthetic document, read by itself out of the vendor's own answer. */
function recordsOf(subject: Subject, name: string, document: unknown): readonly (WearableRecord | UndatedRecord)[] {
  const { provider } = subject;
  const endpoint = provider.endpoints.find((entry) => entry.name === name);
  if (!endpoint) return [];
  const { end } = LAST_400_DAYS;
  const request = endpoint.request({ start: addDays(end, 1 - (endpoint.maxDaysPerRequest ?? 400)), end }, null);
  const answer = provider.synthetic.answer({
    method: request.method,
    path: request.path,
    query: request.query ?? {},
    form: request.form ?? {},
    grantedScopes: [...provider.oauth.scopes],
    person: somebody({}),
    pageSize: null,
    documents: () => [document],
  });
  const page = readOrRefuse(endpoint, answer?.body);
  return "wireError" in page ? [] : page.documents.flatMap(saidBy);
}
