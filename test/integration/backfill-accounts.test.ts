import { ENTRIES } from "../../src/db/repositories/change-entries";
import { addDays, daysOf } from "../../src/domain/days";
import { Postponed } from "../../src/services/ports/jobs";
import { asked, historiesForTests, step } from "../support/history-process";
import type { History } from "../support/history-world";
import { around, type Someone, TODAY, type World } from "../support/reading-world";

let world: World;
const processes = historiesForTests((created) => {
  world = created;
});

function states(someone: Someone) {
  return world.rows<{ endpoint: string; state: string; error: string | null }>(
    "SELECT endpoint, state, error FROM backfills WHERE account_id = $1 ORDER BY endpoint",
    [someone.accountId],
  );
}

async function done(history: History, someone: Someone, days: number): Promise<void> {
  await history.arm(someone, days);
  await history.work();
  await history.idle();
  await history.stop();
}

const ENDPOINTS = ["activity", "daily_score", "readiness", "sleep"];

test("linking again asks for nothing that is known", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-99, 0)));
  await done(history, someone, 100);
  world.vendor.calls.length = 0;
  await world.rows("UPDATE accounts SET grant_number = grant_number + 1, connected_at = now() WHERE id = $1", [
    someone.accountId,
  ]);
  await done(history, someone, 100);
  expect(world.vendor.calls).toEqual([]);
  expect((await states(someone)).map(({ state }) => state)).toEqual(Array(4).fill("DONE"));
});

test("a day that was looked at while it lasted, and not since, is asked for when linking again after weeks", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-99, 0)));
  await done(history, someone, 100);
  const settled = (day: string) =>
    world.rows("SELECT 1 FROM coverage_settled WHERE account_id = $1 AND known @> $2::date", [someone.accountId, day]);
  // A day in progress is not final, however often it was fetched.
  expect(await settled(TODAY)).toEqual([]);
  const old = addDays(TODAY, -40);
  expect(await settled(old)).toHaveLength(4);
  await world.rows(
    "UPDATE coverage_settled SET known = known - datemultirange(daterange($2, $2, '[]')) WHERE account_id = $1",
    [someone.accountId, old],
  );
  await world.rows(
    `INSERT INTO coverage_days (person_id, account_id, endpoint, day, checked_at)
     SELECT person_id, account_id, endpoint, $2::date, $2::date + interval '15 hours' FROM coverage_settled WHERE account_id = $1`,
    [someone.accountId, old],
  );
  world.vendor.calls.length = 0;
  await done(history, someone, 100);
  // Nights are asked for with their margin.
  const windows = { activity: [0, 0], daily_score: [0, 0], readiness: [0, 0], sleep: [-1, 2] } as const;
  const expected = Object.entries(windows).map(([name, [before, after]]) => [
    name,
    addDays(old, before),
    addDays(old, after),
    "",
  ]);
  expect(asked(world).sort()).toEqual(expected.map((words) => words.join(" ")));
});

test("history of an account whose grant was refused meanwhile ends without asking, and begins again with the next linking", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  const account = await history.arm(someone, 90);
  await world.rows("UPDATE accounts SET status = 'RECONNECT_REQUIRED' WHERE id = $1", [account.id]);
  await history.work();
  await history.idle();
  expect(await states(someone)).toEqual(
    ENDPOINTS.map((endpoint) => ({ endpoint, state: "FAILED", error: "RECONNECT_REQUIRED" })),
  );
  const asking = { personId: someone.person.id, accountId: account.id, first: 1, after: null };
  const [run] = (await history.api.runs(asking)).nodes;
  expect(run!.finishedAt).not.toBeNull();
  expect(run!.errors).toHaveLength(4);
  await history.stop();
  await world.rows("UPDATE accounts SET status = 'ACTIVE', grant_number = grant_number + 1 WHERE id = $1", [
    account.id,
  ]);
  expect(world.vendor.calls).toEqual([]);
  await done(history, someone, 90);
  expect((await states(someone)).map(({ state }) => state)).toEqual(Array(4).fill("DONE"));
});

