import type { SourcedDay } from "../../../src/domain/answers";
import { assemble } from "../../../src/domain/assembly";
import { type CandidateReason, type ChoicePolicy, chooseDays, sortBySource } from "../../../src/domain/choice";
import { addDays, type CivilDay } from "../../../src/domain/days";
import type { KeptRecord } from "../../../src/domain/records";
import { activity, DAY, hrv, kept, session } from "./records";

const STATE = { settled: true, dayOver: true };
const NO_WISH: ChoicePolicy = { query: null, person: null, operator: null, order: [] };
const wish = (over: Partial<ChoicePolicy>): ChoicePolicy => ({ ...NO_WISH, ...over });
const active = (provider: string, over: Parameters<typeof activity>[0] = {}, day: CivilDay = DAY): SourcedDay => ({
  provider,
  value: assemble("ACTIVITY", day, [kept(activity(over))], STATE)[0]!,
});
const night = (provider: string, ...records: KeptRecord[]): SourcedDay => ({
  provider,
  value: assemble("SLEEP", DAY, records, STATE)[0]!,
});
const full = { distanceMeters: 6_000 };

/** The one day's policy, and each candidate's reason by provider; the winner marked. */
function told(days: readonly SourcedDay[], policy: ChoicePolicy, asked = days.map(({ provider }) => provider)) {
  const resolutions = chooseDays(days, asked, policy);
  expect(resolutions).toHaveLength(1);
  const { policy: name, winner, candidates } = resolutions[0]!;
  const reasons: Record<string, CandidateReason> = {};
  for (const { provider, reason } of candidates) reasons[provider] = reason;
  return { name, winner, reasons };
}

describe("the choice of a day", () => {
  it("of one source is that source; others that were asked have no data", () => {
    const day = active("ring");
    expect(told([day], NO_WISH, ["watch", "ring"])).toEqual({
      name: "DEFAULT",
      winner: day,
      reasons: { ring: "ONLY_SOURCE", watch: "NO_DATA" },
    });
  });

  it("falls on more measured fields before wear and the order of providers", () => {
    const [poor, rich] = [active("ring"), active("watch", { ...full, nonWearSeconds: 9 })];
    const { winner, reasons } = told([poor, rich], wish({ order: ["ring", "watch"] }));
    expect(winner).toBe(rich);
    expect(reasons).toEqual({ ring: "LESS_COVERAGE", watch: "BETTER_COVERAGE" });
  });

  it("falls on a whole night before one that lasts, however much that one tells", () => {
    const whole = night("scale", kept(session({ remSeconds: null, deepSeconds: null })));
    const lasting = night("ring", kept(session({ end: null })), kept(session({ key: "nap", nature: "nap" })));
    const { winner, reasons } = told([lasting, whole], NO_WISH);
    expect(winner).toBe(whole);
    expect(reasons).toEqual({ ring: "PROVISIONAL", scale: "BETTER_COVERAGE" });
  });

  it("falls on longer wear where the fields are as many; untold wear is the least", () => {
    const [short, long] = [active("ring", { nonWearSeconds: 7_200 }), active("watch", { nonWearSeconds: 60 })];
    const untold = active("band", { nonWearSeconds: null, ...full });
    const { winner, reasons } = told([short, untold, long], wish({ order: ["band", "ring"] }));
    expect(winner).toBe(long);
    expect(reasons).toEqual({ band: "LESS_WEAR", ring: "LESS_WEAR", watch: "BETTER_WEAR" });
  });

  it("falls on the earlier provider where all else is equal, on unlisted ones last, by slug", () => {
    const days = [active("b"), active("a"), active("ring"), active("watch")];
    const winner = (order: readonly string[]) => told(days, wish({ order })).winner;
    expect(winner(["watch", "ring"])).toBe(days[3]);
    expect(winner(["ring"])).toBe(days[2]);
    expect(winner([])).toBe(days[1]);
    expect(told(days, wish({ order: ["ring"] })).reasons).toEqual({
      a: "LOWER_PRIORITY",
      b: "LOWER_PRIORITY",
      ring: "HIGHER_PRIORITY",
      watch: "LOWER_PRIORITY",
    });
  });

  it.each([
    [{ query: ["scale"], person: ["ring"], operator: ["watch"] }, "QUERY_PREFERENCE", "scale"],
    [{ person: ["ring"], operator: ["watch"] }, "PERSON_PREFERENCE", "ring"],
    [{ operator: ["watch", "ring"] }, "OPERATOR_PREFERENCE", "watch"],
    [{ query: ["gone"], person: ["ring"] }, "PERSON_PREFERENCE", "ring"],
    [{ query: ["gone"], person: ["lost", "scale"] }, "PERSON_PREFERENCE", "scale"],
  ] as const)("by the wishes %j is %s and falls on %s, whatever the rest tells", (over, name, provider) => {
    const days = [active("ring"), active("scale"), active("watch"), active("band", full)];
    const { winner, reasons, ...rest } = told(days, wish(over));
    expect([rest.name, winner.provider, reasons[provider], reasons["band"]]).toEqual([
      name,
      provider,
      "PREFERRED",
      "LOWER_PRIORITY",
    ]);
  });

  it("among those whom a wish does not name is by coverage", () => {
    const days = [active("ring"), active("watch", full)];
    expect(told(days, wish({ query: ["scale"] })).reasons).toEqual({ ring: "LESS_COVERAGE", watch: "BETTER_COVERAGE" });
    expect(told(days, wish({ query: ["scale"] })).name).toBe("DEFAULT");
  });

  it("is made anew for each day, ascending", () => {
    const days = [
      active("watch", {}, addDays(DAY, 1)),
      active("ring"),
      active("ring", full, addDays(DAY, 1)),
      active("watch", {}, addDays(DAY, -1)),
    ];
    const resolutions = chooseDays(days, ["ring", "watch"], wish({ order: ["watch", "ring"] }));
    expect(resolutions.map(({ winner }) => winner)).toEqual([days[3], days[1], days[2]]);
    expect(resolutions.map(({ candidates }) => candidates.length)).toEqual([2, 2, 2]);
  });

  it("names two of one provider once: RMSSD before other methods, then the later received", () => {
    const records = [kept(session()), kept(hrv()), kept(hrv({ key: "s", method: "SDNN" }))];
    const [rmssd, sdnn] = assemble("HRV", DAY, records, STATE).map((value) => ({ provider: "ring", value }));
    const received = (at: number) => ({ provider: "ring", value: { ...active("ring").value, fetchedAt: at } });
    const [older, newer] = [received(1), received(2)];
    for (const [better, worse] of [
      [rmssd!, sdnn!],
      [newer, older],
    ] as const) {
      for (const days of [
        [worse, better],
        [better, worse],
      ]) {
        const [resolution, ...others] = chooseDays(days, ["ring"], NO_WISH);
        expect(resolution).toMatchObject({ policy: "DEFAULT", winner: better });
        expect(resolution?.candidates).toEqual([{ provider: "ring", day: better, reason: "ONLY_SOURCE" }]);
        expect(others).toEqual([]);
        expect(sortBySource(days)).toEqual([better, worse]);
      }
    }
  });

  it("of no days is none", () => {
    expect(chooseDays([], ["ring"], NO_WISH)).toEqual([]);
  });
});

test("bySource is ascending by day, then by provider", () => {
  const days = [active("ring", {}, addDays(DAY, 1)), active("watch"), active("ring")];
  expect(sortBySource(days)).toEqual([days[2], days[1], days[0]]);
});
