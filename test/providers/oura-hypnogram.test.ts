import fc from "fast-check";
import { hypnogram } from "../../providers/oura/mapping-hypnogram";
import { epochSeconds, type Instant, instantAt, offsetOf } from "../../src/domain/instants";
import type { StageSpan } from "../../src/domain/records";

const digits = fc.string({ unit: fc.constantFrom("1", "2", "3", "4", "0", "9", "x"), maxLength: 300 });
const offsets = fc.integer({ min: -48, max: 56 }).map((quarters) => quarters * 15);
const starts = fc.integer({ min: 1_500_000_000, max: 1_900_000_000 });
const lengths = fc.integer({ min: 1, max: 86_400 });
const STAGES = new Map([
  ["1", "DEEP"],
  ["2", "LIGHT"],
  ["3", "REM"],
  ["4", "AWAKE"],
]);

const lengthOf = ({ start, end }: StageSpan) => epochSeconds(end) - epochSeconds(start);

/** The stage told for a second of the night, straight from the digits. */
function stageAt(text: string, epochLength: number, second: number): string | undefined {
  const digit = text[Math.floor(second / epochLength)];
  return digit === undefined ? undefined : (STAGES.get(digit) ?? "UNKNOWN");
}

describe("hypnogram", () => {
  test.each([
    ["5 minutes", 300, (text: string) => ({ fiveMinutes: text, thirtySeconds: "1111" })],
    ["30 seconds", 30, (text: string) => ({ fiveMinutes: null, thirtySeconds: text })],
  ])("epochs of %s: conserves time, joins equal neighbours, never passes the end", (_name, epochLength, phases) => {
    fc.assert(
      fc.property(
        digits.filter((text) => text !== ""),
        starts,
        lengths,
        offsets,
        (text, start, length, offset) => {
          const [from, to] = [instantAt(start, offset), instantAt(start + length, offset)];
          const spans = hypnogram(phases(text), from, to);
          const total = spans.reduce((sum, span) => sum + lengthOf(span), 0);
          expect(total).toBe(Math.min(length, text.length * epochLength));
          expect(spans[0]?.start).toBe(from);
          let second = 0;
          for (const [index, span] of spans.entries()) {
            expect(epochSeconds(span.start)).toBe(start + second);
            expect(offsetOf(span.end)).toBe(offset);
            expect(span.stage).not.toBe(spans[index + 1]?.stage);
            expect(lengthOf(span)).toBeGreaterThan(0);
            expect(span.stage).toBe(stageAt(text, epochLength, second));
            second += lengthOf(span);
            expect(span.stage).toBe(stageAt(text, epochLength, second - 1));
          }
          expect(start + second).toBeLessThanOrEqual(epochSeconds(to));
        },
      ),
    );
  });

  test("without an end no epoch is cut, and nothing is told beyond a day", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4000 }), starts, (count, start) => {
        const spans = hypnogram({ fiveMinutes: "2".repeat(count), thirtySeconds: null }, instantAt(start, 0), null);
        expect(spans.map(lengthOf)).toEqual([Math.min(count * 300, 86_400)]);
      }),
    );
  });

  test("no coding, no hypnogram", () => {
    const start = "2026-03-01T23:00:00+01:00" as Instant;
    expect(hypnogram({ fiveMinutes: null, thirtySeconds: null }, start, null)).toEqual([]);
    expect(hypnogram({ fiveMinutes: "", thirtySeconds: "" }, start, null)).toEqual([]);
  });
});
