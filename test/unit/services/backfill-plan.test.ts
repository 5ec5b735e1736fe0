import type { Endpoint } from "../../../providers/contract";
import { addDays, type CivilDay } from "../../../src/domain/days";
import type { Account } from "../../../src/domain/people";
import { chunkDays, earliestReached, planBackfill } from "../../../src/services/backfill/plan";
import { acme } from "../../support/reading-acme";
import { undatedAcme } from "../../support/undated-acme";

const NOW = Date.parse("2026-11-21T12:00:00Z") / 1_000;
const TODAY = "2026-11-21" as CivilDay;
const ACCOUNT: Account = {
  id: "22222222-2222-4222-8222-222222222222",
  personId: "11111111-1111-4111-8111-111111111111",
  provider: "acme",
  status: "ACTIVE",
  grantedScopes: ["daily", "sleep"],
  connectedAt: NOW,
  grantNumber: 1,
};
const configured = (provider = acme) => ({ provider, apiUrl: "http://127.0.0.1:1" });
const [endpoint] = acme.endpoints as readonly [Endpoint, ...Endpoint[]];

test("so many days up to the wearer's today, of every endpoint, each by a job of its own behind everything else", () => {
  const { endpoints, jobs } = planBackfill(configured(), ACCOUNT, 30, { now: NOW, offsetMinutes: 0 });
  expect(endpoints).toEqual(
    acme.endpoints.map(({ name }) => ({ name, firstDay: addDays(TODAY, -29), lastDay: TODAY })),
  );
  expect(new Set(jobs.map(({ key }) => key)).size).toBe(acme.endpoints.length);
  for (const { task, priority, runAt } of jobs)
    expect({ task, priority, runAt }).toEqual({ task: "backfill", priority: 20 });
});

test("where the wearer is nobody knows, the last day is the latest that is today somewhere", () => {
  const evening = Date.parse("2026-11-21T23:00:00Z") / 1_000;
  const lastDayAt = (offsetMinutes: number | null) =>
    planBackfill(configured(), ACCOUNT, 1, { now: evening, offsetMinutes }).endpoints[0]!.lastDay;
  expect(lastDayAt(0)).toBe("2026-11-21");
  expect(lastDayAt(120)).toBe("2026-11-22");
  expect(lastDayAt(null)).toBe("2026-11-22");
});

test("no days, no history", () => {
  expect(planBackfill(configured(), ACCOUNT, 0, { now: NOW, offsetMinutes: 0 })).toEqual({ endpoints: [], jobs: [] });
});

test("endpoints beyond the grant are left out; those that follow another's sessions wait for it", () => {
  const narrow = planBackfill(configured(), { ...ACCOUNT, grantedScopes: ["daily"] }, 30, {
    now: NOW,
    offsetMinutes: 0,
  });
  expect(narrow.endpoints.map(({ name }) => name)).not.toContain("sleep");
  expect(narrow.endpoints.length).toBeGreaterThan(0);
  const following = planBackfill(configured(undatedAcme), ACCOUNT, 30, { now: NOW, offsetMinutes: 0 });
  const begun = following.jobs.map(({ payload }) => payload["endpoint"]);
  expect(begun).toEqual(undatedAcme.endpoints.filter(({ daysFrom }) => !daysFrom).map(({ name }) => name));
  expect(following.endpoints.length).toBeGreaterThan(begun.length);
});

test("no further back than the vendor reaches", () => {
  const short = { ...acme, endpoints: [{ ...endpoint, reachDays: 28 }] };
  expect(earliestReached({ ...endpoint, reachDays: 28 }, NOW)).toBe("2026-10-26");
  expect(planBackfill(configured(short), ACCOUNT, 365, { now: NOW, offsetMinutes: 0 }).endpoints[0]!.firstDay).toBe(
    "2026-10-26",
  );
  expect(planBackfill(configured(short), ACCOUNT, 7, { now: NOW, offsetMinutes: 0 }).endpoints[0]!.firstDay).toBe(
    "2026-11-15",
  );
});

test.each([
  [undefined, undefined, 90],
  [28, undefined, 28],
  [31, { before: 1, after: 2 }, 28],
  [2, { before: 1, after: 2 }, 1],
])(
  "of windows of at most %s days with a margin of %j, %s days are asked for at once",
  (maxDaysPerRequest, margin, days) => {
    const { maxDaysPerRequest: _most, margin: _margin, ...rest } = endpoint;
    expect(
      chunkDays({ ...rest, ...(maxDaysPerRequest ? { maxDaysPerRequest } : {}), ...(margin ? { margin } : {}) }),
    ).toBe(days);
  },
);
