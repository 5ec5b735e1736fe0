import { daysOf } from "../../src/domain/days";
import { asked, committedTwice, historiesForTests } from "../support/history-process";
import { night } from "../support/reading-vendor";
import { allMetrics, around, told, type World } from "../support/reading-world";
import { undatedAcme } from "../support/undated-acme";

let world: World;
const processes = historiesForTests((created) => {
  world = created;
});

test("history comes after linking, newest first, each page once, and progress tells of it", async () => {
  const { gateway, history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-399, 0)));
  world.vendor.pageSize = 40;
  const account = await history.arm(someone, 365);
  const before = await history.api.backfill(someone.person.id, [account]);
  expect(before.get(account.id)).toEqual(
    ["SLEEP", "READINESS", "ACTIVITY", "HRV"].map((metric) => ({
      ...{ metric, state: "PENDING", daysDone: 0, daysTotal: 365, retryAt: null },
    })),
  );
  await history.work();
  await history.idle();
  const after = await history.api.backfill(someone.person.id, [account]);
  expect(after.get(account.id)).toEqual(
    ["SLEEP", "READINESS", "ACTIVITY", "HRV"].map((metric) => ({
      ...{ metric, state: "DONE", daysDone: 365, daysTotal: 365, retryAt: null },
    })),
  );
  expect(new Set(asked(world)).size).toBe(asked(world).length);
  expect(await committedTwice(world, account.id)).toEqual([]);
  const windows = world.vendor.calls.filter(({ endpoint, cursor }) => endpoint === "activity" && cursor === null);
  expect(windows.map(({ to }) => to)).toEqual(
    windows
      .map(({ to }) => to)
      .sort()
      .reverse(),
  );
  expect(windows).toHaveLength(5);
  expect(history.rings.length).toBeGreaterThan(20);
  expect(new Set(history.rings)).toEqual(new Set([account.id]));
  world.vendor.forget();
  const answers = await gateway.ask(someone, ...allMetrics(around(-364, -8)));
  expect(answers.map((answer) => answer.nodes.length)).toEqual([357, 357, 357, 357]);
  expect(world.vendor.calls).toEqual([]);
  const { nodes } = await history.api.runs({
    personId: someone.person.id,
    accountId: account.id,
    first: 10,
    after: null,
  });
  expect(nodes).toEqual([
    expect.objectContaining({
      trigger: "BACKFILL",
      range: around(-364, 0),
      recordsCreated: 365 * 5,
      recordsUpdated: 0,
      recordsDeleted: 0,
      errors: [],
    }),
  ]);
  expect(nodes[0]!.finishedAt).toBeGreaterThan(nodes[0]!.startedAt);
  expect(await world.rows("SELECT 1 FROM fetched_pages")).toEqual([]);
}, 60_000);

test("reads of overlapping ranges and history share every page", async () => {
  const { gateway, history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-399, 0)));
  world.vendor.pageSize = 30;
  world.vendor.script = () => ({ afterMs: 15 });
  const account = await history.arm(someone, 365);
  await history.work();
  for (const [first, last] of [
    [-20, -1],
    [-100, -70],
    [-300, -200],
    [-364, -1],
  ] as const) {
    const answers = await gateway.ask(someone, ...allMetrics(around(first, last)));
    for (const answer of answers) {
      if (answer.issues.length === 0) expect(answer.nodes).toHaveLength(last - first + 1);
    }
  }
  await history.idle(40_000);
  expect(await committedTwice(world, account.id)).toEqual([]);
  expect(new Set(asked(world)).size).toBe(asked(world).length);
  const answers = await gateway.ask(someone, ...allMetrics(around(-364, -8)));
  expect(Object.keys(told(answers[0]!))).toHaveLength(357);
  expect(answers.flatMap((answer) => answer.issues)).toEqual([]);
}, 90_000);

test("documents that are dated by sleep sessions follow them: the sessions are asked for once", async () => {
  const { history } = await processes.start({ provider: undatedAcme });
  const someone = await world.someone();
  for (const day of daysOf(around(-250, 0))) {
    someone.data.put("sleep", { ...night(day, 400, `s${day}`), cycle: `c${day}` });
    someone.data.put("readiness", { id: `r${day}`, day, value: 70, session: `s${day}` });
    someone.data.put("activity", { id: `a${day}`, day, value: 9_000, cycle: `c${day}` });
  }
  world.vendor.pageSize = 50;
  const account = await history.arm(someone, 200);
  await history.work();
  await history.idle();
  expect(history.faults).toEqual([]);
  expect(await committedTwice(world, account.id)).toEqual([]);
  expect(new Set(asked(world)).size).toBe(asked(world).length);
  const progress = await history.api.backfill(someone.person.id, [account]);
  expect(
    progress.get(account.id)!.map(({ metric, state, daysDone, daysTotal }) => [metric, state, daysDone, daysTotal]),
  ).toEqual(["SLEEP", "READINESS", "ACTIVITY", "HRV"].map((metric) => [metric, "DONE", 200, 200]));
  const counts = await world.rows(
    "SELECT endpoint, count(DISTINCT day)::int AS days FROM records WHERE account_id = $1 GROUP BY 1 ORDER BY 1",
    [account.id],
  );
  expect(counts).toEqual([
    { endpoint: "activity", days: 200 },
    { endpoint: "readiness", days: 200 },
    // One day more, which documents of the first day may be dated by.
    { endpoint: "sleep", days: 201 },
  ]);
}, 60_000);

test("days that the provider never answers for are not asked and do not count", async () => {
  const provider = {
    ...undatedAcme,
    endpoints: undatedAcme.endpoints.slice(0, 1).map((one) => ({ ...one, reachDays: 28 })),
  };
  const { history } = await processes.start({ provider });
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-60, 0)));
  const account = await history.arm(someone, 365);
  await history.work();
  await history.idle();
  const progress = await history.api.backfill(someone.person.id, [account]);
  const [sleep] = progress.get(account.id)!;
  expect(sleep!.state).toBe("DONE");
  expect(sleep!.daysDone).toBe(sleep!.daysTotal);
  expect(sleep!.daysTotal).toBeLessThanOrEqual(28);
  expect(sleep!.daysTotal).toBeGreaterThanOrEqual(26);
  expect(world.vendor.calls).toHaveLength(1);
});

test("without days there is no history: nothing is asked, nothing is shown", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  const account = await history.arm(someone, 0);
  await history.work();
  await history.idle();
  expect(world.vendor.calls).toEqual([]);
  expect(await history.api.backfill(someone.person.id, [account])).toEqual(new Map());
});
