import fc from "fast-check";
import { joinAbsences } from "../../../src/domain/absences";
import type { SourcedDay } from "../../../src/domain/answers";
import { assemble } from "../../../src/domain/assembly";
import { chooseDays, coverageOf, MEASURED_FIELDS, sortBySource } from "../../../src/domain/choice";
import type { DailyValue } from "../../../src/domain/daily";
import { addDays, type CivilDay, daysOf } from "../../../src/domain/days";
import { METRICS, type Metric } from "../../../src/domain/metrics";
import type { KeptRecord } from "../../../src/domain/records";
import { activity, anyRecords, DAY, hrv, kept, readiness, score, session } from "./records";

const STATE = { settled: true, dayOver: true };
const WHOLE = [kept(score()), kept(session()), kept(readiness()), kept(activity()), kept(hrv())];
const dayOf = (metric: Metric, day: CivilDay = DAY, records = WHOLE): DailyValue =>
  assemble(metric, day, records, STATE)[0]!;
const active = (provider: string, over: Parameters<typeof activity>[0] = {}, day: CivilDay = DAY): SourcedDay => ({
  provider,
  value: dayOf("ACTIVITY", day, [kept(activity(over))]),
});

describe("coverage", () => {
  it.each(METRICS)("of %s knows every field of the day that holds data", (metric) => {
    const bookkeeping = ["metric", "day", "fetchedAt", "completeness", "contributors", "method"];
    const fields = Object.keys(dayOf(metric)).filter((name) => !bookkeeping.includes(name));
    expect([...MEASURED_FIELDS[metric]].sort()).toEqual(fields.sort());
  });

  it("counts what is there: 0 is data, null and an empty list are not", () => {
    expect(coverageOf(dayOf("SLEEP"))).toBe(16);
    expect(coverageOf(dayOf("SLEEP", DAY, [kept(score())]))).toBe(1);
    expect(coverageOf(dayOf("SLEEP", DAY, [kept(session({ nature: "nap" }))]))).toBe(1);
    expect(coverageOf(active("ring", { steps: 0 }).value)).toBe(12);
    expect(coverageOf(active("ring", { steps: null }).value)).toBe(11);
  });
});

describe("the choice of a day", () => {
  const full = { distanceMeters: 6_000 };

  it("falls on more measured fields before the order of providers", () => {
    const [poor, rich] = [active("ring"), active("watch", full)];
    expect(chooseDays([poor, rich], ["ring", "watch"])[0]).toBe(rich);
  });

  it("falls on the earlier provider where the fields are as many, on unlisted ones last, by slug", () => {
    const days = [active("b"), active("a"), active("ring"), active("watch")];
    expect(chooseDays(days, ["watch", "ring"])[0]).toBe(days[3]);
    expect(chooseDays(days, ["ring"])[0]).toBe(days[2]);
    expect(chooseDays(days, [])[0]).toBe(days[1]);
  });

  it("is made anew for each day, ascending", () => {
    const days = [
      active("watch", {}, addDays(DAY, 1)),
      active("ring"),
      active("ring", full, addDays(DAY, 1)),
      active("watch", {}, addDays(DAY, -1)),
    ];
    expect(chooseDays(days, ["watch", "ring"])).toEqual([days[3], days[1], days[2]]);
  });

  it("between two of one provider falls on RMSSD before other methods, then on the later received", () => {
    const methods = assemble("HRV", DAY, [...WHOLE, kept(hrv({ key: "s", method: "SDNN" }))], STATE);
    const [rmssd, sdnn] = methods.map((value) => ({ provider: "ring", value }));
    const received = (at: number) => ({ provider: "ring", value: { ...active("ring").value, fetchedAt: at } });
    const [older, newer] = [received(1), received(2)];
    for (const [better, worse] of [
      [rmssd!, sdnn!],
      [newer, older],
    ] as const) {
      expect(chooseDays([worse, better], [])[0]).toBe(better);
      expect(chooseDays([better, worse], [])[0]).toBe(better);
      expect(sortBySource([worse, better])).toEqual([better, worse]);
    }
  });

  it("of no days is none", () => {
    expect(chooseDays([], ["ring"])).toEqual([]);
  });
});

