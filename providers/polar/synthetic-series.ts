import type { SyntheticPerson } from "../contract";
import { clockOf, type SyntheticDay } from "./synthetic-day";
import { bell } from "./synthetic-random";

const SAMPLE_SECONDS = 300;

/** Absolute link to the user, as each document has it. */
export function link(person: SyntheticPerson): string {
  return `https://www.polaraccesslink.com/v3/users/${person.vendorUserId}`;
}

/** Samples every five minutes of the clock between two times, around a level. */
export function samplesOf(person: SyntheticPerson, day: SyntheticDay, label: string, level: number, hours = 24) {
  const from = Math.ceil(day.start / SAMPLE_SECONDS) * SAMPLE_SECONDS + 60;
  const until = Math.min(day.end, day.start + hours * 3600);
  const count = Math.max(0, Math.floor((until - from) / SAMPLE_SECONDS));
  const entries = Array.from({ length: count }, (_, index) => {
    const value = level * (1 + 0.12 * bell(person.seed, day.number, `${label} ${index}`));
    return [clockOf(person, from + index * SAMPLE_SECONDS), value] as const;
  });
  return entries;
}
