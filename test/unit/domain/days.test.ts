import fc from "fast-check";
import {
  addDays,
  type CivilDay,
  chunksOf,
  civilDay,
  contains,
  dayFromNumber,
  dayNumber,
  daysOf,
  parseCivilDay,
  rangeLength,
  spanOf,
  stretchesOf,
  widen,
} from "../../../src/domain/days";
import { anyDay } from "./records";

const range = (start: string, end: string) => ({ start: civilDay(start), end: civilDay(end) });

describe("a civil day", () => {
  it.each(["2000-01-01", "2024-02-29", "2199-12-31"])("may be %s", (text) => {
    expect(parseCivilDay(text)).toBe(text);
  });

  it.each([
    "1999-12-31",
    "2200-01-01",
    "0001-01-01",
    "9999-12-31",
    "2026-02-29",
    "2100-02-29",
    "2026-13-01",
    "2026-00-10",
    "2026-04-31",
    "2026-4-1",
    "20260401",
    "2026-04-01T00:00:00Z",
    " 2026-04-01",
    "2026-04-01\n",
    "",
    "today",
  ])("may not be %j", (text) => {
    expect(parseCivilDay(text)).toBeNull();
    expect(() => civilDay(text)).toThrow(RangeError);
  });

  it("has a number that leads back to it and grows with it, whatever the zone of the machine", () => {
    const any = fc.integer({ min: dayNumber(civilDay("2000-01-01")), max: dayNumber(civilDay("2199-12-31")) });
    fc.assert(
      fc.property(any, any, (a, b) => {
        const [first, second] = [dayFromNumber(a), dayFromNumber(b)];
        expect(parseCivilDay(first)).toBe(first);
        expect(dayNumber(first)).toBe(a);
        expect(first < second).toBe(a < b);
        expect(addDays(first, b - a)).toBe(second);
      }),
    );
  });
});

describe("a range of days", () => {
  it("holds both its ends", () => {
    const leap = range("2024-02-28", "2024-03-01");
    expect(daysOf(leap)).toEqual(["2024-02-28", "2024-02-29", "2024-03-01"]);
    expect(rangeLength(leap)).toBe(3);
    expect(
      ["2024-02-27", "2024-02-28", "2024-03-01", "2024-03-02"].map((day) => contains(leap, civilDay(day))),
    ).toEqual([false, true, true, false]);
    expect(widen(leap, 1, 2)).toEqual(range("2024-02-27", "2024-03-03"));
  });

  it("cut into chunks gives every day once, in order, none longer than allowed, all but the last as long", () => {
    fc.assert(
      fc.property(anyDay, fc.nat(100), fc.integer({ min: 1, max: 40 }), (start, more, length) => {
        const whole = { start, end: addDays(start, more) };
        const chunks = chunksOf(whole, length);
        expect(chunks.flatMap(daysOf)).toEqual(daysOf(whole));
        const lengths = chunks.map(rangeLength);
        expect(lengths.slice(0, -1).every((each) => each === length)).toBe(true);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(length);
      }),
    );
  });
});

describe("stretches of days", () => {
  const days = (...texts: string[]): CivilDay[] => texts.map(civilDay);

  it("are ascending runs, whatever the order and however often a day comes", () => {
    expect(stretchesOf(days("2026-03-01", "2026-02-28", "2026-03-03", "2026-02-28"))).toEqual([
      range("2026-02-28", "2026-03-01"),
      range("2026-03-03", "2026-03-03"),
    ]);
    expect(stretchesOf([])).toEqual([]);
  });

  it("bridge gaps of at most so many missing days", () => {
    const given = days("2026-03-01", "2026-03-04", "2026-03-08");
    expect(stretchesOf(given, 2)).toEqual([range("2026-03-01", "2026-03-04"), range("2026-03-08", "2026-03-08")]);
    expect(stretchesOf(given, 3)).toEqual([range("2026-03-01", "2026-03-08")]);
  });

  it("have a span: the shortest range that holds them, in whatever order they come", () => {
    const days = ["2024-03-02", "2024-02-28", "2024-03-01"].map(civilDay);
    expect(spanOf(days)).toEqual({ start: "2024-02-28", end: "2024-03-02" });
    expect(spanOf(days.slice(0, 1))).toEqual({ start: "2024-03-02", end: "2024-03-02" });
    expect(() => spanOf([])).toThrow(RangeError);
  });

  it("cover the days given, and apart from bridged gaps nothing else", () => {
    fc.assert(
      fc.property(fc.array(anyDay, { maxLength: 20 }), fc.nat(4), (given, bridge) => {
        const runs = stretchesOf(given, bridge);
        expect(given.every((day) => runs.filter((run) => contains(run, day)).length === 1)).toBe(true);
        for (const [index, run] of runs.entries()) {
          expect(given).toContain(run.start);
          expect(given).toContain(run.end);
          const next = runs[index + 1];
          if (next) expect(dayNumber(next.start) - dayNumber(run.end) - 1).toBeGreaterThan(bridge);
        }
        expect(stretchesOf(given).flatMap(daysOf)).toEqual([...new Set(given)].sort());
      }),
    );
  });
});
