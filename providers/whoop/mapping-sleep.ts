import type { z } from "zod";
import { dayAt, epochSeconds, instantAt } from "../../src/domain/instants";
import type { SleepScoreRecord, SleepSessionRecord } from "../../src/domain/records";
import { WireError } from "../contract";
import { scored, type sleep } from "./wire";

const DAY_SECONDS = 86_400;

type Sleep = z.infer<typeof sleep>;
type Score = NonNullable<Sleep["score"]>;

/** Milliseconds as whole seconds. */
function seconds(milliseconds: number | null | undefined): number | null {
  return milliseconds === null || milliseconds === undefined ? null : Math.round(milliseconds / 1000);
}

/** The time asleep is what WHOOP gives in three parts; null where one of them is missing. */
function asleepMilliseconds(stages: Score["stage_summary"]): number | null {
  const light = stages?.total_light_sleep_time_milli ?? null;
  const deep = stages?.total_slow_wave_sleep_time_milli ?? null;
  const rem = stages?.total_rem_sleep_time_milli ?? null;
  return light === null || deep === null || rem === null ? null : light + deep + rem;
}

function sleepScore(wire: Sleep, score: Score | null, day: SleepSessionRecord["day"]): SleepScoreRecord {
  const consistency = score?.sleep_consistency_percentage ?? null;
  return {
    kind: "sleep_score",
    key: wire.id,
    day,
    at: instantAt(epochSeconds(wire.end), wire.timezone_offset),
    score: score?.sleep_performance_percentage ?? null,
    contributors:
      score === null
        ? []
        : [{ key: "sleep_regularity", nativeKey: "sleep_consistency_percentage", score: consistency }],
  };
}

/**
 * The session of a sleep and, of a night, its score. Day: the wearer's date at the end.
 * Throws {@link WireError} where it ends before it begins or lasts longer than 24 hours.
 */
export function sleepRecords(wire: Sleep): (SleepSessionRecord | SleepScoreRecord)[] {
  const [start, end, offset] = [epochSeconds(wire.start), epochSeconds(wire.end), wire.timezone_offset];
  if (end <= start || end - start > DAY_SECONDS) throw new WireError("end", "implausible length");
  const score = scored(wire);
  const stages = score?.stage_summary;
  const day = dayAt(end, offset);
  const session: SleepSessionRecord = {
    kind: "sleep_session",
    key: wire.id,
    day,
    nature: wire.nap ? "nap" : "night",
    // A nap lies in the cycle that the night before it began: only the night gives the cycle its day.
    ...(wire.nap ? {} : { cycleKey: wire.cycle_id }),
    start: instantAt(start, offset),
    end: instantAt(end, offset),
    inBedSeconds: seconds(stages?.total_in_bed_time_milli),
    asleepSeconds: seconds(asleepMilliseconds(stages)),
    awakeSeconds: seconds(stages?.total_awake_time_milli),
    lightSeconds: seconds(stages?.total_light_sleep_time_milli),
    deepSeconds: seconds(stages?.total_slow_wave_sleep_time_milli),
    remSeconds: seconds(stages?.total_rem_sleep_time_milli),
    latencySeconds: null,
    efficiencyPercent: score?.sleep_efficiency_percentage ?? null,
    averageHeartRateBpm: null,
    lowestHeartRateBpm: null,
    averageHrv: null,
    breathsPerMinute: score?.respiratory_rate ?? null,
    stages: [],
  };
  return wire.nap ? [session] : [session, sleepScore(wire, score, day)];
}
