import type { CivilDay } from "./days";
import { METRIC_KINDS, METRICS, type Metric } from "./metrics";
import { ascending, inTurn } from "./order";
import type { RecordKind } from "./records";

/** Why data were fetched: history after linking, somebody's question or the vendor's notice, or the regular second look. */
export type ChangeOrigin = "BACKFILL" | "LIVE" | "RECONCILIATION";

/** What became of a day of a metric: its first record came, its records are others than before, or its last one went. */
export type ChangeType = "CREATED" | "UPDATED" | "DELETED";

/** A record that a transaction changed. `was`: its day before, null where it was not there; `day`: its day now, null where it is gone. */
export interface ChangedRecord {
  readonly kind: RecordKind;
  readonly was: CivilDay | null;
  readonly day: CivilDay | null;
}

/** How many live records of a kind an account has on a day, at all endpoints together. */
export interface LiveCount {
  readonly kind: RecordKind;
  readonly day: CivilDay;
  readonly count: number;
}

/** A day of a metric at one account that a transaction changed. */
export interface DayChange {
  readonly metric: Metric;
  readonly day: CivilDay;
  readonly type: ChangeType;
}

/** Where somebody stands in a person's feed: everything up to this entry is known. `version`: of the person's data, decimal; `ordinal` within it. */
export interface FeedPosition {
  readonly version: string;
  readonly ordinal: number;
}

/** One entry of a person's feed. `metric` and `day` are null together: everything of the provider went. `at`: epoch seconds. */
export interface Change extends FeedPosition {
  readonly at: number;
  readonly metric: Metric | null;
  readonly provider: string;
  readonly day: CivilDay | null;
  readonly type: ChangeType;
  readonly origin: ChangeOrigin;
}

const BY_DAY = inTurn<DayChange>(
  ascending(({ day }) => day),
  ascending(({ metric }) => METRICS.indexOf(metric)),
);

/** The days that records left, came to or were changed on, once each. */
export function touchedDays(changed: readonly ChangedRecord[]): readonly CivilDay[] {
  return [...new Set(changed.flatMap(({ was, day }) => [was ?? [], day ?? []].flat()))];
}

/**
 * What changed by day and metric, by day, from the records that changed and those that are there now (`live`, on the touched days).
 * A metric has a day while there is a record of a kind that is essential to it.
 */
export function dayChanges(changed: readonly ChangedRecord[], live: readonly LiveCount[]): readonly DayChange[] {
  const now = new Map(live.map(({ kind, day, count }) => [`${kind} ${day}`, count]));
  const gained = new Map<string, number>();
  const gain = (kind: RecordKind, day: CivilDay | null, count: number) => {
    if (day !== null) gained.set(`${kind} ${day}`, (gained.get(`${kind} ${day}`) ?? 0) + count);
  };
  for (const { kind, was, day } of changed) {
    gain(kind, was, -1);
    gain(kind, day, 1);
  }
  const days = touchedDays(changed);
  return METRICS.flatMap((metric) => {
    const { essential, kinds } = METRIC_KINDS[metric];
    return days.flatMap((day): DayChange[] => {
      if (!kinds.some((kind) => gained.has(`${kind} ${day}`))) return [];
      const sum = (counts: ReadonlyMap<string, number>) =>
        essential.reduce((total, kind) => total + (counts.get(`${kind} ${day}`) ?? 0), 0);
      const after = sum(now);
      const before = after - sum(gained);
      if (before === 0 && after === 0) return [];
      return [{ metric, day, type: before === 0 ? "CREATED" : after === 0 ? "DELETED" : "UPDATED" }];
    });
  }).sort(BY_DAY);
}
