import type { z } from "zod";
import { instantOnClock } from "../../src/domain/clock";
import { epochSeconds, type Instant } from "../../src/domain/instants";
import type { SleepScoreRecord, SleepSessionRecord, SleepStage, StageSpan } from "../../src/domain/records";
import { WireError } from "../contract";
import type { night } from "./wire-sleep";

type Night = z.infer<typeof night>;

const STAGES: readonly SleepStage[] = ["AWAKE", "REM", "LIGHT", "LIGHT", "DEEP", "UNKNOWN"];
const DAY_SECONDS = 86_400;

/** Polar's score of a night; continuity and the charge against the usual level are other scales and not among its parts. */
export function sleepScore(wire: Night): SleepScoreRecord[] {
  const { day, sleep_score: score } = wire;
  const groups = [
    { key: "total_sleep", nativeKey: "group_duration_score", score: wire.group_duration_score },
    { key: "restfulness", nativeKey: "group_solidity_score", score: wire.group_solidity_score },
    { key: null, nativeKey: "group_regeneration_score", score: wire.group_regeneration_score },
  ];
  const contributors = groups.filter((group) => group.score !== null);
  return score === null && contributors.length === 0
    ? []
    : [{ kind: "sleep_score", key: day, day, score, contributors }];
}

/**
 * Each code holds from its minute to the next one's, the last to the end; times outside of the night are left out.
 * Empty where the clock cannot be placed: the wearer's offset changes in the night, or is not given.
 */
function hypnogram(codes: Night["hypnogram"], start: Instant, end: Instant): StageSpan[] {
  const known = codes.flatMap(({ clock, value }): { at: Instant; stage: SleepStage }[] => {
    const at = instantOnClock(clock, start, end);
    return at === null ? [] : [{ at, stage: STAGES[value ?? -1] ?? "UNKNOWN" }];
  });
  known.sort((a, b) => epochSeconds(a.at) - epochSeconds(b.at));
  const spans: StageSpan[] = [];
  for (const [index, { at, stage }] of known.entries()) {
    const until = known[index + 1]?.at ?? end;
    const last = spans.at(-1);
    if (last?.stage === stage) spans[spans.length - 1] = { ...last, end: until };
    else if (until !== at) spans.push({ stage, start: at, end: until });
  }
  return spans;
}

/**
 * The session of a night: from falling asleep to waking, interruptions within; time in bed and latency are not measured.
 * Throws {@link WireError} where it ends before it begins, lasts over 24 hours, or was interrupted for longer than it lasted.
 */
export function sleepSession(wire: Night): SleepSessionRecord {
  const { day, sleep_start_time: start, sleep_end_time: end, total_interruption_duration: awakeSeconds } = wire;
  const length = epochSeconds(end) - epochSeconds(start);
  if (length <= 0 || length > DAY_SECONDS) throw new WireError("sleep_end_time", "implausible length");
  if (awakeSeconds !== null && awakeSeconds > length)
    throw new WireError("total_interruption_duration", "longer than the night");
  const { light_sleep: light, deep_sleep: deep, rem_sleep: rem } = wire;
  // A watch that knows no stages gives 0 for each of them.
  const staged = [light, deep, rem].some((seconds) => seconds !== null && seconds > 0);
  return {
    kind: "sleep_session",
    key: day,
    day,
    nature: "night",
    start,
    end,
    inBedSeconds: null,
    asleepSeconds: awakeSeconds === null ? null : length - awakeSeconds,
    awakeSeconds,
    lightSeconds: staged ? light : null,
    deepSeconds: staged ? deep : null,
    remSeconds: staged ? rem : null,
    latencySeconds: null,
    efficiencyPercent: null,
    averageHeartRateBpm: null,
    lowestHeartRateBpm: null,
    averageHrv: null,
    breathsPerMinute: null,
    stages: hypnogram(wire.hypnogram, start, end),
  };
}