describe("bySource", () => {
  it("is ascending by day, then by provider", () => {
    const days = [active("ring", {}, addDays(DAY, 1)), active("watch"), active("ring")];
    expect(sortBySource(days)).toEqual([days[2], days[1], days[0]]);
  });
});

describe("any days of any providers", () => {
  const PROVIDERS = ["band", "ring", "scale", "watch"];
  const range = { start: DAY, end: addDays(DAY, 9) };
  const anyMetric = fc.constantFrom(...METRICS);
  const anyDays = fc.array(fc.array(anyRecords, { minLength: 10, maxLength: 10 }), { minLength: 1, maxLength: 4 });

  function answer(metric: Metric, perProvider: readonly (readonly (readonly KeptRecord[])[])[]) {
    const bySource: SourcedDay[] = [];
    const absent: { day: CivilDay; provider: string; reason: "PROVIDER_HAS_NONE" }[] = [];
    perProvider.forEach((days, which) => {
      const provider = PROVIDERS[which]!;
      daysOf(range).forEach((day, index) => {
        const [value] = assemble(metric, day, days[index]!, STATE);
        if (value) bySource.push({ provider, value });
        else absent.push({ day, provider, reason: "PROVIDER_HAS_NONE" });
      });
    });
    return { bySource, absent };
  }

  it("give nodes that are objects of bySource, one for each day that any provider has, the same in any order", () => {
    fc.assert(
      fc.property(
        anyMetric,
        anyDays,
        fc.shuffledSubarray(PROVIDERS),
        fc.infiniteStream(fc.nat()),
        (metric, all, order, mix) => {
          const { bySource } = answer(metric, all);
          const nodes = chooseDays(Object.freeze([...bySource]), order);
          expect(nodes.every((node) => bySource.includes(node))).toBe(true);
          expect(nodes.map((node) => node.value.day)).toEqual(
            [...new Set(bySource.map((each) => each.value.day))].sort(),
          );
          const mixed = bySource
            .map((each) => ({ each, rank: mix.next().value }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ each }) => each);
          const again = chooseDays(mixed, order);
          expect(again.length).toBe(nodes.length);
          expect(again.every((node, index) => node === nodes[index])).toBe(true);
          const sorted = sortBySource(mixed);
          expect(sorted.every((each, index) => each === sortBySource(bySource)[index])).toBe(true);
          for (const node of nodes) {
            const rivals = bySource.filter((each) => each.value.day === node.value.day);
            expect(coverageOf(node.value)).toBe(Math.max(...rivals.map((each) => coverageOf(each.value))));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("have every requested day once per provider, as a record or as an absence, and once in nodes or absent everywhere", () => {
    fc.assert(
      fc.property(anyMetric, anyDays, (metric, all) => {
        const { bySource, absent } = answer(metric, all);
        const runs = joinAbsences(absent);
        const nodes = chooseDays(bySource, PROVIDERS).map((node) => node.value.day);
        const missing = (provider: string) =>
          runs
            .filter((run) => run.provider === provider)
            .flatMap((run) => daysOf({ start: run.firstDay, end: run.lastDay }));
        const asked = PROVIDERS.slice(0, all.length);
        for (const provider of asked) {
          const present = bySource.filter((each) => each.provider === provider).map((each) => each.value.day);
          expect([...present, ...missing(provider)].sort()).toEqual(daysOf(range));
        }
        const nowhere = daysOf(range).filter((day) => asked.every((provider) => missing(provider).includes(day)));
        expect([...nodes, ...nowhere].sort()).toEqual(daysOf(range));
      }),
      { numRuns: 100 },
    );
  });
});
