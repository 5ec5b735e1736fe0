import { assembleHrv } from "../../../src/domain/assembly/hrv";
import { clockSeconds, instantOnClock } from "../../../src/domain/clock";
import { type Instant, parseInstant } from "../../../src/domain/instants";
import { DAY, hrv, kept, session } from "./records";

const at = (text: string) => parseInstant(text) as Instant;
const [start, end] = [at("2026-11-02T23:10:30+05:45"), at("2026-11-03T07:00:00+05:45")];

test.each([
  ["00:00", 0],
  ["23:59", 86_340],
  ["24:00", null],
  ["7:00", null],
  ["07:60", null],
  ["07:00:00", null],
  ["", null],
])("the clock %s", (text, seconds) => expect(clockSeconds(text)).toBe(seconds));

test.each([
  ["before midnight", "23:30", "2026-11-02T23:30:00+05:45"],
  ["after midnight", "00:05", "2026-11-03T00:05:00+05:45"],
  ["the minute in which the night begins", "23:10", "2026-11-02T23:10:30+05:45"],
  ["the last minute", "06:59", "2026-11-03T06:59:00+05:45"],
  ["the end itself", "07:00", null],
  ["before the night", "23:09", null],
  ["no clock", "25:00", null],
])("a time of the night: %s", (_name, clock, instant) => expect(instantOnClock(clock, start, end)).toBe(instant));

test("nobody can tell where the offset changes in the night, or is not known", () => {
  expect(instantOnClock("02:30", at("2026-10-25T00:30:00+02:00"), at("2026-10-25T07:00:00+01:00"))).toBeNull();
  expect(instantOnClock("02:30", at("2026-10-25T00:30:00Z"), at("2026-10-25T07:00:00Z"))).toBeNull();
});

describe("heart rate variability by the wall clock", () => {
  const clockSamples = [
    { clock: "03:05", milliseconds: 40 },
    { clock: "23:55", milliseconds: 60 },
    { clock: "12:00", milliseconds: 90 },
  ];
  const state = { settled: true, dayOver: true };
  const assembled = (from: string, to: string) =>
    assembleHrv(
      DAY,
      [
        kept(session({ key: "night", start: at(from), end: at(to) })),
        kept(hrv({ sessionKey: "night", averageMilliseconds: null, samples: [], clockSamples })),
      ],
      state,
    );

  test("is placed in the main sleep, by time; what lies outside of it is left out", () => {
    expect(assembled("2026-11-02T23:50:00-08:00", "2026-11-03T07:00:00-08:00")).toMatchObject([
      {
        minimumMilliseconds: 40,
        maximumMilliseconds: 60,
        samples: [
          { at: "2026-11-02T23:55:00-08:00", milliseconds: 60 },
          { at: "2026-11-03T03:05:00-08:00", milliseconds: 40 },
        ],
      },
    ]);
  });

  test("is left out in a night in which the offset changes", () => {
    expect(assembled("2026-10-31T23:50:00-07:00", "2026-11-01T07:00:00-08:00")).toEqual([]);
  });
});
