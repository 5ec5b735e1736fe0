import { type CivilDay, contains, type DayRange } from "./days";

/** How recently a day must have been checked. `checkedSince`: epoch seconds. */
export interface Requirement {
  readonly checkedSince: number;
  /** Whether a settled day is good enough however long ago it was checked. */
  readonly settledSuffices: boolean;
}

/** What is known of one endpoint of an account over some days. Times are epoch seconds. */
export interface EndpointCoverage {
  readonly accountId: string;
  readonly endpoint: string;
  /** When each unsettled day was last checked. */
  readonly checkedAt: ReadonlyMap<CivilDay, number>;
  readonly settled: readonly DayRange[];
  /** Days of which a document was set aside in the last check. */
  readonly unreadDays: ReadonlySet<CivilDay>;
  /** Recent checks, of settled days too. */
  readonly recentChecks: readonly { readonly days: readonly DayRange[]; readonly at: number }[];
}

/** What is known of a day. `checkedAt`: epoch seconds, null where that was too long ago to be told (settled days only). */
export interface KnownDay {
  readonly settled: boolean;
  readonly checkedAt: number | null;
}

/** What is known of a day that will not change any more. */
export const SETTLED: KnownDay = { settled: true, checkedAt: null };

/** What a coverage says of a day; null where the day is not known. */
export function knownDay(coverage: EndpointCoverage | undefined, day: CivilDay): KnownDay | null {
  if (!coverage) return null;
  const settled = holds(coverage.settled, day);
  let checkedAt = coverage.checkedAt.get(day) ?? null;
  if (!settled && checkedAt === null) return null;
  for (const check of coverage.recentChecks) {
    if ((checkedAt === null || check.at > checkedAt) && holds(check.days, day)) checkedAt = check.at;
  }
  return settled && checkedAt === null ? SETTLED : { settled, checkedAt };
}

function holds(ranges: readonly DayRange[], day: CivilDay): boolean {
  for (const range of ranges) if (contains(range, day)) return true;
  return false;
}

/** Whether what is known of a day meets a requirement. */
export function meets(known: KnownDay | null, requirement: Requirement): boolean {
  if (!known) return false;
  if (known.settled && requirement.settledSuffices) return true;
  return known.checkedAt !== null && known.checkedAt >= requirement.checkedSince;
}

/** Epoch seconds until which what is known of a day goes on meeting a requirement made now; a settled day that suffices does so for ever. */
export function meetsUntil(known: KnownDay, requirement: Requirement, now: number): number {
  if (known.settled && requirement.settledSuffices) return Number.POSITIVE_INFINITY;
  if (known.checkedAt === null) return now;
  // Whole milliseconds: the same check, looked at by two clocks, is otherwise told apart by the rounding of the sum.
  return Math.round((now + known.checkedAt - requirement.checkedSince) * 1_000) / 1_000;
}

/** What is known of a day at all of several endpoints together: as old as the oldest of them; null where one does not know it. */
export function knownAtAll(coverages: readonly (EndpointCoverage | undefined)[], day: CivilDay): KnownDay | null {
  let all: KnownDay | null = null;
  for (const coverage of coverages) {
    const known = knownDay(coverage, day);
    if (!known) return null;
    if (all === null || all === known) all = known;
    else all = { settled: all.settled && known.settled, checkedAt: oldest(all, known) };
  }
  return all;
}

/** A settled day without a time does not make the whole older: it will not change any more. */
function oldest(a: KnownDay, b: KnownDay): number | null {
  if (a.checkedAt === null) return b.settled ? null : b.checkedAt;
  if (b.checkedAt === null) return a.settled ? null : a.checkedAt;
  return Math.min(a.checkedAt, b.checkedAt);
}
