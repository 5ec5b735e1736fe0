import type { DailyValue } from "../daily";
import type { CivilDay } from "../days";
import type { Metric } from "../metrics";
import type { KeptRecord } from "../records";
import { assembleActivity } from "./activity";
import { assembleHrv } from "./hrv";
import { assembleReadiness } from "./readiness";
import { assembleSleep } from "./sleep";
import type { DayState } from "./state";

export type { DayState } from "./state";

const ASSEMBLERS: Readonly<
  Record<
    Metric,
    (day: CivilDay, records: readonly KeptRecord[], state: DayState) => DailyValue | readonly DailyValue[] | null
  >
> = {
  SLEEP: assembleSleep,
  READINESS: assembleReadiness,
  ACTIVITY: assembleActivity,
  HRV: assembleHrv,
};

/** Raise when assembly or choice comes to mean something else: cells made by the older are not believed any more. */
export const ASSEMBLY_VERSION = "5";

/**
 * Makes a metric's day out of the records that one account has of it; records of other kinds are ignored, their order means nothing.
 * Empty where the day has no value; heart rate variability may give one value per method. `fetchedAt` is that of the latest
 * contributing record.
 */
export function assemble(
  metric: Metric,
  day: CivilDay,
  records: readonly KeptRecord[],
  state: DayState,
): readonly DailyValue[] {
  const assembled = ASSEMBLERS[metric](day, records, state);
  if (assembled === null) return [];
  return "metric" in assembled ? [assembled] : assembled;
}
