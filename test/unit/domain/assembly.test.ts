import fc from "fast-check";
import { assemble } from "../../../src/domain/assembly";
import type { ActivityDay, HrvDay, ReadinessDay, SleepDay } from "../../../src/domain/daily";
import { epochSeconds, instantAt } from "../../../src/domain/instants";
import { METRIC_KINDS, METRICS } from "../../../src/domain/metrics";
import type { KeptRecord } from "../../../src/domain/records";
import { activity, anyRecords, DAY, EVENING, hrv, kept, readiness, score, session } from "./records";

const OPEN = { settled: false, dayOver: false };
const OVER = { settled: false, dayOver: true };
const SETTLED = { settled: true, dayOver: true };

function only<T>(values: readonly unknown[]): T {
  expect(values).toHaveLength(1);
  return values[0] as T;
}
const sleepOf = (...records: KeptRecord[]) => only<SleepDay>(assemble("SLEEP", DAY, records, OVER));
const hrvOf = (...records: KeptRecord[]) => assemble("HRV", DAY, records, OVER) as readonly HrvDay[];

describe("a day's sleep", () => {
  it("is the score beside every value of the main session", () => {
    const night = session();
    expect(sleepOf(kept(score(), 1_000), kept(night, 2_000))).toEqual({
      metric: "SLEEP",
      day: DAY,
      fetchedAt: 2_000,
      completeness: "PROVISIONAL",
      score: 80,
      contributors: score().contributors,
      bedtimeStart: "2026-03-28T22:00:00+01:00",
      bedtimeEnd: "2026-03-29T06:00:00+01:00",
      inBedSeconds: 28_800,
      asleepSeconds: 25_200,
      awakeSeconds: 3_600,
      lightSeconds: 14_400,
      deepSeconds: 5_400,
      remSeconds: 5_400,
      latencySeconds: 600,
      efficiencyPercent: 87.5,
      averageHeartRateBpm: 54.5,
      lowestHeartRateBpm: 48,
      averageHrv: { milliseconds: 42, method: "RMSSD" },
      breathsPerMinute: 14.5,
      sessions: [
        {
          sessionType: "MAIN",
          start: "2026-03-28T22:00:00+01:00",
          end: "2026-03-29T06:00:00+01:00",
          inBedSeconds: 28_800,
          asleepSeconds: 25_200,
          awakeSeconds: 3_600,
          lightSeconds: 14_400,
          deepSeconds: 5_400,
          remSeconds: 5_400,
          stages: night.stages,
        },
      ],
    });
  });

  it("is absent without a score and without a session", () => {
    expect(assemble("SLEEP", DAY, [], OVER)).toEqual([]);
    expect(assemble("SLEEP", DAY, [kept(hrv()), kept(readiness())], OVER)).toEqual([]);
  });

  it("is here with a score alone, its measurements null and not 0", () => {
    const day = sleepOf(kept(score(), 1_234));
    expect(day).toMatchObject({ score: 80, fetchedAt: 1_234, asleepSeconds: null, bedtimeStart: null, sessions: [] });
  });

  it("is here with a nap alone, which is no main session", () => {
    const day = sleepOf(kept(session({ nature: "nap" })));
    const { metric, day: _, fetchedAt, completeness, contributors, sessions, ...rest } = day;
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));
    expect(Object.keys(rest)).toHaveLength(15);
    expect(contributors).toEqual([]);
    expect(sessions.map((each) => each.sessionType)).toEqual(["NAP"]);
  });

  it("keeps a measured 0 and a null of the main session apart", () => {
    const day = sleepOf(kept(session({ awakeSeconds: 0, latencySeconds: null })));
    expect([day.awakeSeconds, day.latencySeconds]).toEqual([0, null]);
  });

  it("has the night with the most sleep as main session, others secondary, naps naps, all by start", () => {
    const hours = (count: number) => instantAt(EVENING + count * 3_600, 60);
    const day = sleepOf(
      kept(session({ key: "nap", nature: "nap", start: hours(17), asleepSeconds: 90_000 })),
      kept(session({ key: "late", start: hours(6), asleepSeconds: 20_000, inBedSeconds: 21_000 })),
      kept(session({ key: "early", start: hours(0), asleepSeconds: 12_000, inBedSeconds: 40_000 })),
    );
    expect(day.sessions.map((each) => each.sessionType)).toEqual(["SECONDARY", "MAIN", "NAP"]);
    expect(day.bedtimeStart).toBe(hours(6));
  });

  it.each([
    ["told sleep before untold", { asleepSeconds: 0 }, { asleepSeconds: null }],
    ["longer in bed where sleep is equal", { inBedSeconds: 2 }, { inBedSeconds: 1 }],
    ["told time in bed before untold", { inBedSeconds: 0 }, { inBedSeconds: null }],
    [
      "the earlier start, by instant and not by text",
      { start: instantAt(EVENING, 120) },
      { start: instantAt(EVENING + 60, -600) },
    ],
    ["the smaller key", { key: "a" }, { key: "b" }],
  ])("breaks ties of the main session: %s", (_name, winner, loser) => {
    const records = [kept(session({ key: "m", ...loser }), 2), kept(session({ key: "m", ...winner }), 1)];
    const ofWinner = { ...session(), ...winner };
    for (const order of [records, [...records].reverse()]) {
      const day = sleepOf(...order, kept(hrv({ sessionKey: ofWinner.key })));
      expect(day.bedtimeStart).toBe(ofWinner.start);
      expect(day.asleepSeconds).toBe(ofWinner.asleepSeconds);
      expect(day.inBedSeconds).toBe(ofWinner.inBedSeconds);
    }
    if ("key" in winner) expect(hrvOf(...records, kept(hrv({ sessionKey: "a" })))).toHaveLength(1);
  });

  it("takes the score received last, then the one with the greatest key", () => {
    const a = kept(score({ key: "a", score: 1 }), 10);
    const b = kept(score({ key: "b", score: 2 }), 10);
    const old = kept(score({ key: "z", score: 3 }), 9);
    for (const order of [
      [a, b, old],
      [old, b, a],
    ])
      expect(sleepOf(...order).score).toBe(2);
  });

  it("is in progress while a night lasts, also a settled one, and also where that night is not the main one yet", () => {
    const first = kept(session());
    const lasting = kept(session({ key: "again", end: null, asleepSeconds: null }));
    const open = (records: KeptRecord[]) => only<SleepDay>(assemble("SLEEP", DAY, records, SETTLED));
    expect(open([lasting])).toMatchObject({ completeness: "IN_PROGRESS", bedtimeEnd: null });
    expect(open([first, lasting])).toMatchObject({ completeness: "IN_PROGRESS", asleepSeconds: 25_200 });
    expect(open([first, kept(session({ key: "nap", nature: "nap", end: null }))]).completeness).toBe("FINAL");
  });

  it("does not take its fetchedAt from a score that it does not show", () => {
    const day = sleepOf(kept(score({ key: "b" }), 10), kept(score({ key: "a" }), 10), kept(hrv(), 99));
    expect(day.fetchedAt).toBe(10);
  });
});

