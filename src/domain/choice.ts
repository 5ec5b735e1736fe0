import { HRV_METHODS } from "./assembly/hrv";
import type { SourcedDay } from "./daily";
import { coverageOf } from "./measured";
import { ascending, inTurn, type Order, reversed } from "./order";
import { Slotted } from "./slot";

/** Whose wish decided: that of the query, the person or the operator; DEFAULT: coverage, then wear, then the providers' order. */
export type PolicyName = "QUERY_PREFERENCE" | "PERSON_PREFERENCE" | "OPERATOR_PREFERENCE" | "DEFAULT";

/** Why a candidate was chosen (the first five), or was not. */
export type CandidateReason =
  | "ONLY_SOURCE"
  | "PREFERRED"
  | "BETTER_COVERAGE"
  | "BETTER_WEAR"
  | "HIGHER_PRIORITY"
  | "NO_DATA"
  | "PROVISIONAL"
  | "LESS_COVERAGE"
  | "LESS_WEAR"
  | "LOWER_PRIORITY";

/** A provider that was asked for a day; `day` is null where it has none. */
export interface Candidate {
  readonly provider: string;
  readonly day: SourcedDay | null;
  readonly reason: CandidateReason;
}

/** How a day was chosen: the winner, and every provider that was asked, by slug. */
export interface Resolution {
  readonly policy: PolicyName;
  readonly winner: SourcedDay;
  readonly candidates: readonly Candidate[];
}

/** Wishes for an order of providers, the most particular that names a source of the day holds; `order`: every provider, the last resort. */
export interface ChoicePolicy {
  readonly query: readonly string[] | null;
  readonly person: readonly string[] | null;
  readonly operator: readonly string[] | null;
  readonly order: readonly string[];
}

interface Step {
  readonly order: Order<SourcedDay>;
  readonly won: CandidateReason;
  readonly lost: CandidateReason;
}

const BY_REVISION = inTurn<SourcedDay>(
  ascending(({ value }) => (value.metric === "HRV" ? HRV_METHODS.indexOf(value.method) : 0)),
  reversed(ascending(({ value }) => value.fetchedAt)),
);

const BY_SOURCE = inTurn<SourcedDay>(
  ascending(({ value }) => value.day),
  ascending(({ provider }) => provider),
  BY_REVISION,
);

/** Every provider's days, ascending by day, then by provider. */
export function sortBySource(days: readonly SourcedDay[]): readonly SourcedDay[] {
  const inOrder = days.every((day, index) => {
    const before = days[index - 1];
    // Of one source alone, days that ascend are all there is to look at.
    return before === undefined || before.value.day < day.value.day || BY_SOURCE(before, day) <= 0;
  });
  return inOrder ? days : [...days].sort(BY_SOURCE);
}

/**
 * Chooses one provider's record for each day that has one, and says why; ascending by day, never a blend. `asked`: every provider
 * that was asked. The same records in any order give the same answer.
 */
export function chooseDays(
  bySource: readonly SourcedDay[],
  asked: readonly string[],
  policy: ChoicePolicy,
): readonly Resolution[] {
  const terms = termsOf(asked, policy);
  const sorted = sortBySource(bySource);
  const resolutions: Resolution[] = [];
  for (let first = 0, next = 0; first < sorted.length; first = next) {
    while (next < sorted.length && sorted[next]?.value.day === sorted[first]?.value.day) next += 1;
    resolutions.push(resolvedOnce(sorted, first, next, terms));
  }
  return resolutions;
}

/** What days are chosen by. */
interface Terms {
  readonly asked: readonly string[];
  readonly policy: ChoicePolicy;
}

/** Terms that were met: people have few wishes, but every query says them anew. */
const met = new Map<string, Terms>();
const MOST_MET = 1_000;

/** The same object for equal terms, unless too many others were met since. */
function termsOf(asked: readonly string[], policy: ChoicePolicy): Terms {
  const name = JSON.stringify([asked, policy]);
  const known = met.get(name);
  if (known) return known;
  if (met.size >= MOST_MET) met.clear();
  const terms = { asked, policy };
  met.set(name, terms);
  return terms;
}

/** How one day's records, at least one, were resolved. Of one that has no rival the rest is worked out when somebody asks. */
class Resolved extends Slotted implements Resolution {
  readonly winner: SourcedDay;
  readonly #from: readonly SourcedDay[];
  readonly #terms: Terms;
  readonly #alone: boolean;
  #told: Omit<Resolution, "winner"> | null = null;

