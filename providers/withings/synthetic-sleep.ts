import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { bell, uniform, whole } from "./synthetic-chance";
import { syntheticDay, zoneOf } from "./synthetic-day";

const MINUTE = 60;
const SLEEP_MAT = 32;
const AURA_SENSOR_V2 = 63;

/** The summaries of the day's sleeps: the night, and now and then one by day without a score. */
export function sleepDocuments(person: SyntheticPerson, day: CivilDay, revision: number): readonly unknown[] {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed } = person;
  const { number, condition } = state;
  const summary = (label: string, startdate: number, inBed: number) => {
    const of = (part: string) => uniform(seed, number, `${label} ${part}`);
    const around = (part: string, level: number, spread: number) =>
      level + bell(seed, number, `${label} ${part}`) * spread;
    const minutes = (value: number) => Math.max(1, Math.round(value / MINUTE)) * MINUTE;
    const night = label === "night";
    const latency = minutes(240 + of("latency") * 1200);
    const after = minutes(of("after") * 900);
    const restless = minutes(inBed * Math.max(0.01, around("restless", 0.05 - 0.01 * condition, 0.015)));
    const asleep = inBed - latency - after - restless;
    const deep = minutes(asleep * Math.min(0.35, Math.max(0.1, around("deep", 0.21 + 0.02 * condition, 0.03))));
    const rem = minutes(asleep * Math.min(0.32, Math.max(0.08, around("rem", 0.2, 0.03))));
    const pulse = 52 + uniform(seed, 0, "pulse") * 14 - condition * 2.5;
    const rmssd = Math.max(9, around("rmssd", 26 + uniform(seed, 0, "rmssd") * 45 + condition * 7, 3));
    const tenth = (value: number) => Math.round(value * 10) / 10;
    return {
      id: 4_000_000_000 + Math.floor(uniform(seed, number, `${label} id`) * 4e9),
      timezone: zoneOf(person),
      model: SLEEP_MAT,
      model_id: AURA_SENSOR_V2,
      hash_deviceid: `mat-${Math.floor(uniform(seed, 0, "mat") * 1e9)}`,
      startdate,
      enddate: startdate + inBed,
      date: day,
      created: startdate + inBed + 600,
      modified: startdate + inBed + 600 + revision * 5400,
      completed: true,
      data: {
        total_timeinbed: inBed,
        total_sleep_time: asleep,
        lightsleepduration: asleep - deep - rem,
        remsleepduration: rem,
        deepsleepduration: deep,
        sleep_efficiency: Math.round((asleep / inBed) * 100) / 100,
        sleep_latency: latency,
        wakeup_latency: after,
        wakeupduration: latency + after + restless,
        wakeupcount: whole(around("wakeups", 2, 1), 0, 9),
        waso: restless,
        hr_average: whole(around("mean", pulse + 3, 1.5), 38, 100),
        hr_min: whole(around("least", pulse - 4, 1.2), 34, 95),
        hr_max: whole(around("most", pulse + 24, 5), 60, 150),
        rr_average: whole(around("breath", 14.5, 1), 9, 22),
        ...(night ? { sleep_score: whole(around("score", 76 + 7 * condition, 5) + revision, 1, 100) } : {}),
        rmssd_start_avg: tenth(rmssd * 0.88),
        rmssd_end_avg: tenth(rmssd * 1.1),
        rmssd: tenth(rmssd),
        sdnn_1: tenth(rmssd * 1.15 + of("sdnn") * 6),
      },
    };
  };
  const night = summary("night", state.asleepAt, Math.round(state.inBedSeconds / MINUTE) * MINUTE);
  const naps = uniform(seed, number, "nap") < (state.weekend ? 0.14 : 0.05);
  const nap = () =>
    summary("nap", state.midnight + 15 * 3600 + whole(bell(seed, number, "noon") * 900, -2700, 2700), 4200);
  return naps ? [night, nap()] : [night];
}
