import { type Endpoint, endpointsOf, hrvMethodsOf, metricsOf, missingScopes } from "../../../providers/contract";
import type { DailyQuestion } from "../../domain/answers";
import type { Requirement } from "../../domain/coverage";
import { addDays, type CivilDay, daysOf } from "../../domain/days";
import { dayEnd, freshForSeconds, isFuture, type TodaySpan, todaySpan } from "../../domain/freshness";
import { METRIC_KINDS, type Metric } from "../../domain/metrics";
import type { Account } from "../api";
import type { ConfiguredProvider } from "../fetching/ask";

/** One account's part in a question: which endpoints make the metric, as far as the grant covers them. */
export interface Source {
  readonly account: Account;
  readonly configured: ConfiguredProvider;
  readonly metric: Metric;
  readonly endpoints: readonly Endpoint[];
  /** Scopes that further endpoints of the metric would need. */
  readonly missingScopes: readonly string[];
}

/** Why a provider cannot be asked at all, for the whole range; or the source that can. */
export type Resolved =
  | { readonly source: Source }
  | { readonly reason: "NOT_CONNECTED" | "UNSUPPORTED" }
  | { readonly reason: "SCOPE_NOT_GRANTED"; readonly missingScopes: readonly string[] };

/** What a question comes to at one provider. */
export function resolve(
  question: Pick<DailyQuestion, "metric" | "method">,
  configured: ConfiguredProvider,
  account: Account | undefined,
): Resolved {
  const { provider } = configured;
  if (!metricsOf(provider).includes(question.metric)) return { reason: "UNSUPPORTED" };
  if (question.method !== null && !hrvMethodsOf(provider).includes(question.method)) return { reason: "UNSUPPORTED" };
  if (!account) return { reason: "NOT_CONNECTED" };
  const all = endpointsOf(provider, question.metric);
  const lacks = all.map((endpoint) => missingScopes(provider, endpoint, account.grantedScopes));
  const granted = all.filter((_endpoint, index) => lacks[index]?.length === 0);
  const missing = granted.length < all.length ? [...new Set(lacks.flat())] : [];
  const { essential } = METRIC_KINDS[question.metric];
  const useful = granted.some((endpoint) => endpoint.yields.some((kind) => essential.includes(kind)));
  if (!useful) return { reason: "SCOPE_NOT_GRANTED", missingScopes: missing };
  return { source: { account, configured, metric: question.metric, endpoints: granted, missingScopes: missing } };
}

/** When an answer is given, and where the wearer is as far as known. Epoch seconds; minutes east of UTC. */
export interface Moment {
  readonly now: number;
  readonly offsetMinutes: number | null;
  readonly today: TodaySpan;
}

/** Days before today that the requirements of every vendor's days are the same from. */
const PAST_DAYS = 14;

/** The days of a question that have begun, by how recently its endpoints must have checked them. */
export function requirements(
  question: DailyQuestion,
  endpoints: readonly Endpoint[],
  moment: Moment,
): Map<CivilDay, Requirement> {
  const { maxAgeSeconds } = question;
  const { now, offsetMinutes, today } = moment;
  const endsAtHour = Math.max(24, ...endpoints.map((endpoint) => endpoint.dayEndsAtHour ?? 24));
  const settledSuffices = maxAgeSeconds === null;
  const requirementOf = (day: CivilDay): Requirement => {
    // A vendor's day may still run while the calendar is in the next.
    const running = dayEnd(day, offsetMinutes, endsAtHour) > now;
    const freshFor = freshForSeconds(running ? today.latest : day, today);
    return { checkedSince: now - (maxAgeSeconds ?? freshFor), settledSuffices };
  };
  const wanted = new Map<CivilDay, Requirement>();
  // Days that have been over for weeks, of whatever vendor, are all alike.
  const past = addDays(today.earliest, -PAST_DAYS);
  const pastRequirement = requirementOf(past);
  for (const day of daysOf(question.range)) {
    if (day <= past) wanted.set(day, pastRequirement);
    else if (!isFuture(day, today)) wanted.set(day, requirementOf(day));
  }
  return wanted;
}

/** The {@link requirements} of one moment, made once for all questions and sources that they are the same for. */
export class Requirements {
  private readonly made = new Map<string, ReadonlyMap<CivilDay, Requirement>>();

  constructor(readonly moment: Moment) {}

  /** Those of a question to endpoints. */
  of(question: DailyQuestion, endpoints: readonly Endpoint[]): ReadonlyMap<CivilDay, Requirement> {
    const hours = endpoints.map((endpoint) => endpoint.dayEndsAtHour ?? 24);
    const name = [question.range.start, question.range.end, question.maxAgeSeconds, ...hours].join(" ");
    const known = this.made.get(name) ?? requirements(question, endpoints, this.moment);
    this.made.set(name, known);
    return known;
  }
}

/** The latest day that is today anywhere. */
export function latestAnywhere(now: number): CivilDay {
  return todaySpan(now, null).latest;
}

/**
 * Whether an endpoint may not answer for a day so far back. `today`: the latest anywhere, for whose today counts is the vendor's to
 * say, and a day that is asked for and not answered any more would look deleted.
 */
export function outOfReach(endpoint: Endpoint, day: CivilDay, today: CivilDay): boolean {
  return endpoint.reachDays !== undefined && day <= addDays(today, -endpoint.reachDays);
}

/** Adds requirements to others; where both want a day, the stricter holds. */
export function demand(onto: Map<CivilDay, Requirement>, wanted: ReadonlyMap<CivilDay, Requirement>): void {
  for (const [day, requirement] of wanted) {
    const other = onto.get(day);
    onto.set(
      day,
      other
        ? {
            checkedSince: Math.max(other.checkedSince, requirement.checkedSince),
            settledSuffices: other.settledSuffices && requirement.settledSuffices,
          }
        : requirement,
    );
  }
}
