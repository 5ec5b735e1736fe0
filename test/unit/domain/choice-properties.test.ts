import fc from "fast-check";
import { joinAbsences } from "../../../src/domain/absences";
import type { SourcedDay } from "../../../src/domain/answers";
import { assemble } from "../../../src/domain/assembly";
import { type CandidateReason, type ChoicePolicy, chooseDays, sortBySource } from "../../../src/domain/choice";
import { addDays, type CivilDay, daysOf } from "../../../src/domain/days";
import { METRICS, type Metric } from "../../../src/domain/metrics";
import type { KeptRecord } from "../../../src/domain/records";
import { anyRecords, DAY } from "./records";

const PROVIDERS = ["band", "ring", "scale", "watch"];
const WON: readonly CandidateReason[] = [
  "ONLY_SOURCE",
  "PREFERRED",
  "BETTER_COVERAGE",
  "BETTER_WEAR",
  "HIGHER_PRIORITY",
];
const RUNS = { numRuns: 150 };
const range = { start: DAY, end: addDays(DAY, 5) };
const length = daysOf(range).length;

interface Case {
  readonly metric: Metric;
  readonly bySource: readonly SourcedDay[];
  readonly absent: readonly { day: CivilDay; provider: string; reason: "PROVIDER_HAS_NONE" }[];
  readonly asked: readonly string[];
}

const anyOrder = fc.shuffledSubarray(PROVIDERS);
const anyWish = fc.option(anyOrder, { nil: null });
const anyPolicy: fc.Arbitrary<ChoicePolicy> = fc.record({
  query: anyWish,
  person: anyWish,
  operator: anyWish,
  order: anyOrder,
});

/** Days of up to four providers; at most one per day and provider, as in an answer; providers with nothing are asked too. */
const anyCase: fc.Arbitrary<Case> = fc
  .record({
    metric: fc.constantFrom(...METRICS),
    all: fc.array(fc.array(anyRecords, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 4 }),
    settled: fc.boolean(),
    dayOver: fc.boolean(),
  })
  .map(({ metric, all, ...state }) => {
    const asked = PROVIDERS.slice(0, all.length);
    const bySource: SourcedDay[] = [];
    const absent: Case["absent"][number][] = [];
    const add = (provider: string, day: CivilDay, records: readonly KeptRecord[]) => {
      const [value] = assemble(metric, day, records, state);
      if (value) bySource.push({ provider, value });
      else absent.push({ day, provider, reason: "PROVIDER_HAS_NONE" });
    };
    for (const [which, provider] of asked.entries()) {
      for (const [index, day] of daysOf(range).entries()) add(provider, day, all[which]![index]!);
    }
    return { metric, bySource, absent, asked };
  });

