import fc from "fast-check";
import { z } from "zod";
import { civilDayText, documentId, expectShape, instantText, quantity, WireError } from "../../providers/contract";

const beats = z.object({ beats: quantity({ min: 20, max: 250, missing: [0, 255] }) });
const steps = z.object({ steps: quantity({ min: 0, max: 100_000, whole: true }) });

/** What a schema makes of a value; the path of the fault where it refuses. */
function outcome<T>(schema: z.ZodType<T>, body: unknown): T | string {
  try {
    return expectShape(schema, body);
  } catch (error) {
    if (error instanceof WireError) return `${error.message}`;
    throw error;
  }
}

describe("quantity", () => {
  test.each([
    ["a number", 72, 72],
    ["a fraction", 72.5, 72.5],
    ["text of a number", "72", 72],
    ["text of a fraction", "72.50", 72.5],
    ["null", null, null],
    ["absent", undefined, null],
    ["too great to be finite", Number.POSITIVE_INFINITY, null],
    ["not a number", Number.NaN, null],
    ["text that says so", "NaN", null],
    ["a sentinel", 255, null],
    ["a zero that is impossible", 0, null],
    ["the same below zero", -0, null],
    ["a sentinel as text", "255", null],
  ])("%s is read", (_name, value, expected) => {
    expect(outcome(beats, { beats: value })).toEqual({ beats: expected });
  });

  test.each([
    ["999 beats", 999, "beats: too_big"],
    ["7 beats", 7, "beats: too_small"],
    ["less than nothing", -60, "beats: too_small"],
    ["a word", "high", "beats: invalid_type"],
    ["empty text", "", "beats: invalid_type"],
    ["hexadecimal", "0x48", "beats: invalid_type"],
    ["text with blanks", " 72 ", "beats: invalid_type"],
    ["more digits than a number holds", "72.00000000000000001", "beats: invalid_type"],
    ["true", true, "beats: invalid_type"],
    ["a list", [72], "beats: invalid_type"],
  ])("%s is refused without quoting it", (_name, value, message) => {
    expect(outcome(beats, { beats: value })).toBe(message);
  });

  test("whole quantities are rounded, and no zero is negative", () => {
    expect(outcome(steps, { steps: 72.0000001 })).toEqual({ steps: 72 });
    expect(outcome(steps, {})).toEqual({ steps: null });
    expect(Object.is(expectShape(steps, { steps: -0 }).steps, 0)).toBe(true);
    expect(Object.is(expectShape(steps, { steps: "-0" }).steps, 0)).toBe(true);
  });

  test("any number reads the same as its shortest text, as far as that loses nothing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (value) => {
        expect(expectShape(steps, { steps: String(value) })).toEqual(expectShape(steps, { steps: value }));
      }),
    );
  });

  test("whatever comes is a quantity within the limits, null or a named fault", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const read = outcome(beats, { beats: value });
        if (typeof read === "string") expect(read).toMatch(/^beats: (too_big|too_small|invalid_type)$/);
        else expect(read.beats === null || (read.beats >= 20 && read.beats <= 250)).toBe(true);
      }),
    );
  });
});

describe("texts of the wire", () => {
  const wire = z.object({ id: documentId, day: civilDayText, at: instantText });
  const good = { id: "a-1", day: "2026-02-28", at: "2026-02-28T07:00:00.500-08:00" };

  test("are read into the domain's forms", () => {
    expect(outcome(wire, good)).toEqual({ ...good, at: "2026-02-28T07:00:00-08:00" });
  });

  test.each([
    ["id", "", "id: too_small"],
    ["id", 17, "id: invalid_type"],
    ["id", "a\u0000b", "id: invalid_format"],
    ["id", "x".repeat(201), "id: too_big"],
    ["day", "2026-02-30", "day: invalid_format"],
    ["day", "2026-2-3", "day: invalid_format"],
    ["day", 20260228, "day: invalid_type"],
    ["at", "2026-02-28T07:00:00", "at: invalid_format"],
    ["at", "2026-02-28T07:00:00+26:00", "at: invalid_format"],
    ["at", 1772262000, "at: invalid_type"],
  ])("%s %j is refused", (field, value, message) => {
    expect(outcome(wire, { ...good, [field]: value })).toBe(message);
  });
});
