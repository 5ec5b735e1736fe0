import type { SleepDay } from "../daily";
import type { CivilDay } from "../days";
import type { KeptRecord } from "../records";
import { fetchedAtOf, type Kept, newestOf } from "./kept";
import { type Sessions, sessionDays, sessionsOf } from "./sessions";
import { completenessOf, type DayState } from "./state";

/** A day's sleep, from its score and its sessions; null where it has neither. */
export function assembleSleep(day: CivilDay, records: readonly KeptRecord[], state: DayState): SleepDay | null {
  const sessions = sessionsOf(records);
  const score = scoreOf(records, sessions);
  const first = score ?? sessions.all[0];
  if (!first) return null;
  const main = sessions.main?.record;
  return {
    metric: "SLEEP",
    day,
    fetchedAt: fetchedAtOf(first, sessions.all),
    completeness: completenessOf(state, sessions.nightLasts),
    score: score?.record.score ?? null,
    contributors: score?.record.contributors ?? [],
    bedtimeStart: main?.start ?? null,
    bedtimeEnd: main?.end ?? null,
    inBedSeconds: main?.inBedSeconds ?? null,
    asleepSeconds: main?.asleepSeconds ?? null,
    awakeSeconds: main?.awakeSeconds ?? null,
    lightSeconds: main?.lightSeconds ?? null,
    deepSeconds: main?.deepSeconds ?? null,
    remSeconds: main?.remSeconds ?? null,
    latencySeconds: main?.latencySeconds ?? null,
    efficiencyPercent: main?.efficiencyPercent ?? null,
    averageHeartRateBpm: main?.averageHeartRateBpm ?? null,
    lowestHeartRateBpm: main?.lowestHeartRateBpm ?? null,
    averageHrv: main?.averageHrv ?? null,
    breathsPerMinute: main?.breathsPerMinute ?? null,
    sessions: sessionDays(sessions),
  };
}

/** Where the vendor scores each sleep by itself, under the session's key, the main session's score and no other's; else the newest. */
function scoreOf(records: readonly KeptRecord[], { all, main }: Sessions): Kept<"sleep_score"> | undefined {
  return newestOf(records, "sleep_score", (score) => !all.some((session) => session !== main && isOf(score, session)));
}

function isOf(score: KeptRecord, session: KeptRecord): boolean {
  return score.endpoint === session.endpoint && score.record.key === session.record.key;
}
