import type { z } from "zod";
import { epochSeconds, type Instant, instantAt, offsetOf } from "../../src/domain/instants";
import type { HrvPoint, HrvRecord, SleepSessionRecord } from "../../src/domain/records";
import { WireError } from "../contract";
import { hypnogram } from "./mapping-hypnogram";
import type { sleep } from "./wire-sleep";

/** Types of sleep document that do not count: deleted by the wearer, or a false detection that the wearer rejected. */
export const UNCOUNTED_TYPES: readonly string[] = ["deleted", "rest"];

const DAY_SECONDS = 86_400;

type Sleep = z.infer<typeof sleep>;

/** Sample i lies at `timestamp` + i · `interval`; `timestamp` may be in UTC, the wearer's offset is that of the bedtime. */
function samplesOf(series: Sleep["hrv"], bedtimeStart: Instant): HrvPoint[] {
  const items = series?.items ?? [];
  if (!series || items.length === 0) return [];
  const { interval, timestamp } = series;
  if (interval === null) throw new WireError("hrv.interval", "samples without an interval");
  if (!timestamp) throw new WireError("hrv.timestamp", "samples without a beginning");
  const first = epochSeconds(timestamp);
  const offset = offsetOf(bedtimeStart) ?? offsetOf(timestamp);
  return items.flatMap((milliseconds, index) =>
    milliseconds === null ? [] : [{ at: instantAt(first + index * interval, offset), milliseconds }],
  );
}

/**
 * The session of a sleep document that counts, and its heart rate variability where there is any.
 * Throws {@link WireError} where the bedtime ends before it begins or lasts longer than 24 hours.
 */
export function sleepRecords(wire: Sleep): (SleepSessionRecord | HrvRecord)[] {
  const start = wire.bedtime_start;
  const end = wire.bedtime_end ?? null;
  const length = end === null ? null : epochSeconds(end) - epochSeconds(start);
  if (length !== null && (length <= 0 || length > DAY_SECONDS))
    throw new WireError("bedtime_end", "implausible length");
  const averageMilliseconds = wire.average_hrv;
  const samples = samplesOf(wire.hrv, start);
  const session: SleepSessionRecord = {
    kind: "sleep_session",
    key: wire.id,
    day: wire.day,
    nature: wire.type === "long_sleep" ? "night" : "nap",
    start,
    end,
    inBedSeconds: wire.time_in_bed,
    asleepSeconds: wire.total_sleep_duration,
    awakeSeconds: wire.awake_time,
    lightSeconds: wire.light_sleep_duration,
    deepSeconds: wire.deep_sleep_duration,
    remSeconds: wire.rem_sleep_duration,
    latencySeconds: wire.latency,
    efficiencyPercent: wire.efficiency,
    averageHeartRateBpm: wire.average_heart_rate,
    lowestHeartRateBpm: wire.lowest_heart_rate,
    averageHrv: averageMilliseconds === null ? null : { milliseconds: averageMilliseconds, method: "RMSSD" },
    breathsPerMinute: wire.average_breath,
    stages: hypnogram(
      { fiveMinutes: wire.sleep_phase_5_min ?? null, thirtySeconds: wire.sleep_phase_30_sec ?? null },
      start,
      end,
    ),
  };
  if (averageMilliseconds === null && samples.length === 0) return [session];
  const { key, day } = session;
  return [session, { kind: "hrv", key, day, method: "RMSSD", sessionKey: key, averageMilliseconds, samples }];
}
