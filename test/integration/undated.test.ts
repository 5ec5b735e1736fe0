import { addDays } from "../../src/domain/days";
import { night } from "../support/reading-vendor";
import { around, codes, type Gateway, question, type Someone, TODAY, told, World } from "../support/reading-world";
import { undatedAcme } from "../support/undated-acme";

let world: World;
let gateway: Gateway;
let someone: Someone;
beforeAll(async () => {
  world = await World.create();
});
beforeEach(async () => {
  [gateway, someone] = [await world.gateway({ provider: undatedAcme }), await world.someone()];
});
afterEach(() => world.reset());
afterAll(() => world.close());

const WEEK = around(-6, 0);
const D = (days: number) => addDays(TODAY, days);
const NONE = "PROVIDER_HAS_NONE";

async function ask(metric: "SLEEP" | "READINESS" | "ACTIVITY", range = WEEK, over = {}) {
  const [answer] = await gateway.ask(someone, question(metric, range, over));
  expect(codes(answer!)).toEqual([]);
  return told(answer!);
}

/** A night with a readiness of its own, and a cycle that the night begins. */
function wholeNight(days: number, value: number): void {
  someone.data.put("sleep", { ...night(D(days), value, `s${days}`), cycle: `c${days}` });
  someone.data.put("readiness", { id: `r${days}`, day: D(days), value, session: `s${days}` });
  someone.data.put("activity", { id: `a${days}`, day: D(days), value: value * 100, cycle: `c${days}` });
}

function moveSession(days: number, to: number): void {
  const moved = someone.data.of("sleep").find(({ id }) => id === `s${days}`);
  someone.data.put("sleep", { ...moved!, ...night(D(to), moved!.value, `s${days}`) });
}

test("documents that name a session or a cycle get its day; the sessions are asked for once, whatever is asked together", async () => {
  for (const days of [-5, -4, -3]) wholeNight(days, 50 - days);
  const questions = (["SLEEP", "READINESS", "ACTIVITY"] as const).map((metric) => question(metric, WEEK));
  const [, readiness, activity] = await gateway.ask(someone, ...questions);
  expect(told(readiness!)).toMatchObject({ [D(-6)]: NONE, [D(-5)]: 55, [D(-4)]: 54, [D(-3)]: 53, [D(-2)]: NONE });
  expect(told(activity!)).toMatchObject({ [D(-6)]: NONE, [D(-5)]: 5_500, [D(-4)]: 5_400, [D(-3)]: 5_300 });
  expect(world.vendor.counts()).toEqual({ sleep: 1, readiness: 1, activity: 1 });
});

test("syncing asks for the sessions once as well", async () => {
  for (const days of [-5, -4, -3]) wholeNight(days, 50 - days);
  const { fetchedRecords } = await gateway.syncs.sync(someone.person, { provider: "acme", range: WEEK });
  expect(world.vendor.counts()).toEqual({ sleep: 1, readiness: 1, activity: 1 });
  // A session and a heart rate variability of each night, a readiness and an activity.
  expect(fetchedRecords).toBe(3 * 4);
});

test("a document whose session arrives later gets its day as soon as that is known", async () => {
  wholeNight(-4, 70);
  const late = someone.data.of("sleep");
  someone.data.remove("sleep", "s-4");
  expect(await ask("READINESS")).toMatchObject({ [D(-4)]: NONE });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-4)]: NONE });
  someone.data.put("sleep", ...late);
  world.vendor.forget();
  // Only the sleeps are asked for again; what they date was looked at a moment ago.
  await ask("SLEEP", WEEK, { maxAgeSeconds: 0 });
  expect(world.vendor.counts()).toEqual({ sleep: 1 });
  expect(await ask("READINESS")).toMatchObject({ [D(-4)]: 70 });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-4)]: 7_000 });
  expect(world.vendor.counts()).toEqual({ sleep: 1, readiness: 1, activity: 1 });
});

