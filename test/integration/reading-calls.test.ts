import { addDays, daysOf } from "../../src/domain/days";
import { allMetrics, around, codes, question, TODAY, told, World } from "../support/reading-world";
import { freshRedis } from "../support/services";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const MONTH = around(-29, 0);
const ONE_EACH = { daily_score: 1, sleep: 1, readiness: 1, activity: 1 };

test("30 days of all four metrics, cold: one request per endpoint; repeated: none", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway();
  const cold = await gateway.ask(someone, ...allMetrics(MONTH));
  expect(world.vendor.counts()).toEqual(ONE_EACH);
  const values = Object.fromEntries(daysOf(MONTH).map((day, index) => [day, index + 1]));
  expect(cold.map(told)).toEqual([values, values, values, values]);
  expect(cold.map(codes)).toEqual([[], [], [], []]);
  expect(cold[0]!.nodes[3]!.value).toMatchObject({ asleepSeconds: 4, completeness: "FINAL" });
  const again = await gateway.ask(someone, ...allMetrics(MONTH));
  expect(again).toEqual(cold);
  expect(world.vendor.counts()).toEqual(ONE_EACH);
});

test("pages are followed to the end: one request per endpoint and page", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  world.vendor.pageSize = 12;
  const gateway = await world.gateway();
  const [sleep] = await gateway.ask(someone, ...allMetrics(MONTH));
  expect(sleep!.nodes).toHaveLength(30);
  expect(world.vendor.counts()).toEqual({ daily_score: 3, sleep: 3, readiness: 3, activity: 3 });
  const pages = world.vendor.calls.filter(({ endpoint }) => endpoint === "activity");
  expect(pages.map(({ cursor }) => cursor)).toEqual([null, "12", "24"]);
  expect(new Set(pages.map(({ from, to }) => `${from} ${to}`)).size).toBe(1);
});

test("widened by 7 days, only those are asked for, and the endpoint's own margin", async () => {
  const someone = await world.someone();
  const wide = around(-36, 0);
  someone.data.fill(daysOf(wide));
  const gateway = await world.gateway();
  await gateway.ask(someone, ...allMetrics(MONTH));
  world.vendor.calls.length = 0;
  const answers = await gateway.ask(someone, ...allMetrics(wide));
  expect(answers.map((answer) => answer.nodes.length)).toEqual([37, 37, 37, 37]);
  expect(world.vendor.counts()).toEqual(ONE_EACH);
  const windows = Object.fromEntries(world.vendor.calls.map(({ endpoint, from, to }) => [endpoint, [from, to]]));
  const week = [addDays(TODAY, -36), addDays(TODAY, -30)];
  expect(windows).toEqual({
    daily_score: week,
    readiness: week,
    activity: week,
    sleep: [addDays(TODAY, -37), addDays(TODAY, -28)],
  });
});

/** Crowds are asked of what they cost, not how soon a busy machine has served them. */
const PATIENT = { silenceMs: 20_000, totalMs: 20_000 };

test.each(["in-process", "Redis"])(
  "200 simultaneous cold reads over two gateways: the same four requests (%s)",
  async (kind) => {
    const redisUrl = kind === "Redis" ? (await freshRedis()).url : undefined;
    const someone = await world.someone();
    someone.data.fill(daysOf(MONTH));
    world.vendor.script = () => ({ afterMs: 100 });
    const gateways = [
      await world.gateway({ patience: PATIENT, ...(redisUrl && { redisUrl }) }),
      await world.gateway({ patience: PATIENT, ...(redisUrl && { redisUrl }) }),
    ];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => gateways[index % 2]!.ask(someone, ...allMetrics(MONTH))),
    );
    expect(world.vendor.counts()).toEqual(ONE_EACH);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]!.map(codes)).toEqual([[], [], [], []]);
    console.log(
      `200 identical cold reads over two gateways (${kind}): upstream calls ${JSON.stringify(world.vendor.counts())}`,
    );
  },
);

test("overlapping and split questions with aliases become one request per endpoint", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway();
  const ranges = [around(-29, -15), around(-20, -5), around(-14, 0), around(-3, -3), MONTH];
  const answers = await gateway.ask(someone, ...ranges.flatMap((range) => allMetrics(range)));
  expect(answers.map((answer) => answer.nodes.length)).toEqual([15, 16, 15, 1, 30].flatMap((n) => [n, n, n, n]));
  expect(world.vendor.counts()).toEqual(ONE_EACH);
});

test("stretches whose windows would overlap are asked as one, others apart", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("HRV", around(-29, -27)), question("HRV", around(-23, -22)));
  expect(world.vendor.calls.map(({ from, to }) => [from, to])).toEqual([[addDays(TODAY, -30), addDays(TODAY, -20)]]);
  world.vendor.calls.length = 0;
  await gateway.ask(someone, question("HRV", around(-15, -15)), question("HRV", around(-5, -5)));
  expect(world.vendor.counts()).toEqual({ sleep: 2 });
});

test("Sleep and Hrv share one sleep request; afterwards Hrv alone needs none", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("SLEEP", MONTH));
  expect(world.vendor.counts()).toEqual({ daily_score: 1, sleep: 1 });
  const [hrv] = await gateway.ask(someone, question("HRV", MONTH));
  expect(hrv!.nodes).toHaveLength(30);
  expect(world.vendor.counts()).toEqual({ daily_score: 1, sleep: 1 });
});

test("another gateway answers from the database what the first has fetched", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const [first, second] = [await world.gateway(), await world.gateway()];
  const answers = await first.ask(someone, ...allMetrics(MONTH));
  world.vendor.calls.length = 0;
  expect(await second.ask(someone, ...allMetrics(MONTH))).toEqual(answers);
  expect(world.vendor.calls).toEqual([]);
});

