import fc from "fast-check";
import { type AbsentDay, joinAbsences } from "../../../src/domain/absences";
import type { AbsenceReason } from "../../../src/domain/answers";
import { addDays, civilDay, daysOf } from "../../../src/domain/days";
import { anyDay } from "./records";

const REASONS: readonly AbsenceReason[] = ["FUTURE", "NOT_CONNECTED", "PROVIDER_HAS_NONE", "NOT_YET_SYNCED", "ERROR"];
const absent = (day: string, provider = "ring", reason: AbsenceReason = "PROVIDER_HAS_NONE"): AbsentDay => ({
  day: civilDay(day),
  provider,
  reason,
});

describe("absences", () => {
  it("are runs of adjacent days with the same provider and reason, by provider, then by first day", () => {
    expect(
      joinAbsences([
        absent("2026-03-02", "watch", "ERROR"),
        absent("2026-03-01"),
        absent("2026-03-04", "ring", "FUTURE"),
        absent("2026-02-28"),
        absent("2026-03-03", "ring", "FUTURE"),
        absent("2026-03-06", "ring", "FUTURE"),
      ]),
    ).toEqual([
      { firstDay: "2026-02-28", lastDay: "2026-03-01", provider: "ring", reason: "PROVIDER_HAS_NONE" },
      { firstDay: "2026-03-03", lastDay: "2026-03-04", provider: "ring", reason: "FUTURE" },
      { firstDay: "2026-03-06", lastDay: "2026-03-06", provider: "ring", reason: "FUTURE" },
      { firstDay: "2026-03-02", lastDay: "2026-03-02", provider: "watch", reason: "ERROR" },
    ]);
  });

  it("with two reasons from one day on are in one order", () => {
    const days = [absent("2026-03-01", "ring", "FUTURE"), absent("2026-03-01", "ring", "ERROR")];
    expect(joinAbsences(days).map(({ reason }) => reason)).toEqual(["ERROR", "FUTURE"]);
    expect(joinAbsences([...days].reverse())).toEqual(joinAbsences(days));
  });

  it("are none where no day is absent", () => {
    expect(joinAbsences([])).toEqual([]);
  });

  it("cover exactly the days given, each once, in the fewest runs, in any order", () => {
    const anyAbsent = fc.uniqueArray(
      fc.record({
        day: anyDay,
        provider: fc.constantFrom("ring", "scale", "watch"),
        reason: fc.constantFrom(...REASONS),
      }),
      { selector: ({ day, provider }) => `${day}|${provider}`, maxLength: 60 },
    );
    const shuffled = anyAbsent.chain((days) =>
      fc.tuple(fc.constant(days), fc.shuffledSubarray(days, { minLength: days.length, maxLength: days.length })),
    );
    fc.assert(
      fc.property(shuffled, ([days, others]) => {
        const runs = joinAbsences(days);
        expect(joinAbsences(others)).toEqual(runs);
        const told = runs.flatMap(({ firstDay, lastDay, provider, reason }) =>
          daysOf({ start: firstDay, end: lastDay }).map((day) => `${day}|${provider}|${reason}`),
        );
        expect(told.sort()).toEqual(days.map(({ day, provider, reason }) => `${day}|${provider}|${reason}`).sort());
        const joinable = runs.filter((run) =>
          runs.some(
            (next) =>
              next.provider === run.provider && next.reason === run.reason && next.firstDay === addDays(run.lastDay, 1),
          ),
        );
        expect(joinable).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
