import type { Absence, AbsenceReason } from "./answers";
import { type CivilDay, stretchesOf } from "./days";
import { ascending, inTurn } from "./order";

/** A requested day without a record of one provider (its slug), and why. */
export interface AbsentDay {
  readonly day: CivilDay;
  readonly provider: string;
  readonly reason: AbsenceReason;
}

/** Joins adjacent days with the same provider and reason into runs, sorted by provider, then by first day; the order of `days` means nothing. */
export function joinAbsences(days: readonly AbsentDay[]): readonly Absence[] {
  const groups = new Map<string, { provider: string; reason: AbsenceReason; days: CivilDay[] }>();
  for (const { day, provider, reason } of days) {
    const key = `${provider}|${reason}`;
    const group = groups.get(key) ?? { provider, reason, days: [] };
    group.days.push(day);
    groups.set(key, group);
  }
  return [...groups.values()]
    .flatMap(({ provider, reason, days }) =>
      stretchesOf(days).map(({ start, end }) => ({ firstDay: start, lastDay: end, provider, reason })),
    )
    .sort(
      inTurn(
        ascending(({ provider }) => provider),
        ascending(({ firstDay }) => firstDay),
        ascending(({ reason }) => reason),
      ),
    );
}
