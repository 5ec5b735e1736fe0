import fc from "fast-check";
import { textOf } from "../../src/db/record-text";
import { addDays, daysOf } from "../../src/domain/days";
import { AccountFenced } from "../../src/domain/errors";
import type { Fetched } from "../../src/services/ports/records";
import { night } from "../support/reading-vendor";
import { allMetrics, around, codes, question, type Someone, TODAY, told, World } from "../support/reading-world";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const WEEK = around(-6, 0);
const now = { maxAgeSeconds: 0 };
const D = (days: number) => addDays(TODAY, days);

test("a document that moves to another day changes both days, in every gateway's answers", async () => {
  const someone = await world.someone();
  someone.data.put("sleep", night(D(-4), 40, "mover"), night(D(-3), 30));
  const [first, second] = [await world.gateway(), await world.gateway()];
  const [before] = await first.ask(someone, question("HRV", WEEK));
  expect(told(before!)).toMatchObject({ [D(-5)]: "PROVIDER_HAS_NONE", [D(-4)]: 40, [D(-3)]: 30 });
  someone.data.put("sleep", { ...night(D(-4), 41, "mover"), day: D(-5) });
  // Only the new day is asked for: the old one is in the cache of this gateway and must change all the same.
  const [after] = await first.ask(someone, question("HRV", around(-5, -5), now), question("HRV", WEEK));
  expect(told(after!)).toEqual({ [D(-5)]: 41 });
  const [whole] = await second.ask(someone, question("HRV", WEEK));
  expect(told(whole!)).toMatchObject({ [D(-5)]: 41, [D(-4)]: "PROVIDER_HAS_NONE", [D(-3)]: 30 });
  expect(await first.ask(someone, question("HRV", WEEK))).toEqual([whole]);
});

test("one answer is of one data version: a document never shows on its old day and its new day at once", async () => {
  const someone = await world.someone();
  someone.data.put("sleep", night(D(-4), 40, "mover"));
  const gateway = await world.gateway();
  await gateway.ask(someone, ...allMetrics(around(-4, -4)));
  someone.data.put("sleep", { ...night(D(-4), 40, "mover"), day: D(-5) });
  const [sleep, , , hrv] = await gateway.ask(
    someone,
    ...allMetrics(around(-4, -4)).slice(0, 3),
    question("HRV", around(-5, -4)),
  );
  expect(told(hrv!)).toEqual({ [D(-5)]: 40, [D(-4)]: "PROVIDER_HAS_NONE" });
  expect(sleep!.nodes).toEqual([]);
});

test("a deleted document becomes a tombstone, its raw document goes, and it can come back", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", WEEK));
  const version = await world.version(someone);
  const id = `activity-${D(-2)}`;
  someone.data.remove("activity", id);
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, now));
  expect(told(answer!)[D(-2)]).toBe("PROVIDER_HAS_NONE");
  expect(await world.version(someone)).toBe(version + 1);
  const stone = "SELECT body FROM records WHERE account_id = $1 AND key = $2";
  expect(await world.rows(stone, [someone.accountId, id])).toEqual([{ body: null }]);
  const raw = "SELECT 1 FROM raw_documents WHERE account_id = $1 AND document_id = $2";
  expect(await world.rows(raw, [someone.accountId, id])).toEqual([]);
  someone.data.put("activity", { id, day: D(-2), value: 9 });
  const [back] = await gateway.ask(someone, question("ACTIVITY", WEEK, now));
  expect(told(back!)[D(-2)]).toBe(9);
});