describe("a day's heart rate variability", () => {
  it("is that of the main session, with minimum and maximum over the samples and the vendor's own average", () => {
    const { samples } = hrv();
    expect(hrvOf(kept(session(), 5), kept(hrv(), 4))).toEqual([
      {
        metric: "HRV",
        day: DAY,
        fetchedAt: 5,
        completeness: "PROVISIONAL",
        method: "RMSSD",
        averageMilliseconds: 42,
        minimumMilliseconds: 25,
        maximumMilliseconds: 61,
        samples,
      },
    ]);
  });

  it("is absent without a main session and for other sessions than the main one", () => {
    expect(hrvOf(kept(hrv()))).toEqual([]);
    expect(hrvOf(kept(session({ nature: "nap" })), kept(hrv()))).toEqual([]);
    expect(
      hrvOf(kept(session()), kept(session({ key: "nap", nature: "nap" })), kept(hrv({ sessionKey: "nap" }))),
    ).toEqual([]);
  });

  it("is absent where nothing was measured, and never computed from samples", () => {
    expect(hrvOf(kept(session()), kept(hrv({ averageMilliseconds: null, samples: [] })))).toEqual([]);
    const [series] = hrvOf(kept(session()), kept(hrv({ averageMilliseconds: null })));
    expect(series).toMatchObject({ averageMilliseconds: null, minimumMilliseconds: 25 });
    const [average] = hrvOf(kept(session()), kept(hrv({ samples: [] })));
    expect(average).toMatchObject({ averageMilliseconds: 42, minimumMilliseconds: null, maximumMilliseconds: null });
  });

  it("keeps methods apart, RMSSD, SDNN, then unknown", () => {
    const values = hrvOf(
      kept(hrv({ key: "u", method: "UNKNOWN", averageMilliseconds: 3 })),
      kept(hrv({ key: "s", method: "SDNN", averageMilliseconds: 2 })),
      kept(session()),
      kept(hrv({ key: "r", averageMilliseconds: 1 })),
    );
    expect(values.map((each) => [each.method, each.averageMilliseconds])).toEqual([
      ["RMSSD", 1],
      ["SDNN", 2],
      ["UNKNOWN", 3],
    ]);
  });

  it("is in progress while the night lasts", () => {
    expect(hrvOf(kept(session({ end: null })), kept(hrv()))[0]?.completeness).toBe("IN_PROGRESS");
  });
});

