import { epochSeconds, type Instant, instantAt, offsetOf } from "../domain/instants";
import { ascending } from "../domain/order";
import { CONTRIBUTOR_NAMES, isNamed, packRecord, SAMPLE_NAMES, SPAN_NAMES } from "../domain/packing";
import type { HrvAverage, RecordKind, StoredRecord } from "../domain/records";
import { RECORD_SHAPES } from "./record-shapes";

/** Names that the row has in columns of their own. */
const COLUMNS: ReadonlySet<string> = new Set(["kind", "key", "day"]);

/** What a row says of a record of each kind, by place: names would take more room than what they name. */
const FIELDS = Object.fromEntries(
  Object.entries(RECORD_SHAPES).map(([kind, shape]) => {
    const names = Object.keys(shape({ key: "", day: "" }, []));
    return [kind, names.filter((name) => !COLUMNS.has(name))];
  }),
) as unknown as Readonly<Record<RecordKind, readonly string[]>>;

type Values = Record<string, unknown>;

/**
 * A record without its kind, key and day, as the values of a JSON array without its brackets; nulls at the end are left away. A session's
 * end is written in seconds after its start, its hypnogram without the start that both have, and what is its session's key as null.
 * Records that say the same are the same text, in whatever order their names come and whether or not their lists are packed.
 */
export function recordText(record: StoredRecord): string {
  const said = shortened(packRecord(inOrder(record)));
  const fields = FIELDS[record.kind];
  const values: unknown[] = fields.map((name) => said[name] ?? null);
  const others = Object.entries(said).filter(([name, value]) => {
    return value !== undefined && !COLUMNS.has(name) && !fields.includes(name);
  });
  if (others.length > 0) values.push(sorted(Object.fromEntries(others)));
  while (values.length > 1 && values.at(-1) === null) values.pop();
  return JSON.stringify(values).slice(1, -1);
}

/** The record of a row, from its columns and the values that {@link recordText} wrote. */
export function recordOf(kind: RecordKind, key: string, day: string, values: readonly unknown[]): StoredRecord {
  const said: Values = RECORD_SHAPES[kind]({ key, day }, values);
  const places = FIELDS[kind].length;
  if (values.length > places) Object.assign(said, values[places]);
  if (kind === "sleep_session") lengthen(said);
  return said as unknown as StoredRecord;
}

/** SQL for the document of a record `r`: where it is the record's own key, the row leaves it empty. */
export const DOCUMENT_ID = "coalesce(nullif(r.document_id, ''), r.key)";

/** SQL for one value of a row's `body` as text. */
export function textOf(kind: RecordKind, name: string): string {
  const place = FIELDS[kind].indexOf(name);
  if (place < 0) throw new RangeError(`expected one of ${FIELDS[kind].join(", ")}, got ${name}`);
  return `(('[' || body || ']')::jsonb ->> ${place})`;
}

/** The record with the names in its list in the order in which unpacking gives them: else it would not be packed. */
function inOrder(record: StoredRecord): StoredRecord {
  if (record.kind === "hrv") {
    if (typeof record.samples === "string" || areNamed(record.samples, SAMPLE_NAMES)) return record;
    return { ...record, samples: record.samples.map(({ at, milliseconds }) => ({ at, milliseconds })) };
  }
  if (record.kind === "sleep_session") {
    if (typeof record.stages === "string" || areNamed(record.stages, SPAN_NAMES)) return record;
    return { ...record, stages: record.stages.map(({ stage, start, end }) => ({ stage, start, end })) };
  }
  if (typeof record.contributors === "string" || areNamed(record.contributors, CONTRIBUTOR_NAMES)) return record;
  const contributors = record.contributors.map(({ key, nativeKey, score }) => ({ key, nativeKey, score }));
  return { ...record, contributors };
}

function areNamed(list: readonly object[], names: readonly string[]): boolean {
  return list.every((one) => isNamed(one, names));
}

/** The same with every object's names sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.entries(value).sort(ascending(([name]) => name));
  return Object.fromEntries(names.map(([name, one]) => [name, sorted(one)]));
}

function shortened(record: StoredRecord): Values {
  if (record.kind === "hrv") {
    return record.sessionKey === record.key ? { ...record, sessionKey: null } : { ...record };
  }
  if (record.kind !== "sleep_session") return { ...record };
  const { start, end, stages, averageHrv } = record;
  const short: Values = { ...record, end: end === null ? null : secondsAfter(start, end) };
  if (typeof stages === "string" && stages.startsWith(`${start} `)) short["stages"] = stages.slice(start.length);
  // Only what is in this pair alone, so that nothing is lost.
  if (averageHrv && Object.keys(averageHrv).length === 2)
    short["averageHrv"] = [averageHrv.milliseconds, averageHrv.method];
  return short;
}

function lengthen(said: Values): void {
  const { start, end, stages, averageHrv } = said as {
    start: Instant;
    end: unknown;
    stages: unknown;
    averageHrv: unknown;
  };
  if (typeof end === "number") said["end"] = instantAt(epochSeconds(start) + end, offsetOf(start));
  if (typeof stages === "string" && stages.startsWith(" ")) said["stages"] = start + stages;
  if (Array.isArray(averageHrv)) {
    const [milliseconds, method] = averageHrv as [HrvAverage["milliseconds"], HrvAverage["method"]];
    said["averageHrv"] = { milliseconds, method };
  }
}

/** Whole seconds from one instant to another, or the other itself where it could not be made of them again. */
function secondsAfter(start: Instant, end: Instant): number | Instant {
  const seconds = epochSeconds(end) - epochSeconds(start);
  return Number.isInteger(seconds) && instantAt(epochSeconds(start) + seconds, offsetOf(start)) === end ? seconds : end;
}