  constructor(from: readonly [SourcedDay, ...SourcedDay[]], terms: Terms) {
    super();
    this.#from = from;
    this.#terms = terms;
    this.#alone = from.length === 1;
    if (from.length === 1) this.winner = from[0];
    else ({ winner: this.winner, ...this.#told } = resolveDay(from, terms));
  }

  get policy(): PolicyName {
    return this.#all.policy;
  }

  get candidates(): readonly Candidate[] {
    return this.#all.candidates;
  }

  get #all(): Omit<Resolution, "winner"> {
    this.#told ??= resolveDay(this.#from, this.#terms);
    return this.#told;
  }

  /** Whether it was made, on these terms, of the days from a place to before another. */
  isOf(days: readonly SourcedDay[], first: number, next: number, terms: Terms): boolean {
    if (terms !== this.#terms) return false;
    // Most have no rival, and the list of one need not be looked into.
    if (next - first === 1 && this.#alone) return days[first] === this.winner;
    if (next - first !== this.#from.length) return false;
    for (let place = first; place < next; place++) if (days[place] !== this.#from[place - first]) return false;
    return true;
  }
}

/** How the days from a place to before another were resolved: as before, where the same were on the same terms. */
function resolvedOnce(days: readonly SourcedDay[], first: number, next: number, terms: Terms): Resolution {
  const leader = days[first] as SourcedDay;
  const known = Slotted.madeOf(leader);
  if (known instanceof Resolved && known.isOf(days, first, next, terms)) return known;
  const resolution = new Resolved(days.slice(first, next) as [SourcedDay, ...SourcedDay[]], terms);
  Slotted.leave(leader, resolution);
  return resolution;
}

function resolveDay(days: readonly SourcedDay[], { asked, policy }: Terms): Resolution {
  const [name, preference] = inForce(days, policy);
  const steps = stepsOf(preference, policy.order);
  const ranked = firstOfEach([...days].sort(inTurn(...steps.map((step) => step.order), BY_REVISION)));
  const [winner, runnerUp] = ranked.values();
  if (!winner) throw new RangeError("expected at least one record of the day");
  const reasonOf = (day: SourcedDay): CandidateReason => {
    if (day !== winner) return separating(steps, winner, day)?.lost ?? "LOWER_PRIORITY";
    return runnerUp ? (separating(steps, winner, runnerUp)?.won ?? "HIGHER_PRIORITY") : "ONLY_SOURCE";
  };
  const candidates = [...new Set([...asked, ...ranked.keys()])].sort().map((provider): Candidate => {
    const day = ranked.get(provider) ?? null;
    return { provider, day, reason: day ? reasonOf(day) : "NO_DATA" };
  });
  return { policy: name, winner, candidates };
}

/** Each provider's first day, in the order given: a provider stands for itself once. */
function firstOfEach(days: readonly SourcedDay[]): ReadonlyMap<string, SourcedDay> {
  const first = new Map<string, SourcedDay>();
  for (const day of days) if (!first.has(day.provider)) first.set(day.provider, day);
  return first;
}

function inForce(days: readonly SourcedDay[], policy: ChoicePolicy): [PolicyName, readonly string[]] {
  const wishes: [PolicyName, readonly string[] | null][] = [
    ["QUERY_PREFERENCE", policy.query],
    ["PERSON_PREFERENCE", policy.person],
    ["OPERATOR_PREFERENCE", policy.operator],
  ];
  for (const [name, order] of wishes)
    if (order && days.some(({ provider }) => order.includes(provider))) return [name, order];
  return ["DEFAULT", []];
}

function stepsOf(preference: readonly string[], order: readonly string[]): readonly Step[] {
  return [
    { order: ascending(({ provider }) => rankIn(preference, provider)), won: "PREFERRED", lost: "LOWER_PRIORITY" },
    // A running total covers less than a whole day, however many fields it has.
    {
      order: ascending(({ value }) => (value.completeness === "IN_PROGRESS" ? 1 : 0)),
      won: "BETTER_COVERAGE",
      lost: "PROVISIONAL",
    },
    { order: reversed(ascending(({ value }) => coverageOf(value))), won: "BETTER_COVERAGE", lost: "LESS_COVERAGE" },
    { order: ascending(nonWearSeconds), won: "BETTER_WEAR", lost: "LESS_WEAR" },
    { order: ascending(({ provider }) => rankIn(order, provider)), won: "HIGHER_PRIORITY", lost: "LOWER_PRIORITY" },
    { order: ascending(({ provider }) => provider), won: "HIGHER_PRIORITY", lost: "LOWER_PRIORITY" },
  ];
}

function separating(steps: readonly Step[], winner: SourcedDay, loser: SourcedDay): Step | undefined {
  return steps.find((step) => step.order(winner, loser) !== 0);
}

function rankIn(order: readonly string[], provider: string): number {
  const rank = order.indexOf(provider);
  return rank < 0 ? order.length : rank;
}

/** Unknown wear counts as the least. */
function nonWearSeconds({ value }: SourcedDay): number {
  return (value.metric === "ACTIVITY" ? value.nonWearSeconds : null) ?? Number.MAX_SAFE_INTEGER;
}