test("a document in the margin alone is not deleted with the days asked for, nor taken for a whole day", async () => {
  const someone = await world.someone();
  someone.data.put("sleep", night(D(-4), 40), night(D(-3), 30));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("HRV", around(-4, -4)));
  const days = "SELECT DISTINCT day::text FROM records WHERE account_id = $1 AND body IS NOT NULL ORDER BY 1";
  expect(await world.rows(days, [someone.accountId])).toEqual([{ day: D(-4) }]);
  await gateway.ask(someone, question("HRV", around(-3, -3)));
  someone.data.remove("sleep", `night-${D(-4)}`);
  await gateway.ask(someone, question("HRV", around(-3, -3), now));
  expect(await world.rows(days, [someone.accountId])).toEqual([{ day: D(-4) }, { day: D(-3) }]);
});

/** An answer for one day of activity that began at `startedAt`, under a lease of its own. */
async function fetched(someone: Someone, value: number, over: Partial<Fetched> = {}): Promise<Fetched> {
  const key = { personId: someone.person.id, accountId: someone.accountId, endpoint: "activity" };
  const [lease] = await world.rows<{ owner: string; at: number }>(
    `INSERT INTO flights (person_id, account_id, endpoint, owner, started_at, progressed_at, expires_at)
     VALUES ($1, $2, $3, gen_random_uuid(), clock_timestamp(), now(), now() + interval '1 minute')
     ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET owner = excluded.owner, started_at = excluded.started_at
     RETURNING owner, extract(epoch FROM started_at)::float8 AS at`,
    Object.values(key),
  );
  const record = { kind: "activity" as const, key: "one", day: TODAY, contributors: [], steps: value };
  return {
    ...key,
    provider: "acme",
    grantNumber: 1,
    origin: "LIVE",
    leaseOwner: lease!.owner,
    asked: { start: TODAY, end: TODAY },
    startedAt: lease!.at,
    mapperVersion: 1,
    documents: [
      {
        id: "one",
        raw: JSON.stringify({ value }),
        records: [record as unknown as Fetched["documents"][0]["records"][0]],
      },
    ],
    unread: [],
    dependents: [],
    settledDays: [],
    offset: null,
    ...over,
  };
}

test("a fetch that started earlier never overwrites a later one, nor buries what it brought", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const early = await fetched(someone, 1);
  const late = await fetched(someone, 2);
  await gateway.store.commit(late);
  const owner = { leaseOwner: late.leaseOwner };
  expect(await gateway.store.commit({ ...early, ...owner })).toMatchObject({ changed: 0, deleted: 0 });
  expect(await gateway.store.commit({ ...early, ...owner, documents: [] })).toMatchObject({ changed: 0, deleted: 0 });
  const steps = `SELECT ${textOf("activity", "steps")}::int AS steps FROM records WHERE account_id = $1`;
  expect(await world.rows(steps, [someone.accountId])).toEqual([{ steps: 2 }]);
});

test.each<{ name: string; sql: string }>([
  { name: "relinked", sql: "UPDATE accounts SET grant_number = grant_number + 1 WHERE id = $1" },
  {
    name: "disconnected",
    sql: "UPDATE accounts SET grant_number = grant_number + 1, status = 'DISCONNECTED' WHERE id = $1",
  },
  { name: "erased", sql: "DELETE FROM accounts WHERE id = $1" },
  { name: "flown for by another process", sql: "UPDATE flights SET owner = gen_random_uuid() WHERE account_id = $1" },
  { name: "without its lease", sql: "DELETE FROM flights WHERE account_id = $1" },
])("a fetch in flight keeps nothing when the account is meanwhile $name", async ({ sql }) => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  let done: Promise<unknown> = Promise.resolve();
  world.vendor.script = () => {
    done = world.rows(sql, [someone.accountId]);
    return { afterMs: 150 };
  };
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  await done;
  expect(new Set(Object.values(told(answer!)))).toEqual(new Set(["NOT_YET_SYNCED"]));
  expect(codes(answer!)).toEqual(["PROVIDER_UNAVAILABLE"]);
  const left = await world.rows(
    `SELECT account_id FROM records WHERE person_id = $1 UNION ALL SELECT account_id FROM raw_documents WHERE person_id = $1
     UNION ALL SELECT account_id FROM coverage_days WHERE person_id = $1 UNION ALL SELECT account_id FROM coverage_settled WHERE person_id = $1`,
    [someone.person.id],
  );
  expect(left).toEqual([]);
});

