import { type CivilDay, dayNumber } from "../../src/domain/days";
import { formatOffset, type Instant, instantAt } from "../../src/domain/instants";
import type { SyntheticPerson } from "../contract";
import { bell, uniform, whole } from "./synthetic-random";

/** A stretch of one code of Polar's hypnogram, in seconds since the sleep began. */
export interface SyntheticStretch {
  readonly code: number;
  readonly from: number;
  readonly to: number;
}

/** What a person's documents of a day have in common. Times are epoch seconds. */
export interface SyntheticDay {
  readonly number: number;
  /** Whether the watch was worn at all, and at night tightly enough to measure heartbeats. */
  readonly worn: boolean;
  readonly measured: boolean;
  /** From about −2 (bad) to 2 (good). */
  readonly condition: number;
  /** 1 where the day is a Saturday or Sunday, else 0. */
  readonly weekend: 0 | 1;
  readonly start: number;
  readonly end: number;
}

/** One day in each block of days, in the block's first half: a stretch of 28 days has at most 2 gaps. */
function isGap(seed: number, number: number, every: number, label: string): boolean {
  const block = Math.floor(number / every);
  return number - block * every === Math.floor(uniform(seed, block, label) * (every / 2));
}

/** The day of a person: weekly rhythm and chance, all from the seed. */
export function syntheticDay({ seed, offsetMinutes }: SyntheticPerson, day: CivilDay): SyntheticDay {
  const number = dayNumber(day);
  const weekday = (number + 4) % 7;
  const weekend = weekday === 0 || weekday === 6 ? 1 : 0;
  const condition = Math.sin(number / 9 + (seed % 7)) + bell(seed, number, "day") * 0.5;
  const midnight = number * 86_400 - offsetMinutes * 60;
  const habit = uniform(seed, 0, "bedtime") * 6000 - 5400;
  const start = midnight + whole(habit + weekend * 3000 + bell(seed, number, "late") * 1600, -11_000, 11_000);
  const need = 24_000 + uniform(seed, 0, "need") * 4800 + weekend * 2000;
  return {
    number,
    worn: !isGap(seed, number, 40, "not worn"),
    measured: !isGap(seed, number, 60, "loose"),
    condition,
    weekend,
    start,
    end: start + whole(need + condition * 900 + bell(seed, number, "length") * 1700, 14_400, 38_000),
  };
}

/** The wall clock `HH:MM` of a person at an epoch. */
export function clockOf(person: SyntheticPerson, epoch: number): string {
  return instantAt(epoch, person.offsetMinutes).slice(11, 16);
}

/** An instant as Polar writes it: with the wearer's offset, `+00:00` at Greenwich. */
export function localTime(person: SyntheticPerson, epoch: number): Instant {
  const text = instantAt(epoch, person.offsetMinutes);
  return `${text.slice(0, 19)}${formatOffset(person.offsetMinutes)}` as Instant;
}

/** Cycles of about 90 minutes, deep sleep early and REM late; codes change on the clock's full minutes. */
export function hypnogramOf(person: SyntheticPerson, day: SyntheticDay): SyntheticStretch[] {
  const length = day.end - day.start;
  const stretches: SyntheticStretch[] = [];
  let from = 0;
  for (let index = 0; from < length; index++) {
    const phase = (from % 5400) / 5400;
    const pick = uniform(person.seed, day.number, `stage ${index}`);
    const late = from / length;
    const likely = phase < 0.15 ? 2 : phase < 0.4 + 0.15 * (1 - late) ? 4 : phase < 0.75 ? 3 : 1;
    const code = index > 0 && pick < 0.09 ? 0 : pick > 0.985 ? 5 : pick > 0.8 ? 3 : likely;
    const minutes = code === 0 ? 1 + Math.floor(pick * 40) : 5 + Math.floor(pick * 22);
    const next = Math.floor((day.start + from) / 60) * 60 + minutes * 60 - day.start;
    const to = Math.min(length, next);
    const last = stretches.at(-1);
    if (last?.code === code) stretches[stretches.length - 1] = { ...last, to };
    else stretches.push({ code, from, to });
    from = to;
  }
  return stretches;
}