describe("a day's readiness and activity", () => {
  it("are the newest record's values", () => {
    const { kind: _, key: __, ...ready } = readiness();
    const day = only<ReadinessDay>(
      assemble("READINESS", DAY, [kept(readiness(), 2), kept(readiness({ key: "zz", score: 1 }), 1)], OPEN),
    );
    const untold = {
      restingHeartRateBpm: null,
      hrv: null,
      spo2Percent: null,
      skinTemperatureCelsius: null,
      ansCharge: null,
    };
    expect(day).toEqual({ ...ready, ...untold, metric: "READINESS", fetchedAt: 2, completeness: "PROVISIONAL" });
    const { kind: ___, key: ____, ...active } = activity();
    const records = [kept(activity({ key: "a", steps: 1 }), 2), kept(activity({ key: "b" }), 2)];
    expect(only<ActivityDay>(assemble("ACTIVITY", DAY, records, SETTLED))).toEqual({
      ...active,
      strain: null,
      metric: "ACTIVITY",
      fetchedAt: 2,
      completeness: "FINAL",
    });
  });

  it("carry measurements and values on scales of their own as they were told", () => {
    const night = {
      restingHeartRateBpm: 51,
      hrv: { milliseconds: 40.5, method: "SDNN" as const },
      spo2Percent: 96.5,
      skinTemperatureCelsius: 33.5,
      ansCharge: -2.5,
    };
    expect(assemble("READINESS", DAY, [kept(readiness(night))], SETTLED)[0]).toMatchObject(night);
    expect(assemble("ACTIVITY", DAY, [kept(activity({ strain: 0 }))], SETTLED)[0]).toMatchObject({ strain: 0 });
  });

  it.each([
    [OPEN, "IN_PROGRESS", "PROVISIONAL"],
    [OVER, "PROVISIONAL", "PROVISIONAL"],
    [SETTLED, "FINAL", "FINAL"],
    [{ settled: true, dayOver: false }, "IN_PROGRESS", "FINAL"],
  ])("in the state %j are %s and %s", (state, active, ready) => {
    expect(assemble("ACTIVITY", DAY, [kept(activity())], state)[0]?.completeness).toBe(active);
    expect(assemble("READINESS", DAY, [kept(readiness())], state)[0]?.completeness).toBe(ready);
  });

  it("are absent without a record of their kind", () => {
    const others = [kept(score()), kept(session()), kept(hrv())];
    expect(assemble("READINESS", DAY, [...others, kept(activity())], OVER)).toEqual([]);
    expect(assemble("ACTIVITY", DAY, [...others, kept(readiness())], OVER)).toEqual([]);
  });
});

describe("any records", () => {
  const anyMetric = fc.constantFrom(...METRICS);
  const anyState = fc.record({ settled: fc.boolean(), dayOver: fc.boolean() });
  const shuffled = anyRecords.chain((records) =>
    fc.tuple(
      fc.constant(records),
      fc.shuffledSubarray(records, { minLength: records.length, maxLength: records.length }),
    ),
  );

  it("give the same day in any order, and other kinds change nothing", () => {
    fc.assert(
      fc.property(anyMetric, shuffled, anyState, (metric, [records, others], state) => {
        const frozen = Object.freeze([...records]);
        const expected = assemble(metric, DAY, frozen, state);
        expect(assemble(metric, DAY, others, state)).toEqual(expected);
        const ofMetric = others.filter(({ record }) => METRIC_KINDS[metric].kinds.includes(record.kind));
        expect(assemble(metric, DAY, ofMetric, state)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("give a day of sleep whose sessions are all there by start, with one main exactly where there is a night", () => {
    fc.assert(
      fc.property(anyRecords, (records) => {
        const sessions = records.flatMap(({ record }) => (record.kind === "sleep_session" ? [record] : []));
        const scored = records.some(({ record }) => record.kind === "sleep_score");
        const [value] = assemble("SLEEP", DAY, records, OVER) as SleepDay[];
        expect(value !== undefined).toBe(scored || sessions.length > 0);
        if (!value) return;
        const types = value.sessions.map((each) => each.sessionType);
        const nights = sessions.filter((each) => each.nature === "night");
        expect(types.filter((type) => type === "MAIN")).toHaveLength(Math.min(1, nights.length));
        expect(types.filter((type) => type === "NAP")).toHaveLength(sessions.length - nights.length);
        const starts = value.sessions.map((each) => epochSeconds(each.start));
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
        expect([...value.sessions.map((each) => each.start)].sort()).toEqual(sessions.map((each) => each.start).sort());
        const most = Math.max(...nights.map((each) => each.asleepSeconds ?? -1));
        if (nights.length > 0) expect(value.asleepSeconds ?? -1).toBe(most);
      }),
      { numRuns: 500 },
    );
  });

  it("give at most one value of heart rate variability per method, each of the main session", () => {
    let seen = 0;
    fc.assert(
      fc.property(anyRecords, (records) => {
        const values = assemble("HRV", DAY, records, OVER) as HrvDay[];
        seen += values.length;
        expect(new Set(values.map((each) => each.method)).size).toBe(values.length);
        for (const value of values) {
          expect(records.some(({ record }) => record.kind === "sleep_session" && record.nature === "night")).toBe(true);
          expect(value.samples.length > 0 || value.averageMilliseconds !== null).toBe(true);
          expect(value.minimumMilliseconds === null).toBe(value.samples.length === 0);
        }
      }),
      { numRuns: 500 },
    );
    expect(seen).toBeGreaterThan(0);
  });
});
