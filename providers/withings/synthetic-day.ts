import { type CivilDay, dayNumber } from "../../src/domain/days";
import type { SyntheticPerson } from "../contract";
import { bell, drift, uniform, whole } from "./synthetic-chance";

/** What a person's documents of a day have in common. Times are epoch seconds. */
export interface SyntheticDay {
  readonly number: number;
  readonly midnight: number;
  /** Whether the watch was worn at all. */
  readonly worn: boolean;
  /** From about −2 (bad) to 2 (good), alike on neighbouring days. */
  readonly condition: number;
  readonly weekend: boolean;
  readonly asleepAt: number;
  readonly inBedSeconds: number;
  readonly steps: number;
}

const GAP_EVERY_DAYS = 33;

/** Zones without summer time, so that a person's offset is the same all the year. */
const ZONES: Readonly<Record<number, string>> = {
  [-600]: "Pacific/Honolulu",
  [-480]: "Pacific/Pitcairn",
  [-420]: "America/Phoenix",
  [-360]: "America/Costa_Rica",
  [-300]: "America/Bogota",
  [-180]: "America/Sao_Paulo",
  0: "Atlantic/Reykjavik",
  60: "Africa/Lagos",
  120: "Africa/Johannesburg",
  180: "Africa/Nairobi",
  330: "Asia/Kolkata",
  345: "Asia/Kathmandu",
  480: "Asia/Singapore",
  540: "Asia/Tokyo",
  600: "Australia/Brisbane",
  840: "Pacific/Kiritimati",
};

/** The name of a zone of the person's offset; throws RangeError for an offset of which none is known. */
export function zoneOf({ offsetMinutes }: SyntheticPerson): string {
  const hours = offsetMinutes / 60;
  // The signs of these names are turned round.
  const hourly = `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;
  const zone = ZONES[offsetMinutes] ?? (Number.isInteger(hours) ? hourly : null);
  if (zone === null) throw new RangeError(`no time zone is known at ${offsetMinutes} minutes`);
  return zone;
}

/** The day of a person: weekly rhythm, slow drift and chance, all from the seed. */
export function syntheticDay(person: SyntheticPerson, day: CivilDay): SyntheticDay {
  const { seed } = person;
  const number = dayNumber(day);
  const weekday = (number + 4) % 7;
  const weekend = weekday === 0 || weekday === 6;
  const condition =
    drift(seed, number, "weeks", 17) * 0.8 + drift(seed, number, "days", 4) * 0.7 + bell(seed, number, "day") * 0.3;
  const midnight = number * 86_400 - person.offsetMinutes * 60;
  const habit = uniform(seed, 0, "bedtime") * 5000 - 4200;
  const block = Math.floor(number / GAP_EVERY_DAYS);
  const gap = number - block * GAP_EVERY_DAYS === Math.floor(uniform(seed, block, "gap") * (GAP_EVERY_DAYS / 2));
  const late = weekend ? 3000 : 0;
  return {
    number,
    midnight,
    worn: !gap,
    condition,
    weekend,
    asleepAt: midnight + whole(habit + late + bell(seed, number, "late") * 1500, -12_000, 10_000),
    inBedSeconds: whole(
      26_000 + uniform(seed, 0, "need") * 4500 + late * 0.6 + condition * 900 + bell(seed, number, "length") * 1800,
      15_000,
      38_000,
    ),
    steps: whole(
      5500 + uniform(seed, 0, "steps") * 6000 + condition * 1200 + bell(seed, number, "steps") * 2000,
      350,
      38_000,
    ),
  };
}
