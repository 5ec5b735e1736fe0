import { addDays, type CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { head, syntheticDay, timezoneOffset, utc } from "./synthetic-day";
import { bell, drift, uniform, whole } from "./synthetic-random";

/** The number with at most six digits behind the point, as a 32-bit float shows them. */
function float(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** The recovery of a day's night; an unscorable night has one without a score. */
export function recoveryDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed } = person;
  const { number, condition } = state;
  const around = (label: string, level: number, spread: number) => level + bell(seed, number, label) * spread;
  const ownHrv = 28 + uniform(seed, 0, "hrv") * 45;
  const ownRate = 50 + uniform(seed, 0, "pulse") * 14;
  // Straps before 4.0 measure neither oxygen nor skin.
  const oxygen = uniform(seed, 0, "strap") > 0.15;
  const skin = 33.4 + drift(seed, number, "warmth", 6) * 0.4;
  const score = {
    user_calibrating: false,
    recovery_score: whole(around("recovery", 60 + 16 * condition, 8) + revision, 1, 99),
    resting_heart_rate: whole(around("resting", ownRate - condition * 2.5, 1.2), 35, 90),
    hrv_rmssd_milli: float(Math.max(9, around("rmssd", ownHrv + condition * 7, 4))),
    ...(oxygen ? { spo2_percentage: whole(around("oxygen", 960, 7), 900, 1000) / 10 } : {}),
    ...(oxygen ? { skin_temp_celsius: float(around("skin", skin, 0.15)) } : {}),
  };
  return [
    {
      cycle_id: state.cycleId,
      sleep_id: state.sleepId,
      ...head(person, state.bedtimeStart + state.inBedSeconds + 700, revision),
      ...(state.scorable ? { score_state: "SCORED", score } : { score_state: "UNSCORABLE" }),
    },
  ];
}

/** The cycle that a day's night begins: until the next night. Where the strap lay aside there is none, or one without a sleep. */
export function cycleDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  const { seed } = person;
  const { number, condition } = state;
  if (!state.worn && uniform(seed, number, "aside") < 0.5) return [];
  const next = syntheticDay(person, addDays(day, 1));
  const trained = uniform(seed, number, "trained") < 0.4 ? 1 : 0;
  const strain = 7.5 + 4 * trained + condition + bell(seed, number, "strain") * 1.8;
  const basal = 6300 + uniform(seed, 0, "basal") * 1600;
  const score = {
    strain: float(Math.min(20.8, Math.max(0.4, strain + revision * 0.1))),
    kilojoule: float(basal + Math.max(0, strain) * 260 + uniform(seed, number, "energy") * 700),
    average_heart_rate: whole(58 + strain * 1.4 + bell(seed, number, "average") * 2, 40, 110),
    max_heart_rate: whole(118 + trained * 38 + bell(seed, number, "max") * 9, 85, 205),
  };
  return [
    {
      id: state.cycleId,
      ...head(person, state.bedtimeStart + state.inBedSeconds + 600, revision),
      start: utc(state.bedtimeStart),
      end: utc(next.bedtimeStart),
      timezone_offset: timezoneOffset(person),
      ...(state.worn ? { score_state: "SCORED", score } : { score_state: "UNSCORABLE" }),
    },
  ];
}
