import { instantOnClock } from "../clock";
import type { HrvDay } from "../daily";
import type { CivilDay } from "../days";
import { epochSeconds } from "../instants";
import { ascending } from "../order";
import { sampleExtremes } from "../packing";
import type { HrvMethod, KeptRecord, Samples } from "../records";
import { fetchedAtOf, type Kept, newestOf, ofKind } from "./kept";
import { sessionsOf } from "./sessions";
import { completenessOf, type DayState } from "./state";

/** Methods in the order in which a day's values are listed; methods are never mixed. */
export const HRV_METHODS: readonly HrvMethod[] = ["RMSSD", "SDNN", "UNKNOWN"];

/** Heart rate variability of a day's main sleep, one value per method by {@link HRV_METHODS}; empty without a main sleep or a measurement. */
export function assembleHrv(day: CivilDay, records: readonly KeptRecord[], state: DayState): readonly HrvDay[] {
  const { main, nightLasts } = sessionsOf(records);
  if (!main) return [];
  const values: HrvDay[] = [];
  const measured = ofKind(records, "hrv").filter(({ record }) => {
    if (record.sessionKey !== main.record.key) return false;
    return record.averageMilliseconds !== null || samplesOf(record, main.record).length > 0;
  });
  for (const method of HRV_METHODS) {
    const newest = newestOf(measured, "hrv", ({ record }) => record.method === method);
    if (!newest) continue;
    const { averageMilliseconds } = newest.record;
    const samples = samplesOf(newest.record, main.record);
    const extremes = sampleExtremes(samples);
    values.push({
      metric: "HRV",
      day,
      fetchedAt: fetchedAtOf(newest, [main]),
      completeness: completenessOf(state, nightLasts),
      method,
      averageMilliseconds,
      minimumMilliseconds: extremes?.least ?? null,
      maximumMilliseconds: extremes?.greatest ?? null,
      samples,
    });
  }
  return values;
}

/** Samples by time; those of a wall clock are placed in the session, and left out where that cannot be told. */
function samplesOf(record: Kept<"hrv">["record"], session: Kept<"sleep_session">["record"]): Samples {
  const { start, end } = session;
  if (record.samples.length > 0 || end === null) return record.samples;
  return (record.clockSamples ?? [])
    .flatMap(({ clock, milliseconds }) => {
      const at = instantOnClock(clock, start, end);
      return at === null ? [] : [{ at, milliseconds }];
    })
    .sort(ascending((point) => epochSeconds(point.at)));
}
