import fc from "fast-check";
import { addDays, type CivilDay, civilDay, dayFromNumber, dayNumber } from "../../../src/domain/days";
import { dayEnd, freshForSeconds, isFuture, isSettled, todaySpan } from "../../../src/domain/freshness";
import { dayAt, epochSeconds, parseInstant } from "../../../src/domain/instants";

const at = (text: string) => epochSeconds(parseInstant(text)!);
const day = civilDay("2026-03-29");

/** Every quarter of an hour from UTC−12 to UTC+14: half-hour and 45-minute zones among them. */
const anyOffset = fc.integer({ min: -48, max: 56 }).map((quarters) => quarters * 15);
const anyEpoch = fc.integer({ min: at("2001-01-01T00:00:00Z"), max: at("2190-01-01T00:00:00Z") });
const anyDay: fc.Arbitrary<CivilDay> = fc
  .integer({ min: dayNumber(civilDay("2001-01-01")), max: dayNumber(civilDay("2190-01-01")) })
  .map(dayFromNumber);

describe("today", () => {
  it.each([
    ["2026-03-29T18:29:59Z", 330, "2026-03-29"],
    ["2026-03-29T18:30:00Z", 330, "2026-03-30"],
    ["2026-03-29T18:14:59Z", 345, "2026-03-29"],
    ["2026-03-29T18:15:00Z", 345, "2026-03-30"],
    ["2026-03-29T03:29:59Z", -210, "2026-03-28"],
    ["2026-03-29T03:30:00Z", -210, "2026-03-29"],
    ["2026-03-29T10:00:00Z", 840, "2026-03-30"],
    ["2026-03-29T11:59:59Z", -720, "2026-03-28"],
  ])("at %s for an offset of %i minutes is %s", (now, offset, expected) => {
    expect(todaySpan(at(now), offset)).toEqual({ earliest: expected, latest: expected });
  });

  it("is, without an offset, every day that is today somewhere", () => {
    expect(todaySpan(at("2026-03-29T11:00:00Z"), null)).toEqual({ earliest: "2026-03-28", latest: "2026-03-30" });
    expect(todaySpan(at("2026-03-29T12:00:00Z"), null)).toEqual({ earliest: "2026-03-29", latest: "2026-03-30" });
    expect(todaySpan(at("2026-03-29T09:59:59Z"), null)).toEqual({ earliest: "2026-03-28", latest: "2026-03-29" });
  });

  it("at any offset lies within the days that are today somewhere, and is the day that has not ended", () => {
    fc.assert(
      fc.property(anyEpoch, anyOffset, (now, offset) => {
        const { earliest, latest } = todaySpan(now, offset);
        const somewhere = todaySpan(now, null);
        expect(earliest).toBe(latest);
        expect(somewhere.earliest <= earliest && latest <= somewhere.latest).toBe(true);
        expect(dayEnd(earliest, offset, 24)).toBeGreaterThan(now);
        expect(dayEnd(addDays(earliest, -1), offset, 24)).toBeLessThanOrEqual(now);
        expect(isFuture(earliest, somewhere)).toBe(false);
        expect(isFuture(addDays(somewhere.latest, 1), somewhere)).toBe(true);
      }),
    );
  });
});

describe("the end of a day", () => {
  it.each([
    [60, 24, "2026-03-30T00:00:00+01:00"],
    [120, 24, "2026-03-30T00:00:00+02:00"],
    [-480, 28, "2026-03-30T04:00:00-08:00"],
    [570, 18, "2026-03-29T18:00:00+09:30"],
    [null, 24, "2026-03-30T00:00:00-12:00"],
  ])("at an offset of %p minutes and %i hours is %s", (offset, hours, expected) => {
    expect(dayEnd(day, offset, hours)).toBe(at(expected));
  });

  it("is the first second of the next day at any offset, and never later than without an offset", () => {
    fc.assert(
      fc.property(anyDay, anyOffset, (any, offset) => {
        const end = dayEnd(any, offset, 24);
        expect(dayAt(end, offset)).toBe(addDays(any, 1));
        expect(dayAt(end - 1, offset)).toBe(any);
        expect(end).toBeLessThanOrEqual(dayEnd(any, null, 24));
      }),
    );
  });

  it("follows the offset that holds at the end of a day with a change of clocks", () => {
    const begins = at("2026-03-29T00:00:00+01:00");
    expect((dayEnd(day, 120, 24) - begins) / 3_600).toBe(23);
    expect((dayEnd(civilDay("2026-10-25"), 60, 24) - at("2026-10-25T00:00:00+02:00")) / 3_600).toBe(25);
  });
});

