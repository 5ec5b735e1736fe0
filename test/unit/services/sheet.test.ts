import type { Endpoint } from "../../../providers/contract";
import { type CivilDay, civilDay } from "../../../src/domain/days";
import type { Snapshot } from "../../../src/services/ports/records";
import type { Source } from "../../../src/services/reading/questions";
import { Sheet } from "../../../src/services/reading/sheet";

const TODAY = civilDay("2026-11-20");
const FAR = civilDay("2026-10-01");
const NEAR = civilDay("2026-11-01");
const NOW = 1_795_000_000;

function sheetOf(...endpoints: Partial<Endpoint>[]): Sheet {
  const sheet = new Sheet({ account: { id: "a" }, metric: "ACTIVITY", endpoints } as unknown as Source, TODAY);
  const requirement = { checkedSince: NOW - 60, settledSuffices: true };
  sheet.want(new Map([FAR, NEAR].map((day) => [day, requirement])));
  return sheet;
}

function snapshotOf(checks: Readonly<Record<string, Readonly<Record<string, number>>>>): Snapshot {
  const coverage = Object.entries(checks).map(([endpoint, days]) => ({
    accountId: "a",
    endpoint,
    checkedAt: new Map(Object.entries(days).map(([day, at]) => [civilDay(day), at])),
    settled: [],
    unreadDays: new Set<CivilDay>(),
    recentChecks: [],
  }));
  return { version: "1", offsetMinutes: 0, coverage, records: new Map(), state: null };
}

test("a day that no endpoint reaches is kept as such: the database is not asked for it again", () => {
  const sheet = sheetOf({ name: "short", reachDays: 28 });
  expect(sheet.lacking()).toEqual([FAR, NEAR]);
  const made = sheet.fill(snapshotOf({ short: { [NEAR]: NOW } }), [FAR, NEAR]);
  expect(made.get(FAR)).toMatchObject({ days: [], unreachable: true });
  expect(sheet.lacking()).toEqual([]);
});

test("a day that was known before it went out of reach stays as new as it can be", () => {
  const sheet = sheetOf({ name: "short", reachDays: 28 });
  const made = sheet.fill(snapshotOf({ short: { [FAR]: NOW - 9_999_999, [NEAR]: NOW } }), [FAR, NEAR]);
  expect(made.get(FAR)).toMatchObject({ unreachable: false });
  expect(sheet.lacking()).toEqual([]);
});

test("an endpoint that does reach the day is asked first, and again when it is stale", () => {
  const sheet = sheetOf({ name: "short", reachDays: 28 }, { name: "long" });
  const unknown = snapshotOf({ short: { [NEAR]: NOW }, long: { [NEAR]: NOW } });
  expect(sheet.fill(unknown, [FAR, NEAR]).has(FAR)).toBe(false);
  expect([...sheet.unmet(unknown)].map(([name, days]) => [name, ...days.keys()])).toEqual([["long", FAR]]);
  const stale = snapshotOf({ short: { [NEAR]: NOW }, long: { [FAR]: NOW - 3_600, [NEAR]: NOW } });
  expect(sheet.fill(stale, [FAR, NEAR]).get(FAR)).toMatchObject({ unreachable: true });
  expect(sheet.lacking()).toEqual([FAR]);
});
