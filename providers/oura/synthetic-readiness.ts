import type { CivilDay } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { syntheticDay } from "./synthetic-day";
import { bell, documentUuid, drift, uniform, whole } from "./synthetic-random";

/** The day's readiness (PublicDailyReadiness). */
export function dailyReadinessDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed } = person;
  const { number, condition } = state;
  const part = (label: string, level: number, spread = 7) => whole(level + bell(seed, number, label) * spread, 1, 100);
  const fever = Math.max(0, drift(seed, number, "fever", 9) - 0.85) * 9;
  const trend = drift(seed, number, "warmth", 6) * 0.25 + fever * 0.6;
  const hundredths = (celsius: number) => Math.round(celsius * 100) / 100;
  const contributors = {
    activity_balance: part("activity balance", 84 + 5 * condition),
    body_temperature: part("body temperature", 96 - 30 * fever, 3),
    hrv_balance: part("hrv balance", 80 + 9 * condition),
    previous_day_activity: uniform(seed, number, "no yesterday") < 0.03 ? null : part("yesterday", 80, 10),
    previous_night: part("previous night", 78 + 9 * condition),
    recovery_index: part("recovery index", 74 + 8 * condition, 12),
    resting_heart_rate: part("resting heart rate", 84 + 8 * condition),
    sleep_balance: part("sleep balance", 82 + 6 * condition, 4),
    sleep_regularity: part("sleep regularity", 80 - 6 * state.weekend, 4),
  };
  const parts = Object.values(contributors).filter((score) => score !== null);
  return [
    {
      id: documentUuid(seed, number, "daily readiness"),
      contributors,
      day,
      score: whole(parts.reduce((sum, value) => sum + value, 0) / parts.length + revision, 1, 100),
      temperature_deviation: hundredths(trend + fever * 0.4 + bell(seed, number, "skin") * 0.12),
      temperature_trend_deviation: uniform(seed, number, "no trend") < 0.03 ? null : hundredths(trend),
      timestamp: `${day}T00:00:00+00:00`,
    },
  ];
}
