import fc from "fast-check";
import {
  addSeconds,
  dayAt,
  epochSeconds,
  formatOffset,
  instantAt,
  localDay,
  offsetOf,
  parseInstant,
  parseOffset,
} from "../../../src/domain/instants";

const anyOffset = fc.integer({ min: -14 * 60, max: 14 * 60 });
const anyEpoch = fc.integer({
  min: Date.parse("2000-01-02T00:00:00Z") / 1_000,
  max: Date.parse("2199-12-30T00:00:00Z") / 1_000,
});

describe("an instant", () => {
  it.each([
    ["2026-03-29T02:30:00+02:00", "2026-03-29T02:30:00+02:00"],
    ["2026-03-29T02:30:00.999-0330", "2026-03-29T02:30:00-03:30"],
    ["2026-03-29T02:30:00.000Z", "2026-03-29T02:30:00Z"],
    ["2026-03-29t02:30:00z", "2026-03-29T02:30:00Z"],
    ["2026-03-29 02:30:00+00:00", "2026-03-29T02:30:00+00:00"],
    ["2026-03-29T02:30:00-00:00", "2026-03-29T02:30:00+00:00"],
    ["2026-03-29T23:59:60+05:45", "2026-03-30T00:00:00+05:45"],
    ["2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"],
  ])("written %s is %s", (text, canonical) => {
    expect(parseInstant(text)).toBe(canonical);
  });

  it.each([
    "2026-03-29T02:30:00",
    "2026-03-29",
    "2026-03-29T24:00:00Z",
    "2026-03-29T02:60:00Z",
    "2026-03-29T02:30:61Z",
    "2026-02-30T02:30:00Z",
    "2026-03-29T02:30:00+26:00",
    "2026-03-29T02:30:00+14:01",
    "2026-03-29T02:30:00+02:60",
    "2026-03-29T02:30:00 Mars/Phobos",
    "1774744200",
    "",
  ])("is not %j", (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it("keeps its moment and the wearer's offset, in any quarter and minute of an offset", () => {
    fc.assert(
      fc.property(
        anyEpoch,
        fc.option(anyOffset, { nil: null }),
        fc.integer({ min: -100_000, max: 100_000 }),
        (epoch, offset, later) => {
          const instant = instantAt(epoch, offset);
          expect(parseInstant(instant)).toBe(instant);
          expect(epochSeconds(instant)).toBe(epoch);
          expect(offsetOf(instant)).toBe(offset);
          const moved = addSeconds(instant, later);
          expect([epochSeconds(moved), offsetOf(moved)]).toEqual([epoch + later, offset]);
          expect(localDay(instant)).toBe(offset === null ? null : dayAt(epoch, offset));
        },
      ),
    );
  });

  it("at a change of clocks is told apart by its offset alone: 02:30 comes twice in autumn", () => {
    const [first, second] = [parseInstant("2026-10-25T02:30:00+02:00")!, parseInstant("2026-10-25T02:30:00+01:00")!];
    expect(epochSeconds(second) - epochSeconds(first)).toBe(3_600);
    expect([localDay(first), localDay(second)]).toEqual(["2026-10-25", "2026-10-25"]);
  });

  it("has no civil day where no offset of the wearer is known", () => {
    expect(localDay(parseInstant("2026-03-29T02:30:00Z")!)).toBeNull();
    expect(localDay(parseInstant("2026-03-29T02:30:00+00:00")!)).toBe("2026-03-29");
  });

  it("cuts fractions off", () => {
    expect(instantAt(0.9, null)).toBe("1970-01-01T00:00:00Z");
  });
});

describe("an offset", () => {
  it("leads back from its text, with and without a colon", () => {
    fc.assert(
      fc.property(anyOffset, (offset) => {
        expect(parseOffset(formatOffset(offset))).toBe(offset);
        expect(parseOffset(formatOffset(offset).replace(":", ""))).toBe(offset);
      }),
    );
    expect([formatOffset(-210), formatOffset(345), formatOffset(0)]).toEqual(["-03:30", "+05:45", "+00:00"]);
  });

  it.each(["Z", "+1:00", "02:00", "+02", "+14:01", "-15:00", "+00:60", ""])("is not %j", (text) => {
    expect(parseOffset(text)).toBeNull();
  });
});
