import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { head, type SyntheticDay, syntheticDay, timezoneOffset, utc } from "./synthetic-day";
import { bell, uniform, uuid, whole } from "./synthetic-random";

/** What distinguishes one synthetic sleep of a day; times in epoch seconds. */
interface SleepPlan {
  readonly id: string;
  readonly label: string;
  readonly nap: boolean;
  readonly scored: boolean;
  readonly start: number;
  readonly inBedSeconds: number;
}

function scoreOf(person: SyntheticPerson, state: SyntheticDay, plan: SleepPlan, revision: number) {
  const { seed } = person;
  const { number, condition } = state;
  const around = (label: string, level: number, spread: number) =>
    level + bell(seed, number, `${plan.label} ${label}`) * spread;
  const inBed = plan.inBedSeconds * 1000 + whole(around("part", 0, 200), -499, 499);
  const share = (label: string, level: number, spread: number) =>
    Math.round(inBed * Math.min(0.4, Math.max(0.005, around(label, level, spread))));
  const noData = uniform(seed, number, `${plan.label} lost`) < 0.05 ? share("lost time", 0.01, 0.003) : 0;
  const awake = share("awake", 0.08 - 0.015 * condition, 0.015);
  const deep = share("deep", plan.nap ? 0.1 : 0.2 + 0.02 * condition, 0.03);
  const rem = share("rem", plan.nap ? 0.05 : 0.21 + 0.01 * condition, 0.03);
  const asleep = inBed - awake - noData;
  const baseline = 27_000_000 + Math.round(uniform(seed, 0, "baseline") * 2_400_000);
  const needed = {
    baseline_milli: baseline,
    need_from_sleep_debt_milli: whole(around("debt", 1_000_000 - 500_000 * condition, 400_000), 0, 5_000_000),
    need_from_recent_strain_milli: whole(around("strain", 600_000, 250_000), 0, 3_000_000),
    need_from_recent_nap_milli: plan.nap ? 0 : -whole(around("rested", 0, 300_000), 0, 900_000) || 0,
  };
  const need = Object.values(needed).reduce((sum, value) => sum + value, 0);
  const known = uniform(seed, number, `${plan.label} known`) > 0.01;
  return {
    stage_summary: {
      total_in_bed_time_milli: inBed,
      total_awake_time_milli: awake,
      total_no_data_time_milli: noData,
      total_light_sleep_time_milli: asleep - deep - rem,
      total_slow_wave_sleep_time_milli: deep,
      total_rem_sleep_time_milli: rem,
      sleep_cycle_count: Math.floor(plan.inBedSeconds / 5400),
      disturbance_count: whole(around("disturbed", (plan.inBedSeconds / 3600) * 1.3, 2), 0, 60),
    },
    sleep_needed: needed,
    respiratory_rate: Math.round(around("breath", 14.8, 0.4) * 512) / 512,
    ...(plan.nap ? {} : { sleep_performance_percentage: whole((asleep / need) * 100 + revision, 1, 100) }),
    // The vendor may not know enough of a wearer yet.
    ...(plan.nap || !known ? {} : { sleep_consistency_percentage: whole(around("regular", 78, 8), 20, 100) }),
    sleep_efficiency_percentage: Math.round((asleep / inBed) * 1e7) / 1e5,
  };
}

/** The sleeps that end on a day, ascending: the night, and now and then a nap. */
export function sleepDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed } = person;
  const { number, midnight, sleepId, scorable, bedtimeStart, inBedSeconds } = state;
  const night = { id: sleepId, label: "night", nap: false, scored: scorable, start: bedtimeStart, inBedSeconds };
  const plans: SleepPlan[] = [night];
  if (uniform(seed, number, "noon") < 0.1 + 0.08 * state.weekend)
    plans.push({
      ...{ id: uuid(seed, number, "nap"), label: "nap", nap: true, scored: uniform(seed, number, "nap read") < 0.9 },
      start: midnight + whole(51_000 + uniform(seed, number, "noon at") * 9000, 0, 86_400),
      inBedSeconds: whole(1300 + uniform(seed, number, "noon for") * 3800, 0, 6000),
    });
  return plans.map((plan) => ({
    id: plan.id,
    cycle_id: state.cycleId,
    ...head(person, plan.start + plan.inBedSeconds + 600, revision),
    start: utc(plan.start),
    end: utc(plan.start + plan.inBedSeconds),
    timezone_offset: timezoneOffset(person),
    nap: plan.nap,
    ...(plan.scored
      ? { score_state: "SCORED", score: scoreOf(person, state, plan, revision) }
      : { score_state: "UNSCORABLE" }),
  }));
}
