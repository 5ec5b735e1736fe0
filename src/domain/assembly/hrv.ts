import type { HrvDay } from "../daily";
import type { CivilDay } from "../days";
import type { HrvMethod, KeptRecord } from "../records";
import { fetchedAtOf, newestOf, ofKind } from "./kept";
import { sessionsOf } from "./sessions";
import { completenessOf, type DayState } from "./state";

/** Methods in the order in which a day's values are listed; methods are never mixed. */
export const HRV_METHODS: readonly HrvMethod[] = ["RMSSD", "SDNN", "UNKNOWN"];

/** Heart rate variability of a day's main sleep, one value per method by {@link HRV_METHODS}; empty without a main sleep or a measurement. */
export function assembleHrv(day: CivilDay, records: readonly KeptRecord[], state: DayState): readonly HrvDay[] {
  const { main, nightLasts } = sessionsOf(records);
  if (!main) return [];
  const measured = ofKind(records, "hrv").filter(
    ({ record }) =>
      record.sessionKey === main.record.key && (record.averageMilliseconds !== null || record.samples.length > 0),
  );
  return HRV_METHODS.flatMap((method) => {
    const newest = newestOf(measured.filter((kept) => kept.record.method === method));
    if (!newest) return [];
    const { averageMilliseconds, samples } = newest.record;
    const values = samples.map((sample) => sample.milliseconds);
    return [
      {
        metric: "HRV",
        day,
        fetchedAt: fetchedAtOf(newest, main),
        completeness: completenessOf(state, nightLasts),
        method,
        averageMilliseconds,
        minimumMilliseconds: values.length > 0 ? Math.min(...values) : null,
        maximumMilliseconds: values.length > 0 ? Math.max(...values) : null,
        samples,
      },
    ];
  });
}
