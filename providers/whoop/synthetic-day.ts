import { type CivilDay, dayNumber } from "../../src/domain/days";
import { formatOffset } from "../../src/domain/instants";
import type { SyntheticPerson } from "../contract";
import { bell, bits, drift, uniform, uuid, whole } from "./synthetic-random";

/** What a person's documents of a day have in common. Times are epoch seconds. */
export interface SyntheticDay {
  readonly number: number;
  readonly midnight: number;
  /** Whether the strap was worn in the night that begins the day. */
  readonly worn: boolean;
  /** Whether WHOOP could score that night. */
  readonly scorable: boolean;
  /** From about −2 (bad) to 2 (good), alike on neighbouring days. */
  readonly condition: number;
  /** 1 where the day is a Saturday or Sunday, else 0. */
  readonly weekend: 0 | 1;
  readonly bedtimeStart: number;
  readonly inBedSeconds: number;
  readonly sleepId: string;
  readonly cycleId: number;
}

const GAP_EVERY_DAYS = 36;
const UNSCORABLE_EVERY_DAYS = 90;
const CYCLES_A_DAY = 100_000;

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
  return {
    number,
    midnight,
    worn: !isGap(seed, number, GAP_EVERY_DAYS, "gap"),
    scorable: !isGap(seed, number, UNSCORABLE_EVERY_DAYS, "no score"),
    condition,
    weekend,
    bedtimeStart: midnight + whole(habit + weekend * 3200 + bell(seed, number, "late") * 1500, -12_000, 10_000),
    inBedSeconds: whole(need + weekend * 2100 + condition * 900 + bell(seed, number, "length") * 1800, 14_500, 38_000),
    sleepId: uuid(seed, number, "night"),
    cycleId: number * CYCLES_A_DAY + (bits(seed, 0, "cycle") % CYCLES_A_DAY),
  };
}

/** WHOOP's integer for the person with a seed. */
export function userId(seed: number): number {
  return 10_000 + seed;
}

/** An instant as WHOOP writes it: UTC, with milliseconds that follow from the seconds. */
export function utc(epoch: number): string {
  return new Date(epoch * 1000 + (epoch % 997)).toISOString();
}

/** Fields that every document has; `at`: when WHOOP first wrote it; a revision is an hour later each. */
export function head(person: SyntheticPerson, at: number, revision: number) {
  return { user_id: userId(person.seed), created_at: utc(at), updated_at: utc(at + revision * 3600) };
}

/** The wearer's offset as WHOOP writes it. */
export function timezoneOffset(person: SyntheticPerson): string {
  return formatOffset(person.offsetMinutes);
}
