import type { z } from "zod";
import { instantAt } from "../../src/domain/instants";
import type { HrvMethod, HrvRecord, SleepScoreRecord, SleepSessionRecord } from "../../src/domain/records";
import { WireError } from "../contract";
import { offsetsOf } from "./mapping-zone";
import type { sleepSummary } from "./wire";

type Summary = z.infer<typeof sleepSummary>;

const DAY_SECONDS = 86_400;

/** The vendor's id of a sleep; its beginning in epoch seconds where it gives none. */
export function sleepKey(wire: Summary): string {
  return wire.id ?? String(wire.startdate);
}

/** The vendor's ratio in percent. Above 1 it is no ratio, and what it is instead nobody says: null. */
function efficiencyPercent(ratio: number | null): number | null {
  return ratio === null || ratio > 1 ? null : Math.round(ratio * 10_000) / 100;
}

/**
 * What a sleep summary means: the score where there is one, the session, and a heart rate variability for each method that was given.
 * Throws {@link WireError} where it ends before it begins or lasts longer than 24 hours.
 */
export function sleepRecords(wire: Summary): (SleepScoreRecord | SleepSessionRecord | HrvRecord)[] {
  const { startdate, enddate, date: day, data } = wire;
  const length = enddate - startdate;
  if (length <= 0 || length > DAY_SECONDS) throw new WireError("enddate", "implausible length");
  const key = sleepKey(wire);
  const offsetAt = offsetsOf(wire.timezone);
  const start = instantAt(startdate, offsetAt(startdate));
  const end = instantAt(enddate, offsetAt(enddate));
  const session: SleepSessionRecord = {
    kind: "sleep_session",
    key,
    day,
    // Withings does not tell naps from nights.
    nature: "night",
    start,
    end,
    inBedSeconds: data.total_timeinbed,
    // `asleepduration` stands for nights from another maker's device, whose stages are not told.
    asleepSeconds: data.total_sleep_time ?? data.asleepduration,
    awakeSeconds: data.wakeupduration,
    lightSeconds: data.lightsleepduration,
    deepSeconds: data.deepsleepduration,
    remSeconds: data.remsleepduration,
    latencySeconds: data.sleep_latency,
    efficiencyPercent: efficiencyPercent(data.sleep_efficiency),
    averageHeartRateBpm: data.hr_average,
    lowestHeartRateBpm: data.hr_min,
    averageHrv: data.rmssd === null ? null : { milliseconds: data.rmssd, method: "RMSSD" },
    breathsPerMinute: data.rr_average,
    stages: [],
  };
  const hrv = (method: HrvMethod, averageMilliseconds: number | null): HrvRecord[] => {
    if (averageMilliseconds === null) return [];
    return [{ kind: "hrv", key: `${key}:${method}`, day, method, sessionKey: key, averageMilliseconds, samples: [] }];
  };
  const score: SleepScoreRecord[] =
    data.sleep_score === null
      ? []
      : [{ kind: "sleep_score", key, day, at: end, score: data.sleep_score, contributors: [] }];
  return [...score, session, ...hrv("RMSSD", data.rmssd), ...hrv("SDNN", data.sdnn_1 ?? data.sdnn)];
}
