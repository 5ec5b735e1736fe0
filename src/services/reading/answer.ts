import { type AbsentDay, joinAbsences } from "../../domain/absences";
import type { DailyAnswer, DailyQuestion, SourcedDay, SourceIssue } from "../../domain/answers";
import { type ChoicePolicy, chooseDays, sortBySource } from "../../domain/choice";
import { meetsUntil } from "../../domain/coverage";
import { type CivilDay, daysOf } from "../../domain/days";
import { isFuture, todayEnds } from "../../domain/freshness";
import type { Wanted } from "../fetching/flights";
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
  for (const part of parts) {
    for (const trouble of standingTroubles(part)) issues.add(part.provider, trouble);
    for (const day of daysOf(question.range)) {
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
  for (const [day, requirement] of sheet ? wanted : []) {
    const cell = sheet?.cells.get(day);
    if (cell?.unreachable) continue;
    until = Math.min(until, cell ? meetsUntil(cell.known, requirement, now) : now);
  }
  return until;
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
  const value = cell.days.find(({ value: one }) => one.metric !== "HRV" || one.method === question.method);
  if (value) return { value, troubles: stales };
  return { reason: cell.unread ? "ERROR" : "PROVIDER_HAS_NONE", troubles: stales };
}

/** Troubles that hold whatever the days: scopes that were not granted. */
function standingTroubles(part: Part): Trouble[] {
  const { resolved } = part;
  if ("source" in resolved) {
    return resolved.source.missingScopes.length > 0 ? [scopesMissing(resolved.source.missingScopes)] : [];
  }
  return resolved.reason === "SCOPE_NOT_GRANTED" ? [scopesMissing(resolved.missingScopes)] : [];
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