test("a document follows a session that moves to another day, and does not stay behind on the old one", async () => {
  for (const days of [-5, -3]) wholeNight(days, 60);
  expect(await ask("READINESS")).toMatchObject({ [D(-5)]: 60, [D(-4)]: NONE });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-5)]: 6_000, [D(-4)]: NONE });
  moveSession(-5, -4);
  await ask("SLEEP", around(-4, -4), { maxAgeSeconds: 0 });
  world.vendor.forget();
  const days = { [D(-5)]: NONE, [D(-4)]: 60, [D(-3)]: 60 };
  expect(await ask("READINESS")).toMatchObject(days);
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-5)]: NONE, [D(-4)]: 6_000, [D(-3)]: 6_000 });
  expect(world.vendor.counts()).toEqual({ readiness: 1, activity: 1 });
  // Both days alone: nothing else of the week was in doubt.
  for (const { from, to } of world.vendor.calls) expect([from, to]).toEqual([D(-6), D(-3)]);
});

test("a settled day is asked again as well where its session moves", async () => {
  const range = around(-60, -50);
  wholeNight(-55, 44);
  await ask("READINESS", range);
  const settled =
    "SELECT known @> $2::date AS settled FROM coverage_settled WHERE account_id = $1 AND endpoint = 'readiness'";
  expect(await world.rows(settled, [someone.accountId, D(-54)])).toEqual([{ settled: true }]);
  moveSession(-55, -54);
  await ask("SLEEP", range, { maxAgeSeconds: 0 });
  expect(await world.rows(settled, [someone.accountId, D(-54)])).toEqual([{ settled: false }]);
  expect(await ask("READINESS", range)).toMatchObject({ [D(-55)]: NONE, [D(-54)]: 44 });
});

test("while the provider is down, a day whose session moved is an absence and an issue, not the old value", async () => {
  wholeNight(-5, 60);
  await ask("READINESS");
  moveSession(-5, -4);
  await ask("SLEEP", WEEK, { maxAgeSeconds: 0 });
  world.vendor.script = () => ({ status: 503, body: "" });
  const [answer] = await gateway.ask(someone, question("READINESS", WEEK));
  expect(told(answer!)).toMatchObject({ [D(-5)]: "ERROR", [D(-4)]: "ERROR", [D(-3)]: NONE });
  expect(codes(answer!)).toEqual(["PROVIDER_UNAVAILABLE"]);
});

test("a document whose session is deleted goes with it", async () => {
  wholeNight(-4, 70);
  expect(await ask("READINESS")).toMatchObject({ [D(-4)]: 70 });
  someone.data.remove("sleep", "s-4");
  await ask("SLEEP", WEEK, { maxAgeSeconds: 0 });
  expect(await ask("READINESS")).toMatchObject({ [D(-4)]: NONE });
});

test("a cycle without a night has its other day, and goes to the night's when that is found", async () => {
  someone.data.put("activity", { id: "a", day: D(-4), value: 900, cycle: "c", otherwise: D(-3) });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-4)]: NONE, [D(-3)]: 900 });
  someone.data.put("sleep", { ...night(D(-4), 30, "s"), cycle: "c" });
  await ask("SLEEP", WEEK, { maxAgeSeconds: 0 });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-4)]: 900, [D(-3)]: NONE });
  someone.data.remove("sleep", "s");
  await ask("SLEEP", WEEK, { maxAgeSeconds: 0 });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-4)]: NONE, [D(-3)]: 900 });
});

test("of a cycle's sleeps the longest night gives the day, a nap never does", async () => {
  const nap = { ...night(D(-3), 999, "nap"), nap: true, cycle: "c" };
  someone.data.put(
    "sleep",
    { ...night(D(-4), 30, "short"), cycle: "c" },
    { ...night(D(-5), 40, "long"), cycle: "c" },
    nap,
  );
  someone.data.put("activity", { id: "a", day: D(-4), value: 900, cycle: "c" });
  expect(await ask("ACTIVITY")).toMatchObject({ [D(-5)]: 900, [D(-4)]: NONE, [D(-3)]: NONE });
});

test("a revision that moves no session ends nothing that is known", async () => {
  wholeNight(-4, 70);
  await ask("READINESS");
  someone.data.put("sleep", { ...night(D(-4), 71, "s-4"), cycle: "c-4" });
  await ask("SLEEP", WEEK, { maxAgeSeconds: 0 });
  world.vendor.forget();
  expect(await ask("READINESS")).toMatchObject({ [D(-4)]: 70 });
  expect(world.vendor.counts()).toEqual({});
});
