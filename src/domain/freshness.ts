import { addDays, type CivilDay, dayNumber } from "./days";
import { dayAt } from "./instants";

/** The days that are today for a wearer: one where the offset is known, else every day that is today somewhere. */
export interface TodaySpan {
  readonly earliest: CivilDay;
  readonly latest: CivilDay;
}

const WESTERNMOST_OFFSET_MINUTES = -12 * 60;
const EASTERNMOST_OFFSET_MINUTES = 14 * 60;
const DAY_SECONDS = 86_400;
const EMPTY_SETTLES_AFTER_DAYS = 30;
const RECENT_DAYS = 7;
const FRESH_SECONDS = { today: 120, recent: 1_800, older: 86_400 } as const;

/** Today at an epoch (seconds) and offset (minutes east of UTC); where that is null, from UTC−12 to UTC+14. */
export function todaySpan(nowEpochSeconds: number, offsetMinutes: number | null): TodaySpan {
  return {
    earliest: dayAt(nowEpochSeconds, offsetMinutes ?? WESTERNMOST_OFFSET_MINUTES),
    latest: dayAt(nowEpochSeconds, offsetMinutes ?? EASTERNMOST_OFFSET_MINUTES),
  };
}

/**
 * Epoch seconds at which the day is over for a wearer at the offset (minutes east of UTC); where that is null, at the last moment
 * anywhere (UTC−12). `endsAtHour`: hours after the day's midnight, 24 for a calendar day, 28 for one that ends at 04:00 of the next.
 */
export function dayEnd(day: CivilDay, offsetMinutes: number | null, endsAtHour: number): number {
  return dayNumber(day) * DAY_SECONDS + endsAtHour * 3_600 - (offsetMinutes ?? WESTERNMOST_OFFSET_MINUTES) * 60;
}

/** What decides whether a day is settled. `checkedAt`: epoch seconds; `empty`: the provider had nothing of the day; the rest as in {@link dayEnd}. */
export interface SettlingInput {
  readonly day: CivilDay;
  readonly checkedAt: number;
  readonly offsetMinutes: number | null;
  readonly endsAtHour: number;
  readonly settlesAfterDays: number;
  readonly empty: boolean;
}

/** Whether the day was checked later than its end and the days during which the provider may revise it; an empty day takes at least 30. */
export function isSettled(input: SettlingInput): boolean {
  const days = input.empty ? Math.max(EMPTY_SETTLES_AFTER_DAYS, input.settlesAfterDays) : input.settlesAfterDays;
  return input.checkedAt > dayEnd(input.day, input.offsetMinutes, input.endsAtHour) + days * DAY_SECONDS;
}

/** Epoch seconds at which other days become today, for the wearer or anywhere. */
export function todayEnds(nowEpochSeconds: number, offsetMinutes: number | null): number {
  const ends = [WESTERNMOST_OFFSET_MINUTES, offsetMinutes ?? EASTERNMOST_OFFSET_MINUTES, EASTERNMOST_OFFSET_MINUTES];
  return Math.min(...ends.map((offset) => dayEnd(dayAt(nowEpochSeconds, offset), offset, 24)));
}

/** Seconds for which a check of an unsettled day stays fresh: today (and later) 120, the 7 days before 1800, older ones 86400. */
export function freshForSeconds(day: CivilDay, today: TodaySpan): number {
  if (day >= today.earliest) return FRESH_SECONDS.today;
  return day >= addDays(today.earliest, -RECENT_DAYS) ? FRESH_SECONDS.recent : FRESH_SECONDS.older;
}

/** Whether the day has begun nowhere that the wearer may be; such days are never asked. */
export function isFuture(day: CivilDay, today: TodaySpan): boolean {
  return day > today.latest;
}
