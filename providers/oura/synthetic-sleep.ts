import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { type SyntheticDay, syntheticDay } from "./synthetic-day";
import { bell, documentUuid, uniform, whole } from "./synthetic-random";
import { type SessionPlan, sessionDocument } from "./synthetic-session";

const HOUR = 3600;

/** The day's sessions by start: the night, and now and then others that count, or that do not. */
function plansOf(seed: number, state: SyntheticDay): SessionPlan[] {
  const { number, midnight, bedtimeStart, inBedSeconds } = state;
  const chance = (label: string, share: number) => uniform(seed, number, label) < share;
  const about = (label: string, least: number, spread: number) =>
    whole(least + uniform(seed, number, label) * spread, 0, 1e9);
  const plans: SessionPlan[] = [];
  const plan = (type: string, label: string, start: number, length: number) =>
    plans.push({ type, label, start, inBedSeconds: length });
  if (chance("evening", 0.05))
    plan("late_nap", "late nap", midnight - 6 * HOUR + about("evening at", 0, 1500), about("evening for", 1200, 2400));
  plan("long_sleep", "night", bedtimeStart, inBedSeconds);
  const up = bedtimeStart + inBedSeconds;
  if (up < midnight + 9.5 * HOUR && chance("again", 0.04))
    plan("long_sleep", "second night", up + 1.5 * HOUR, about("again for", 11_000, 2500));
  if (chance("removed", 0.03)) plan("deleted", "deleted", midnight + 15 * HOUR, about("removed for", 1000, 2000));
  if (chance("noon", 0.1 + 0.08 * state.weekend))
    plan("sleep", "nap", midnight + 15.8 * HOUR + about("noon at", 0, 1200), about("noon for", 961, 2200));
  if (chance("sofa", 0.04)) plan("rest", "rest", midnight + 17.2 * HOUR, about("sofa for", 960, 1400));
  return plans;
}

/** Every sleep document of a day, ascending by bedtime, whatever its type. */
export function sleepDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  return plansOf(person.seed, state).map((plan, period) => ({
    ...sessionDocument(person, day, state, plan, revision),
    period,
  }));
}

/** The day's sleep score (PublicDailySleep). */
export function dailySleepDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed } = person;
  const part = (label: string, level: number) => whole(level + bell(seed, state.number, label) * 8, 1, 100);
  const length = (state.inBedSeconds / HOUR) * 0.88;
  const contributors = {
    deep_sleep: part("deep score", 80 + 8 * state.condition),
    efficiency: part("efficiency score", 86 + 6 * state.condition),
    latency: part("latency score", 78),
    rem_sleep: part("rem score", 76 + 6 * state.condition),
    restfulness:
      uniform(seed, state.number, "restless") < 0.02 ? null : part("restfulness score", 72 + 7 * state.condition),
    timing: part("timing score", 84 - 18 * state.weekend),
    total_sleep: whole((length - 4) * 24, 1, 100),
  };
  const parts = Object.values(contributors).filter((score) => score !== null);
  const score = parts.reduce((sum, value) => sum + value, contributors.total_sleep * 2) / (parts.length + 2);
  return [
    {
      id: documentUuid(seed, state.number, "daily sleep"),
      contributors,
      day,
      score: whole(score + revision, 1, 100),
      timestamp: `${day}T00:00:00+00:00`,
    },
  ];
}
