import type { CivilDay } from "../../src/domain/days";
import { instantAt } from "../../src/domain/instants";
import type { SyntheticPerson } from "../contract";
import type { SyntheticDay } from "./synthetic-day";
import { bits, documentUuid, stream, whole } from "./synthetic-random";

/** What distinguishes one synthetic session of a day; times in epoch seconds. */
export interface SessionPlan {
  readonly label: string;
  readonly type: string;
  readonly start: number;
  readonly inBedSeconds: number;
}

const EPOCH = 300;
const MOVEMENT: Readonly<Record<string, string>> = {
  "1": "1111111111",
  "2": "1112111121",
  "3": "1111211111",
  "4": "2321243122",
};

/** One stage digit for each 5 minutes: cycles of 90 minutes, deep sleep early, REM late. */
function stagesOf(next: () => number, count: number, latency: number, condition: number): string {
  let text = "";
  let stage = "4";
  for (let index = 0; index < count; index++) {
    const cycle = (index % 18) / 18;
    const night = index / count;
    if (index >= latency && next() > (stage === "4" ? 0.25 : 0.6)) {
      const deep = cycle > 0.2 && cycle < 0.6 ? 1.5 * (1 - night) : 0.06;
      const rem = cycle > 0.65 ? 0.4 + 1.1 * night : 0.06;
      const awake = 0.2 - 0.04 * condition;
      const pick = next() * (deep + rem + awake + 0.9);
      stage = pick < deep ? "1" : pick < deep + rem ? "3" : pick < deep + rem + awake ? "4" : "2";
    }
    text += stage;
  }
  return text;
}

/** Samples each 5 minutes around a level that changes over the night by `slope`; some are missing. */
function samplesOf(next: () => number, count: number, level: number, slope: number, noise: number): (number | null)[] {
  return Array.from({ length: count }, (_, index) => {
    if (next() < 0.04) return null;
    return Math.round(level * (1 + slope * (index / count - 0.5)) + (next() - 0.5) * noise);
  });
}

function mean(items: readonly (number | null)[]): number | null {
  const known = items.filter((item) => item !== null);
  return known.length === 0 ? null : known.reduce((sum, item) => sum + item, 0) / known.length;
}

/** A sleep document (PublicModifiedSleepModel), but for `period`. */
export function sessionDocument(
  person: SyntheticPerson,
  day: CivilDay,
  state: SyntheticDay,
  plan: SessionPlan,
  revision: number,
) {
  const next = stream(bits(person.seed, state.number, plan.label));
  const { inBedSeconds, start } = plan;
  const count = Math.ceil(inBedSeconds / EPOCH);
  const latency = Math.min(count - 1, 1 + Math.floor(next() * 4));
  const stages = stagesOf(next, count, latency, state.condition);
  const seconds = { "1": 0, "2": 0, "3": 0, "4": 0 };
  for (let index = 0; index < count; index++) {
    seconds[stages.charAt(index) as keyof typeof seconds] += Math.min(EPOCH, inBedSeconds - index * EPOCH);
  }
  const asleep = inBedSeconds - seconds["4"];
  const night = plan.type === "long_sleep";
  const read = night ? state.pulseRead : next() < 0.6;
  const sampled = Math.floor(inBedSeconds / EPOCH);
  const hrv = read ? samplesOf(next, sampled, Math.max(12, state.hrv), 0.35, 16) : [];
  const heartRate = read ? samplesOf(next, sampled, state.heartRate + 3, -0.14, 6) : [];
  const averageHrv = mean(hrv);
  const averageHeartRate = mean(heartRate);
  const timestamp = instantAt(start, person.offsetMinutes).replace(/(?=[+-]\d\d:)/, ".000");
  const series = (items: (number | null)[]) => (items.length > 0 ? { interval: EPOCH, items, timestamp } : null);
  return {
    id: documentUuid(person.seed, state.number, plan.label),
    average_breath: read ? Math.round((14.2 + next() * 1.5) * 8) / 8 : null,
    average_heart_rate: averageHeartRate === null ? null : Math.round(averageHeartRate * 100) / 100,
    average_hrv: averageHrv === null ? null : Math.round(averageHrv) + revision,
    awake_time: seconds["4"],
    bedtime_end: instantAt(start + inBedSeconds, person.offsetMinutes),
    bedtime_start: instantAt(start, person.offsetMinutes),
    day,
    deep_sleep_duration: seconds["1"],
    efficiency: whole((asleep / inBedSeconds) * 100, 0, 100),
    heart_rate: series(heartRate),
    hrv: series(hrv),
    latency: latency * EPOCH - 30 * Math.floor(next() * 8),
    light_sleep_duration: seconds["2"],
    low_battery_alert: next() < 0.02,
    lowest_heart_rate: read ? Math.min(...heartRate.map((item) => item ?? 250)) - 2 : 255,
    movement_30_sec: Array.from(stages, (stage) => MOVEMENT[stage])
      .join("")
      .slice(0, Math.ceil(inBedSeconds / 30)),
    readiness_score_delta: night ? 0 : whole(next() * 2, 0, 2),
    rem_sleep_duration: seconds["3"],
    restless_periods: whole((inBedSeconds / 130) * (1.1 - 0.15 * state.condition), 1, 500),
    ring_id: null,
    sleep_algorithm_version: "v2",
    sleep_analysis_reason: revision > 0 ? "bedtime_edit" : "foreground_sleep_analysis",
    sleep_phase_30_sec: null,
    sleep_phase_5_min: stages,
    sleep_score_delta: night ? 0 : whole(next() * 3, 0, 3),
    time_in_bed: inBedSeconds,
    total_sleep_duration: asleep,
    type: plan.type,
  };
}
