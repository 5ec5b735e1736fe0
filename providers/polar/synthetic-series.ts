import type { SyntheticPerson } from "../contract";
import { clockOf, type SyntheticDay } from "./synthetic-day";
import { bell } from "./synthetic-random";

const SAMPLE_SECONDS = 300;

/** Absolute link to the user, as each document has it. */
export function link(person: SyntheticPerson): string {
  return `https://www.polaraccesslink.com/v3/users/${person.vendorUserId}`;
}

/** Hours after falling asleep from which to which a series goes, as far as the night lasts. */
export interface SeriesHours {
  readonly from: number;
  readonly to: number;
}

/** Four hours from half an hour after falling asleep on, over which Polar measures recovery. */
export const RECHARGE_HOURS: SeriesHours = { from: 0.5, to: 4.5 };

/** Samples around a level every five minutes of the night, by wall clock. */
export function samplesOf(
  person: SyntheticPerson,
  day: SyntheticDay,
  label: string,
  level: number,
  hours: SeriesHours = { from: 0, to: 24 },
) {
  const from = Math.ceil((day.start + hours.from * 3600) / SAMPLE_SECONDS) * SAMPLE_SECONDS + 60;
  const until = Math.min(day.end, day.start + hours.to * 3600);
  const count = Math.max(0, Math.floor((until - from) / SAMPLE_SECONDS));
  return Array.from({ length: count }, (_, index) => {
    const value = level * (1 + 0.12 * bell(person.seed, day.number, `${label} ${index}`));
    return [clockOf(person, from + index * SAMPLE_SECONDS), value] as const;
  });
}
