import { type CivilDay, dayNumber } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { bell, drift, uniform, whole } from "./synthetic-random";

/** What a person's documents of a day have in common. Times are epoch seconds. */
export interface SyntheticDay {
  readonly number: number;
  readonly midnight: number;
  /** Whether the ring was worn at all. */
  readonly worn: boolean;
  /** Whether heart rate variability could be measured at night. */
  readonly pulseRead: boolean;
  /** From about −2 (bad) to 2 (good), alike on neighbouring days. */
  readonly condition: number;
  /** 1 where the day is a Saturday or Sunday, else 0. */
  readonly weekend: 0 | 1;
  readonly bedtimeStart: number;
  readonly inBedSeconds: number;
  /** The person's own level at night, in milliseconds. */
  readonly hrv: number;
  /** The person's own level at night, in beats per minute. */
  readonly heartRate: number;
  readonly steps: number;
}

const GAP_EVERY_DAYS = 36;
const NO_PULSE_EVERY_DAYS = 90;

/** One day in each block of days, never near the next block's: a stretch of 30 days has at most 2 gaps. */
function isGap(seed: number, number: number, every: number, label: string): boolean {
  const block = Math.floor(number / every);
  return number - block * every === Math.floor(uniform(seed, block, label) * (every / 2));
}

/** The day of a person: weekly rhythm, slow drift and chance, all from the seed. */
export function syntheticDay(person: SyntheticPerson, day: CivilDay): SyntheticDay {
  const { seed } = person;
  const number = dayNumber(day);
  const weekday = (number + 4) % 7;
  const weekend = weekday === 0 || weekday === 6 ? 1 : 0;
  const condition =
    drift(seed, number, "weeks", 19) * 0.8 + drift(seed, number, "days", 5) * 0.7 + bell(seed, number, "day") * 0.3;
  const midnight = number * 86_400 - person.offsetMinutes * 60;
  const habit = uniform(seed, 0, "bedtime") * 5400 - 4500;
  const need = 25_500 + uniform(seed, 0, "need") * 4500;
  const sunday = weekday === 0 ? 0.8 : 1;
  return {
    number,
    midnight,
    worn: !isGap(seed, number, GAP_EVERY_DAYS, "gap"),
    pulseRead: !isGap(seed, number, NO_PULSE_EVERY_DAYS, "no pulse"),
    condition,
    weekend,
    bedtimeStart: midnight + whole(habit + weekend * 3200 + bell(seed, number, "late") * 1500, -12_000, 10_000),
    inBedSeconds: whole(need + weekend * 2100 + condition * 900 + bell(seed, number, "length") * 1800, 14_500, 38_000),
    hrv: 28 + uniform(seed, 0, "hrv") * 45 + condition * 7,
    heartRate: 50 + uniform(seed, 0, "pulse") * 14 - condition * 2.5,
    steps: whole(
      (6000 + uniform(seed, 0, "steps") * 5500) * sunday * (weekday === 6 ? 1.2 : 1) +
        condition * 1100 +
        bell(seed, number, "steps") * 1900,
      400,
      38_000,
    ),
  };
}