const shuffled = <T>(list: readonly T[], stream: Iterator<number>): T[] =>
  list
    .map((item) => ({ item, rank: stream.next().value as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);

test("the same records and providers in any order give the same answer", () => {
  fc.assert(
    fc.property(anyCase, anyPolicy, fc.infiniteStream(fc.nat()), ({ bySource, asked }, policy, mix) => {
      const once = chooseDays(Object.freeze([...bySource]), Object.freeze([...asked]), policy);
      const again = chooseDays(shuffled(bySource, mix), shuffled([...asked, ...asked], mix), policy);
      expect(again).toEqual(once);
      expect(again.every(({ winner }, index) => winner === once[index]?.winner)).toBe(true);
      expect(sortBySource(shuffled(bySource, mix))).toEqual(sortBySource(bySource));
    }),
    RUNS,
  );
});

test("each day that anybody has is chosen once, ascending; the winner is an object of bySource and of one candidate", () => {
  fc.assert(
    fc.property(anyCase, anyPolicy, ({ bySource, asked }, policy) => {
      const resolutions = chooseDays(bySource, asked, policy);
      expect(resolutions.map(({ winner }) => winner.value.day)).toEqual(
        [...new Set(bySource.map(({ value }) => value.day))].sort(),
      );
      for (const { winner, candidates } of resolutions) {
        expect(bySource.some((each) => each === winner)).toBe(true);
        expect(candidates.filter(({ day }) => day === winner).map(({ provider }) => provider)).toEqual([
          winner.provider,
        ]);
      }
    }),
    RUNS,
  );
});

test("each provider that was asked is a candidate once; one winner's reason; NO_DATA where it has no record, nowhere else", () => {
  fc.assert(
    fc.property(anyCase, anyPolicy, ({ bySource, asked }, policy) => {
      for (const { winner, candidates } of chooseDays(bySource, asked, policy)) {
        expect(candidates.map(({ provider }) => provider)).toEqual([...asked].sort());
        for (const { provider, day, reason } of candidates) {
          const own = bySource.find((each) => each.provider === provider && each.value.day === winner.value.day);
          expect(day).toBe(own ?? null);
          expect(reason === "NO_DATA").toBe(day === null);
          expect(WON.includes(reason)).toBe(day === winner);
        }
        const present = candidates.filter(({ day }) => day !== null).length;
        expect(candidates.some(({ reason }) => reason === "ONLY_SOURCE")).toBe(present === 1);
      }
    }),
    RUNS,
  );
});

test("the first provider with data of the most particular wish wins; without a wish nobody is PREFERRED", () => {
  fc.assert(
    fc.property(anyCase, anyPolicy, ({ bySource, asked }, policy) => {
      for (const { winner, candidates, policy: name } of chooseDays(bySource, asked, policy)) {
        const present = candidates.filter(({ day }) => day !== null).map(({ provider }) => provider);
        const wishes = [policy.query, policy.person, policy.operator].map((order) => order ?? []);
        const firsts = wishes.map((order) => order.find((provider) => present.includes(provider)));
        const which = firsts.findIndex((first) => first !== undefined);
        const names = ["QUERY_PREFERENCE", "PERSON_PREFERENCE", "OPERATOR_PREFERENCE"];
        expect(name).toBe(names[which] ?? "DEFAULT");
        if (which >= 0) expect(winner.provider).toBe(firsts[which]);
        const reason = candidates.find(({ day }) => day === winner)?.reason;
        expect(reason === "PREFERRED").toBe(which >= 0 && present.length > 1);
      }
    }),
    RUNS,
  );
});

test("a loser's reason is the winner's turned round, seen from between the two alone", () => {
  const turned: Partial<Record<CandidateReason, readonly CandidateReason[]>> = {
    LOWER_PRIORITY: ["PREFERRED", "HIGHER_PRIORITY"],
    LESS_COVERAGE: ["BETTER_COVERAGE"],
    PROVISIONAL: ["BETTER_COVERAGE"],
    LESS_WEAR: ["BETTER_WEAR"],
  };
  fc.assert(
    fc.property(anyCase, anyPolicy, ({ bySource, asked }, policy) => {
      for (const { winner, candidates } of chooseDays(bySource, asked, policy)) {
        for (const { day, reason } of candidates) {
          if (day === null || day === winner) continue;
          const [duel] = chooseDays([day, winner], [], policy);
          expect(duel?.winner).toBe(winner);
          expect(turned[reason]).toContain(duel?.candidates.find((one) => one.day === winner)?.reason);
          expect(duel?.candidates.find((one) => one.day === day)?.reason).toBe(reason);
        }
      }
    }),
    RUNS,
  );
});

test("transitive: the winner beats each of the others alone, and who beats one that beats a third beats the third", () => {
  fc.assert(
    fc.property(anyCase, anyPolicy, ({ bySource }, policy) => {
      const beats = (a: SourcedDay, b: SourcedDay) => chooseDays([a, b], [], policy)[0]?.winner === a;
      for (const { winner, candidates } of chooseDays(bySource, [], policy)) {
        const days = candidates.flatMap(({ day }) => day ?? []);
        for (const a of days) {
          if (a !== winner) expect(beats(winner, a)).toBe(true);
          for (const b of days) {
            for (const c of days) if (a !== b && a !== c && beats(a, b) && beats(b, c)) expect(beats(a, c)).toBe(true);
          }
        }
      }
    }),
    RUNS,
  );
});

test("every requested day is there once per provider, as a record or as an absence, and once in nodes or absent everywhere", () => {
  fc.assert(
    fc.property(anyCase, anyPolicy, ({ bySource, absent, asked }, policy) => {
      const runs = joinAbsences(absent);
      const nodes = chooseDays(bySource, asked, policy).map(({ winner }) => winner.value.day);
      const missing = (provider: string) =>
        runs
          .filter((run) => run.provider === provider)
          .flatMap((run) => daysOf({ start: run.firstDay, end: run.lastDay }));
      for (const provider of asked) {
        const present = bySource.filter((each) => each.provider === provider).map(({ value }) => value.day);
        expect([...present, ...missing(provider)].sort()).toEqual(daysOf(range));
      }
      const nowhere = daysOf(range).filter((day) => asked.every((provider) => missing(provider).includes(day)));
      expect([...nodes, ...nowhere].sort()).toEqual(daysOf(range));
    }),
    RUNS,
  );
});
