import type { CivilDay } from "../../src/domain/days";
import { formatOffset } from "../../src/domain/instants";
import type { SyntheticPerson } from "../contract";
import { syntheticDay } from "./synthetic-day";
import { bell, bits, documentUuid, stream, uniform, whole } from "./synthetic-random";

const EPOCHS = 288;
const EPOCH = 300;
/** MET of each minute by class: not worn, rest, inactive, low, medium, high. */
const METS = [0.1, 0.9, 1.3, 2.1, 3.8, 7.2] as const;

/** One class digit for each 5 minutes from 04:00 on. */
function classesOf(next: () => number, wake: number, bed: number, briskness: number, workout: number): number[] {
  const classes: number[] = [];
  let current = 2;
  for (let index = 0; index < EPOCHS; index++) {
    const asleep = index < wake || index >= bed;
    const training = workout > 0 && index >= 162 && index < 162 + workout;
    if (!asleep && !training && next() > 0.55) {
      const pick = next();
      current = pick < 0.52 - briskness ? 2 : pick < 0.93 - briskness / 2 ? 3 : pick < 0.97 ? 4 : 1;
    }
    const charging = index === wake + 1;
    classes.push(asleep ? 1 : charging ? 0 : training ? (next() < 0.6 ? 5 : 4) : current);
  }
  return classes;
}

/** The day's activity (PublicDailyActivity), 04:00 to 04:00. */
export function dailyActivityDocuments(person: SyntheticPerson, day: CivilDay, revision: number) {
  const state = syntheticDay(person, day);
  if (!state.worn) return [];
  const { seed, offsetMinutes } = person;
  const next = stream(bits(seed, state.number, "activity"));
  const wake = whole((state.bedtimeStart + state.inBedSeconds - state.midnight - 4 * 3600) / EPOCH, 4, 100);
  const bed = 228 + Math.floor(next() * 24);
  const workout = next() < 0.35 ? 4 + Math.floor(next() * 9) : 0;
  const classes = classesOf(next, wake, bed, (state.steps - 8000) / 60_000, workout);
  const counts = [0, 0, 0, 0, 0, 0];
  const items = new Array<number>(EPOCHS * 5);
  let sum = 0;
  classes.forEach((grade, index) => {
    counts[grade] = (counts[grade] ?? 0) + 1;
    const met = ((METS[grade] ?? 1) * 10 + (grade > 1 ? Math.floor(next() * 5) : 0)) / 10;
    sum += met * 5;
    items.fill(met, index * 5, index * 5 + 5);
  });
  const [away = 0, rest = 0, inactive = 0, low = 0, medium = 0, high = 0] = counts;
  const steps = state.steps + workout * 320 + revision * 60;
  const active = whole(steps * 0.034 + high * 38 + medium * 14, 20, 4000);
  const target = 450 + 50 * Math.floor(uniform(seed, 0, "target") * 6);
  const part = (label: string, level: number) => whole(level + bell(seed, state.number, label) * 8, 1, 100);
  const contributors = {
    meet_daily_targets: part("targets", 78 + 10 * state.condition),
    move_every_hour: part("hourly", 84),
    recovery_time: part("recovery", 90 - workout),
    stay_active: part("active", 64 + 10 * state.condition),
    training_frequency: part("frequency", 82 + workout),
    training_volume: part("volume", 84 + workout),
  };
  const level = Object.values(contributors).reduce((total, value) => total + value, 0) / 6;
  const timestamp = `${day}T04:00:00${formatOffset(offsetMinutes)}`;
  return [
    {
      id: documentUuid(seed, state.number, "daily activity"),
      active_calories: active,
      average_met_minutes: Math.round((sum / 1440) * 10_000) / 10_000,
      class_5_min: classes.join(""),
      contributors,
      day,
      equivalent_walking_distance: whole(steps * 0.72 + high * 950 + medium * 320, 0, 120_000),
      high_activity_met_minutes: high * 36,
      high_activity_time: high * EPOCH,
      inactivity_alerts: whole(next() * 4 - state.condition, 0, 8),
      low_activity_met_minutes: low * 6,
      low_activity_time: low * EPOCH,
      medium_activity_met_minutes: medium * 19,
      medium_activity_time: medium * EPOCH,
      met: { interval: 60, items, timestamp: timestamp.replace(":00:00", ":00:00.000") },
      meters_to_target: target * 20 - whole(active * 20, 0, 80_000),
      non_wear_time: away * EPOCH,
      resting_time: rest * EPOCH,
      score: whole(level + revision, 1, 100),
      sedentary_met_minutes: inactive,
      sedentary_time: inactive * EPOCH,
      steps,
      target_calories: target,
      target_meters: target * 20,
      timestamp,
      total_calories: active + 1450 + whole(uniform(seed, 0, "basal") * 500, 0, 500),
    },
  ];
}
