import { assemble } from "../../../src/domain/assembly";
import { instantAt } from "../../../src/domain/instants";
import type { KeptRecord } from "../../../src/domain/records";
import { activity, DAY, EVENING, kept, score, session } from "./records";

const OVER = { settled: false, dayOver: true };
const hours = (count: number) => instantAt(EVENING + count * 3_600, 60);

function scoreOf(...records: readonly KeptRecord[]): unknown {
  return [records, [...records].reverse()].map((order) => {
    const [day] = assemble("SLEEP", DAY, order, OVER);
    return day?.metric === "SLEEP" ? day.score : undefined;
  });
}

describe("the score of a day whose vendor scores each sleep by itself", () => {
  const night = kept(session({ key: "a" }));
  const later = kept(session({ key: "b", start: hours(9), end: hours(11), asleepSeconds: 6_000 }));

  it("is that of the main session, whichever came last or has the greater key", () => {
    const scores = [kept(score({ key: "a", score: 81 })), kept(score({ key: "b", score: 32 }), 9_000)];
    expect(scoreOf(night, later, ...scores)).toEqual([81, 81]);
  });

  it("is absent where only another sleep than the main one has a score", () => {
    expect(scoreOf(night, later, kept(score({ key: "b", score: 32 })))).toEqual([null, null]);
  });

  it("is the vendor's own of the day where it bears no session's key, or is of another endpoint", () => {
    expect(scoreOf(night, later, kept(score({ key: "day", score: 70 })))).toEqual([70, 70]);
    expect(scoreOf(night, later, kept(score({ key: "b", score: 71 }), 1_000, "daily"))).toEqual([71, 71]);
  });
});

it("of two activities of a day that came together the later one stands, whatever their keys", () => {
  const early = kept(activity({ key: "99999", at: hours(2), steps: 1 }));
  const late = kept(activity({ key: "100000", at: hours(20), steps: 2 }));
  for (const order of [
    [early, late],
    [late, early],
  ])
    expect(assemble("ACTIVITY", DAY, order, OVER)).toMatchObject([{ steps: 2 }]);
});

it("an activity whose vendor's day still runs is in progress, whatever the calendar says", () => {
  const completeness = (running: boolean, settled: boolean) =>
    assemble("ACTIVITY", DAY, [kept(activity({ running }))], { settled, dayOver: true })[0]?.completeness;
  expect([completeness(true, false), completeness(true, true)]).toEqual(["IN_PROGRESS", "IN_PROGRESS"]);
  expect([completeness(false, false), completeness(false, true)]).toEqual(["PROVISIONAL", "FINAL"]);
});
