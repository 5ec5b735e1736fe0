import { type AbsentDay, joinAbsences } from "../../domain/absences";
import type { DailyAnswer, DailyQuestion, SourcedDay, SourceIssue } from "../../domain/answers";
import { type ChoicePolicy, chooseDays, sortBySource } from "../../domain/choice";
import { meets, meetsUntil } from "../../domain/coverage";
import { type CivilDay, daysOf } from "../../domain/days";
import { isFuture, todayEnds } from "../../domain/freshness";
import type { Wanted } from "../fetching/flights";
import type { Cell } from "./cells";
import type { Moment, Resolved } from "./questions";
import type { Sheet } from "./sheet";
import { issueOf, STALE, scopesMissing, type Trouble, UNREAD } from "./trouble";

/** A question at one provider: what it came to, and the sheet of its source where there is one. */
export interface Part {
  readonly provider: string;
  readonly resolved: Resolved;
  readonly sheet: Sheet | null;
  readonly wanted: Wanted;
}

/** Composes the answer to a question from its parts. `unconfirmed`: the data version could not be confirmed. Pure. */
export function compose(
  question: DailyQuestion,
  parts: readonly Part[],
  moment: Moment,
  unconfirmed: boolean,
  policy: ChoicePolicy,
): DailyAnswer {
  const days: SourcedDay[] = [];
  const absences: AbsentDay[] = [];
  const issues = new Issues();
  let freshUntil = todayEnds(moment.now, moment.offsetMinutes);
  const range = daysOf(question.range);
  for (const part of parts) {
    for (const trouble of standingTroubles(part, unconfirmed)) issues.add(part.provider, trouble);
    for (const day of range) {
      const known = knownWell(day, question, part, moment, unconfirmed);
      if (known) {
        days.push(known);
        continue;
      }
      const told = tell(day, question, part, moment, unconfirmed);
      if (told.value) days.push(told.value);
      else absences.push({ day, provider: part.provider, reason: told.reason ?? "ERROR" });
      for (const trouble of told.troubles) issues.add(part.provider, trouble);
    }
    freshUntil = Math.min(freshUntil, partFreshUntil(part, moment));
  }
  const bySource = sortBySource(days);
  const resolutions = chooseDays(
    bySource,
    parts.map((part) => part.provider),
    policy,
  );
  return {
    nodes: resolutions.map((resolution) => resolution.winner),
    resolutions,
    bySource,
    absences: joinAbsences(absences),
    issues: issues.all(),
    freshUntil,
  };
}

/** Until when what is known of a part's days needs no second look; a day that is not known is looked for at once. */
function partFreshUntil({ sheet, wanted }: Part, { now }: Moment): number {
  let until = Number.POSITIVE_INFINITY;
  if (!sheet) return until;
  wanted.forEach((requirement, day) => {
    const cell = sheet.cells.get(day);
    if (!cell?.unreachable) until = Math.min(until, cell ? meetsUntil(cell.known, requirement, now) : now);
  });
  return until;
}

/** What most days are, without making anything to say so: there, and as new as required; null for all others. */
function knownWell(
  day: CivilDay,
  question: DailyQuestion,
  { sheet, wanted }: Part,
  { today }: Moment,
  unconfirmed: boolean,
): SourcedDay | null {
  const [cell, requirement] = [sheet?.cells.get(day), wanted.get(day)];
  if (!cell || !requirement || unconfirmed || cell.unread || cell.unreachable || isFuture(day, today)) return null;
  return meets(cell.known, requirement) ? (dayOf(cell, question) ?? null) : null;
}

/** Of heart rate variability, the day by the method that was asked for. */
function dayOf(cell: Cell, question: DailyQuestion): SourcedDay | undefined {
  if (question.metric !== "HRV") return cell.days[0];
  return cell.days.find(({ value }) => value.metric !== "HRV" || value.method === question.method);
}

interface Told {
  readonly value?: SourcedDay;
  readonly reason?: AbsentDay["reason"];
  readonly troubles: readonly Omit<Trouble, "absence">[];
}

/** What there is to say of one day at one provider. */
function tell(day: CivilDay, question: DailyQuestion, part: Part, moment: Moment, unconfirmed: boolean): Told {
  if (isFuture(day, moment.today)) return { reason: "FUTURE", troubles: [] };
  if (!part.sheet) return { reason: "reason" in part.resolved ? part.resolved.reason : "ERROR", troubles: [] };
  const requirement = part.wanted.get(day);
  const cell = part.sheet.cells.get(day);
  const { troubles } = part.sheet;
  if ((!cell || cell.unreachable) && part.sheet.beyondReach(day)) return { reason: "UNSUPPORTED", troubles: [] };
  if (!cell) return { reason: troubles[0]?.absence ?? "NOT_YET_SYNCED", troubles };
  const stale = unconfirmed || !requirement || !part.sheet.fresh(day, requirement);
  const stales = [...(stale ? [...troubles, STALE] : []), ...(cell.unread ? [UNREAD] : [])];
  const value = dayOf(cell, question);
  if (value) return { value, troubles: stales };
  return { reason: cell.unread ? "ERROR" : "PROVIDER_HAS_NONE", troubles: stales };
}

/** Troubles that hold whatever the days: scopes that were not granted; whether anything is linked at all may be outdated as well. */
function standingTroubles({ resolved }: Part, unconfirmed: boolean): Omit<Trouble, "absence">[] {
  if ("source" in resolved) {
    return resolved.source.missingScopes.length > 0 ? [scopesMissing(resolved.source.missingScopes)] : [];
  }
  const missing = resolved.reason === "SCOPE_NOT_GRANTED" ? [scopesMissing(resolved.missingScopes)] : [];
  return unconfirmed ? [...missing, STALE] : missing;
}

/** Issues once per provider and code, in the order that they were met. */
class Issues {
  private readonly byName = new Map<string, SourceIssue>();

  add(provider: string, trouble: Omit<Trouble, "absence">): void {
    const name = `${provider} ${trouble.code}`;
    const known = this.byName.get(name);
    if (!known || (trouble.retryAt ?? 0) > (known.retryAt ?? 0)) this.byName.set(name, issueOf(provider, trouble));
  }

  all(): SourceIssue[] {
    return [...this.byName.values()];
  }
}