test("what the grant does not cover is not asked for; history of what a new linking leaves out ends", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  await history.arm(someone, 90);
  await world.rows("UPDATE accounts SET granted_scopes = '{daily}', grant_number = grant_number + 1 WHERE id = $1", [
    someone.accountId,
  ]);
  await done(history, someone, 90);
  const rows = await states(someone);
  expect(rows.find(({ endpoint }) => endpoint === "sleep")).toMatchObject({
    state: "FAILED",
    error: "SCOPE_NOT_GRANTED",
  });
  expect(rows.filter(({ state }) => state === "DONE").map(({ endpoint }) => endpoint)).toEqual([
    "activity",
    "daily_score",
    "readiness",
  ]);
  expect(Object.keys(world.vendor.counts()).sort()).toEqual(["activity", "daily_score", "readiness"]);
});

test("a process that stops leaves between two pages, and another goes on with the next", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  world.vendor.pageSize = 10;
  await history.arm(someone, 90);
  const stopping = new AbortController();
  world.vendor.script = ({ cursor }) => {
    if (cursor === "30") stopping.abort();
    return undefined;
  };
  const end = await step(world, history, someone, "activity", { signal: stopping.signal }).catch(
    (error: unknown) => error,
  );
  expect(end).toBeInstanceOf(Postponed);
  expect((end as Postponed).until).toBeLessThanOrEqual(Date.now() / 1_000);
  await step(world, history, someone, "activity");
  expect(asked(world).map((call) => call.split(" ")[3])).toEqual(["", "10", "20", "30", "40", "50", "60", "70", "80"]);
  expect((await states(someone)).find(({ endpoint }) => endpoint === "activity")).toMatchObject({
    state: "RUNNING",
    error: null,
  });
});

test("years without data end calmly: asked once, nothing kept, nothing reported", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-30, 0)));
  await history.arm(someone, 2_000);
  await history.work();
  await history.idle(40_000);
  expect((await states(someone)).map(({ state, error }) => [state, error])).toEqual(Array(4).fill(["DONE", null]));
  expect(new Set(asked(world)).size).toBe(asked(world).length);
  const asking = { personId: someone.person.id, accountId: someone.accountId, first: 1, after: null };
  const [run] = (await history.api.runs(asking)).nodes;
  expect(run).toMatchObject({ recordsCreated: 31 * 5, errors: [] });
}, 60_000);

test("the feed says of what came that it is history", async () => {
  const { gateway, history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-99, 0)));
  await gateway.ask(someone, {
    metric: "ACTIVITY",
    range: around(-5, -1),
    providers: null,
    maxAgeSeconds: null,
    method: null,
  });
  await done(history, someone, 100);
  const origins = await world.rows(
    `SELECT e.metric, c.origin, count(*)::int AS days FROM changes c, ${ENTRIES}
     WHERE c.person_id = $1 AND e.metric = 'ACTIVITY' GROUP BY 1, 2 ORDER BY 2`,
    [someone.person.id],
  );
  expect(origins).toEqual([
    { metric: "ACTIVITY", origin: "BACKFILL", days: 95 },
    { metric: "ACTIVITY", origin: "LIVE", days: 5 },
  ]);
});

test("two accounts of two persons are fetched side by side, each its own", async () => {
  const { history } = await processes.start();
  const [one, other] = [await world.someone(), await world.someone({ vendorUserId: "another" })];
  one.data.fill(daysOf(around(-99, 0)));
  other.data.fill(daysOf(around(-49, 0)));
  await history.arm(one, 100);
  await history.arm(other, 100);
  await history.work();
  await history.idle();
  const counts = await world.rows(
    "SELECT account_id, count(*)::int AS records FROM records WHERE endpoint = 'activity' AND account_id = ANY ($1::uuid[]) GROUP BY 1",
    [[one.accountId, other.accountId]],
  );
  expect(new Map(counts.map(({ account_id, records }) => [account_id, records]))).toEqual(
    new Map([
      [one.accountId, 100],
      [other.accountId, 50],
    ]),
  );
  for (const someone of [one, other]) {
    expect((await states(someone)).map(({ state }) => state)).toEqual(Array(4).fill("DONE"));
  }
});