test("days to come are never asked: FUTURE", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  const [answer] = await gateway.ask(someone, question("ACTIVITY", around(-1, 3)));
  expect(world.vendor.calls.map(({ from, to }) => [from, to])).toEqual([[addDays(TODAY, -1), TODAY]]);
  expect(answer!.absences).toEqual([
    { firstDay: addDays(TODAY, -1), lastDay: TODAY, provider: "acme", reason: "PROVIDER_HAS_NONE" },
    { firstDay: addDays(TODAY, 1), lastDay: addDays(TODAY, 3), provider: "acme", reason: "FUTURE" },
  ]);
  const [future] = await gateway.ask(someone, question("ACTIVITY", around(5, 9)));
  expect(Object.values(told(future!))).toEqual(Array(5).fill("FUTURE"));
  expect(world.vendor.calls).toHaveLength(1);
});

test.each([
  { at: "2026-03-10T11:00:00Z", last: "2026-03-11" },
  { at: "2026-03-10T09:59:00Z", last: "2026-03-10" },
])(
  "before the offset is known, every day that is today somewhere is asked: at $at until $last",
  async ({ at, last }) => {
    const someone = await world.someone({ offsetMinutes: null });
    const gateway = await world.gateway({ now: () => Date.parse(at) / 1_000 });
    const range = { start: "2026-03-08", end: "2026-03-14" } as ReturnType<typeof around>;
    await gateway.ask(someone, question("ACTIVITY", range));
    expect(world.vendor.calls.map(({ to }) => to)).toEqual([last]);
  },
);

test("today follows the wearer's latest offset, once a document shows it", async () => {
  const someone = await world.someone({ offsetMinutes: null });
  const day = "2026-03-10";
  const night = { id: "n", day, value: 5, bedtime: `${day}T01:00:00-10:00`, wake: `${day}T07:00:00-10:00` };
  someone.data.put("sleep", night);
  const gateway = await world.gateway({ now: () => Date.parse("2026-03-11T09:00:00Z") / 1_000 });
  const range = { start: "2026-03-09", end: "2026-03-13" } as ReturnType<typeof around>;
  const first = await gateway.ask(someone, question("HRV", range));
  expect(told(first[0]!)).toMatchObject({ "2026-03-11": "PROVIDER_HAS_NONE", "2026-03-12": "FUTURE" });
  const then = await gateway.ask(someone, question("HRV", range));
  expect(told(then[0]!)).toMatchObject({ "2026-03-10": 5, "2026-03-11": "FUTURE" });
});

test("a scope that was not granted: those endpoints are not asked, and the answer says so", async () => {
  const someone = await world.someone({ scopes: ["daily"] });
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway();
  const [sleep, , , hrv] = await gateway.ask(someone, ...allMetrics(MONTH));
  expect(world.vendor.counts()).toEqual({ daily_score: 1, readiness: 1, activity: 1 });
  expect(sleep!.nodes).toHaveLength(30);
  expect([codes(sleep!), codes(hrv!)]).toEqual([["SCOPE_NOT_GRANTED"], ["SCOPE_NOT_GRANTED"]]);
  expect(new Set(Object.values(told(hrv!)))).toEqual(new Set(["SCOPE_NOT_GRANTED"]));
});

test("not linked, or not offered: nothing is asked", async () => {
  const someone = await world.someone();
  await world.change(someone, "UPDATE accounts SET status = 'DISCONNECTED' WHERE id = $1", [someone.accountId]);
  const gateway = await world.gateway();
  const [day] = [around(-1, -1)];
  const answers = await gateway.ask(
    someone,
    question("SLEEP", day),
    question("SLEEP", day, { providers: ["acme"] }),
    question("HRV", day, { providers: ["acme"], method: "SDNN" }),
  );
  expect(answers.map((answer) => Object.values(told(answer)))).toEqual([[], ["NOT_CONNECTED"], ["UNSUPPORTED"]]);
  expect(world.vendor.calls).toEqual([]);
});

test("400 simultaneous cold reads of one person by one gateway: four requests, and nobody is turned away", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(MONTH));
  const gateway = await world.gateway({ patience: PATIENT });
  const week = around(-6, 0);
  const started = performance.now();
  const answers = await Promise.all(Array.from({ length: 400 }, () => gateway.ask(someone, ...allMetrics(week))));
  expect(world.vendor.counts()).toEqual(ONE_EACH);
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]!.map(({ nodes }) => nodes.length)).toEqual([7, 7, 7, 7]);
  console.log(`400 identical cold reads in one gateway: ${(performance.now() - started).toFixed(0)} ms`);
});

test("a document whose clock runs a year ahead does not move the wearer's offset", async () => {
  const someone = await world.someone({ offsetMinutes: null });
  const ahead = `${Number(TODAY.slice(0, 4)) + 1}-01-01T00:00:00+14:00`;
  someone.data.put("sleep", {
    id: "n",
    day: TODAY,
    value: 1,
    bedtime: `${TODAY}T01:00:00-03:00`,
    wake: `${TODAY}T02:00:00-03:00`,
  });
  someone.data.put("sleep", { id: "m", day: TODAY, value: 1, bedtime: `${TODAY}T01:00:00-03:00`, wake: ahead });
  await (await world.gateway()).ask(someone, question("HRV", around(0, 0)));
  const offset = "SELECT utc_offset_minutes AS minutes FROM people WHERE id = $1";
  expect(await world.rows(offset, [someone.person.id])).toEqual([{ minutes: -180 }]);
});