test("a sync of an account that is unlinked meanwhile is told so as a user error", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  const unlink = "UPDATE accounts SET grant_number = grant_number + 1, status = 'DISCONNECTED' WHERE id = $1";
  let done: Promise<unknown> = Promise.resolve();
  world.vendor.script = () => {
    done = world.rows(unlink, [someone.accountId]);
    return { afterMs: 150 };
  };
  const sync = gateway.syncs.sync(someone.person, { provider: "acme", range: WEEK });
  await expect(sync).rejects.toMatchObject({ name: "UserFacingError", code: "NOT_CONNECTED" });
  await done;
});

test("a waiter under the new linking does not inherit the failure of the flight under the old one", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  world.vendor.script = () => (world.vendor.calls.length === 1 ? { afterMs: 400 } : undefined);
  const old = gateway.ask(someone, question("ACTIVITY", WEEK));
  await new Promise((resolve) => setTimeout(resolve, 150));
  const relink = "UPDATE accounts SET grant_number = grant_number + 1 WHERE id = $1";
  await world.change(someone, relink, [someone.accountId]);
  gateway.bell.ring("version", `${someone.person.id} 999`);
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  await old;
  expect([codes(answer!), answer!.nodes.length]).toEqual([[], 7]);
});

test("the store throws AccountFenced, so that callers can tell", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const late = await fetched(someone, 1, { grantNumber: 7 });
  await expect(gateway.store.commit(late)).rejects.toThrow(AccountFenced);
});

test("a snapshot for one person with another's account holds nothing", async () => {
  const [one, other] = [await world.someone(), await world.someone()];
  other.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(other, ...allMetrics(WEEK));
  const snapshot = await gateway.store.snapshot({
    personId: one.person.id,
    accountIds: [other.accountId],
    endpoints: ["activity", "sleep", "readiness", "daily_score"],
    range: WEEK,
    checkedSince: 0,
    withRecords: true,
  });
  expect([snapshot.coverage, snapshot.records.size]).toEqual([[], 0]);
});

test("pages in any order, overlapping and doubled, give the same records", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const days = daysOf(WEEK);
  const documents = days.map((day, index) => ({ id: `d-${day}`, day, value: index + 1 }));
  const page = fc.array(fc.nat({ max: documents.length - 1 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(page, { minLength: 1, maxLength: 4 }),
      fc.shuffledSubarray(documents, { minLength: 7 }),
      async (drawn, all) => {
        const pages = [...drawn.map((indices) => indices.map((index) => documents[index]!)), all];
        world.vendor.script = ({ cursor }) => {
          const index = Number(cursor ?? "0");
          return {
            body: JSON.stringify({ items: pages[index], next: index + 1 < pages.length ? String(index + 1) : null }),
          };
        };
        const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, now));
        expect(Object.values(told(answer!))).toEqual([1, 2, 3, 4, 5, 6, 7]);
      },
    ),
    { numRuns: 25 },
  );
  expect(await world.rows("SELECT key FROM records WHERE account_id = $1", [someone.accountId])).toHaveLength(7);
  expect(await world.version(someone)).toBe(2);
});

test("of one document twice the later revision counts, whichever page it is on", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const [older, newer] = [3, 4].map((hour) => ({
    id: "x",
    day: TODAY,
    value: hour,
    updated: `${TODAY}T0${hour}:00:00Z`,
  }));
  for (const items of [
    [older, newer],
    [newer, older],
  ]) {
    world.vendor.script = () => ({ body: JSON.stringify({ items, next: null }) });
    const [answer] = await gateway.ask(someone, question("ACTIVITY", around(0, 0), now));
    expect(told(answer!)).toEqual({ [TODAY]: 4 });
  }
});