describe("a settled day", () => {
  const input = { day, offsetMinutes: 60, endsAtHour: 24, settlesAfterDays: 3, empty: false };
  const end = dayEnd(day, 60, 24);

  it("was checked later than its end and the provider's days of revision", () => {
    expect(isSettled({ ...input, checkedAt: end + 3 * 86_400 })).toBe(false);
    expect(isSettled({ ...input, checkedAt: end + 3 * 86_400 + 1 })).toBe(true);
  });

  it("takes 30 days where it is empty, more where the provider revises for longer", () => {
    const empty = { ...input, empty: true };
    expect(isSettled({ ...empty, checkedAt: end + 30 * 86_400 })).toBe(false);
    expect(isSettled({ ...empty, checkedAt: end + 30 * 86_400 + 1 })).toBe(true);
    expect(isSettled({ ...empty, settlesAfterDays: 45, checkedAt: end + 40 * 86_400 })).toBe(false);
  });

  it("without an offset takes the day's last end anywhere", () => {
    const unknown = { ...input, offsetMinutes: null };
    expect(isSettled({ ...unknown, checkedAt: at("2026-04-02T00:00:00-12:00") })).toBe(false);
    expect(isSettled({ ...unknown, checkedAt: at("2026-04-02T00:00:01-12:00") })).toBe(true);
  });

  it("stays settled at a later check, and is never one that lasts for the wearer", () => {
    fc.assert(
      fc.property(
        anyEpoch,
        fc.option(anyOffset, { nil: null }),
        fc.nat(40),
        fc.boolean(),
        fc.integer({ min: -10, max: 60 }),
        (checkedAt, offsetMinutes, settlesAfterDays, empty, ago) => {
          const today = todaySpan(checkedAt, offsetMinutes);
          const about = { offsetMinutes, endsAtHour: 24, settlesAfterDays, empty };
          const any = addDays(today.earliest, -ago);
          const settled = isSettled({ ...about, day: any, checkedAt });
          const days = empty ? Math.max(30, settlesAfterDays) : settlesAfterDays;
          if (ago <= days) expect(settled).toBe(false);
          if (ago > days + 1) expect(settled).toBe(true);
          if (settled) expect(isSettled({ ...about, day: any, checkedAt: checkedAt + 86_400 })).toBe(true);
        },
      ),
    );
  });
});

describe("freshness", () => {
  const known = { earliest: day, latest: day };
  it.each([
    [0, 120],
    [-1, 1_800],
    [-7, 1_800],
    [-8, 86_400],
    [-400, 86_400],
    [1, 120],
  ])("of the day %i days from today is %i seconds", (distance, seconds) => {
    expect(freshForSeconds(addDays(day, distance), known)).toBe(seconds);
  });

  it("without an offset is that of the nearest day that may be today", () => {
    const span = { earliest: addDays(day, -1), latest: addDays(day, 1) };
    const seconds = [1, 0, -1, -2, -8, -9].map((distance) => freshForSeconds(addDays(day, distance), span));
    expect(seconds).toEqual([120, 120, 120, 1_800, 1_800, 86_400]);
  });
});

describe("a day to come", () => {
  it("has begun nowhere that the wearer may be", () => {
    const span = todaySpan(at("2026-03-29T11:00:00Z"), null);
    expect(
      ["2026-03-27", "2026-03-28", "2026-03-30", "2026-03-31"].map((text) => isFuture(civilDay(text), span)),
    ).toEqual([false, false, false, true]);
  });
});
