import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { clockOf, hypnogramOf, localTime, syntheticDay } from "./synthetic-day";
import { bell, rounded, uniform, whole } from "./synthetic-random";
import { link, RECHARGE_HOURS, samplesOf } from "./synthetic-series";

/** The night of a day (schema `sleep`). */
export function nightDocuments(person: SyntheticPerson, civil: CivilDay, revision: number) {
  const day = syntheticDay(person, civil);
  if (!day.worn) return [];
  const { seed } = person;
  const stretches = hypnogramOf(person, day);
  const secondsOf = (...codes: number[]) =>
    stretches.reduce((sum, { code, from, to }) => sum + (codes.includes(code) ? to - from : 0), 0);
  const part = (label: string, level: number) =>
    rounded(whole((level + bell(seed, day.number, label) * 9) * 10, 10, 940) / 10, 1);
  const [solidity, regeneration] = [
    part("solidity", 76 + 7 * day.condition),
    part("regeneration", 74 + 6 * day.condition),
  ];
  const amount = rounded(whole(((day.end - day.start) / 28_800) * 880, 10, 960) / 10, 1);
  const awake = secondsOf(0);
  const short = whole(awake * 0.35, 0, awake);
  const continuity = rounded(whole(32 + 6 * day.condition + bell(seed, day.number, "continuity") * 4, 10, 50) / 10, 1);
  const pulse = 50 + uniform(seed, 0, "pulse") * 12 - day.condition * 2;
  return [
    {
      polar_user: link(person),
      date: civil,
      sleep_start_time: localTime(person, day.start),
      sleep_end_time: localTime(person, day.end),
      device_id: `D${seed.toString(16).toUpperCase().padStart(8, "0")}`,
      continuity,
      continuity_class: whole(continuity, 1, 5),
      light_sleep: secondsOf(2, 3),
      deep_sleep: secondsOf(4),
      rem_sleep: secondsOf(1),
      unrecognized_sleep_stage: secondsOf(5),
      sleep_score: whole((amount + solidity + regeneration) / 3 + revision, 1, 100),
      total_interruption_duration: awake,
      sleep_charge: whole(3 + day.condition, 1, 5),
      sleep_goal: 28_800,
      sleep_rating: uniform(seed, day.number, "rated") < 0.7 ? 0 : whole(3.4 + day.condition, 1, 5),
      short_interruption_duration: short,
      long_interruption_duration: awake - short,
      sleep_cycles: Math.floor((day.end - day.start) / 5400),
      group_duration_score: amount,
      group_solidity_score: solidity,
      group_regeneration_score: regeneration,
      hypnogram: Object.fromEntries(stretches.map(({ code, from }) => [clockOf(person, day.start + from), code])),
      heart_rate_samples: Object.fromEntries(
        samplesOf(person, day, "pulse", pulse).map(([at, bpm]) => [at, whole(bpm, 30, 200)]),
      ),
    },
  ];
}

/** The nightly recharge of a day (schema `nightly-recharge`): the four hours from half an hour after falling asleep on. */
export function rechargeDocuments(person: SyntheticPerson, civil: CivilDay, revision: number) {
  const day = syntheticDay(person, civil);
  if (!day.worn || !day.measured) return [];
  const { seed } = person;
  const level = 30 + uniform(seed, 0, "hrv") * 45;
  const hrv = samplesOf(person, day, "hrv", level + day.condition * 6, RECHARGE_HOURS).map(
    ([at, ms]) => [at, whole(ms, 5, 250)] as const,
  );
  const breaths = samplesOf(person, day, "breath", 14.2, RECHARGE_HOURS).map(
    ([at, rate]) => [at, rounded(rate, 1)] as const,
  );
  const mean = hrv.reduce((sum, [, ms]) => sum + ms, 0) / hrv.length;
  const pulse = whole(51 + uniform(seed, 0, "pulse") * 12 - day.condition * 2, 35, 110);
  const charge = rounded(whole((day.condition * 3.5 + bell(seed, day.number, "charge")) * 10, -100, 100) / 10, 1);
  // Without a usual level to compare with there is no charge.
  const compared = uniform(seed, day.number, "no usual level") > 0.02;
  return [
    {
      polar_user: link(person),
      date: civil,
      heart_rate_avg: pulse,
      beat_to_beat_avg: Math.round(60_000 / pulse),
      heart_rate_variability_avg: Math.round(mean) + revision,
      breathing_rate_avg: rounded(breaths.reduce((sum, [, rate]) => sum + rate, 0) / breaths.length, 1),
      ...(compared ? { nightly_recharge_status: whole(3.5 + charge / 3, 1, 6), ans_charge: charge } : {}),
      ...(compared ? { ans_charge_status: whole(3 + charge / 3, 1, 5) } : {}),
      hrv_samples: Object.fromEntries(hrv),
      breathing_samples: Object.fromEntries(breaths),
    },
  ];
}
