import { addDays, daysOf } from "../../src/domain/days";
import { allMetrics, around, codes, question, type Someone, TODAY, told, World } from "../support/reading-world";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

/** As if every check of the person's days had been made earlier. */
async function age(someone: Someone, seconds: number): Promise<void> {
  const set = "UPDATE coverage_days SET checked_at = checked_at - make_interval(secs => $2) WHERE person_id = $1";
  await world.rows(set, [someone.person.id, seconds]);
  const log = "UPDATE fetches SET started_at = started_at - make_interval(secs => $2) WHERE person_id = $1";
  await world.rows(log, [someone.person.id, seconds]);
}

async function askedDays(someone: Someone, gateway: Awaited<ReturnType<World["gateway"]>>, range = around(-40, 0)) {
  world.vendor.calls.length = 0;
  await gateway.ask(someone, question("ACTIVITY", range));
  return world.vendor.calls.map(({ from, to }) => [from, to]);
}

test.each([
  { seconds: 60, asked: [] },
  { seconds: 130, asked: [[TODAY, TODAY]] },
  { seconds: 1_790, asked: [[TODAY, TODAY]] },
  { seconds: 1_900, asked: [[addDays(TODAY, -7), TODAY]] },
  { seconds: 86_300, asked: [[addDays(TODAY, -7), TODAY]] },
  {
    seconds: 86_500,
    asked: [
      [addDays(TODAY, -12), addDays(TODAY, -12)],
      [addDays(TODAY, -7), TODAY],
    ],
  },
])("checked $seconds s ago: only what is stale is asked", async ({ seconds, asked }) => {
  const someone = await world.someone();
  // An empty day takes longer to settle than the others of its age.
  someone.data.fill(daysOf(around(-40, 0)).filter((day) => day !== addDays(TODAY, -12)));
  await (await world.gateway()).ask(someone, question("ACTIVITY", around(-40, 0)));
  await age(someone, seconds);
  expect(await askedDays(someone, await world.gateway())).toEqual(asked);
});

test("the cells in the cache grow stale by the gateway's clock, and a check that finds nothing new renews them", async () => {
  let later = 0;
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-40, 0)));
  const gateway = await world.gateway({ now: () => Date.now() / 1_000 + later });
  await gateway.ask(someone, question("ACTIVITY", around(-40, 0)));
  later = 125;
  const version = await world.version(someone);
  expect(await askedDays(someone, gateway)).toEqual([[TODAY, TODAY]]);
  expect(await world.version(someone)).toBe(version);
  later = 126;
  const [answer] = await gateway.ask(someone, question("ACTIVITY", around(-1, 0)));
  expect(codes(answer!)).toEqual([]);
});

test("an empty day is known to be empty; it settles after 30 days, a full one after 7", async () => {
  const someone = await world.someone();
  someone.data.fill([addDays(TODAY, -10)]);
  const gateway = await world.gateway();
  const [answer] = await gateway.ask(someone, question("ACTIVITY", around(-40, -1)));
  expect(told(answer!)).toMatchObject({ [addDays(TODAY, -10)]: 1, [addDays(TODAY, -11)]: "PROVIDER_HAS_NONE" });
  expect(await askedDays(someone, gateway, around(-40, -1))).toEqual([]);
  await age(someone, 10 * 86_400);
  expect(await askedDays(someone, await world.gateway(), around(-40, -1))).toEqual([
    [addDays(TODAY, -30), addDays(TODAY, -11)],
    [addDays(TODAY, -9), addDays(TODAY, -1)],
  ]);
});

test("maxAgeSeconds 0 asks now, whatever is known, and the answer is not called stale", async () => {
  const someone = await world.someone();
  const range = around(-20, 0);
  someone.data.fill(daysOf(range));
  const gateway = await world.gateway();
  await gateway.ask(someone, ...allMetrics(range));
  world.vendor.calls.length = 0;
  const answers = await gateway.ask(someone, ...allMetrics(range, { maxAgeSeconds: 0 }));
  expect(world.vendor.counts()).toEqual({ daily_score: 1, sleep: 1, readiness: 1, activity: 1 });
  expect(answers.map(codes)).toEqual([[], [], [], []]);
});

test.each([30])(
  "maxAgeSeconds 0 with a gateway whose clock is %i s ahead of the database's: asked once, not stale",
  async (off) => {
    const someone = await world.someone();
    someone.data.fill(daysOf(around(-20, 0)));
    world.vendor.script = () => ({ afterMs: 50 });
    const gateway = await world.gateway({ now: () => Date.now() / 1_000 + off });
    await gateway.ask(someone, question("ACTIVITY", around(-20, 0)));
    world.vendor.calls.length = 0;
    const asks = Array.from({ length: 20 }, () =>
      gateway.ask(someone, question("ACTIVITY", around(-20, 0), { maxAgeSeconds: 0 })),
    );
    for (const [answer] of await Promise.all(asks)) expect(codes(answer!)).toEqual([]);
    expect(world.vendor.calls.length).toBeLessThanOrEqual(2);
    expect(world.vendor.calls.length).toBeGreaterThanOrEqual(1);
  },
);

test("maxAgeSeconds on settled days: after a recent check nothing is asked, after an old one they are", async () => {
  const someone = await world.someone();
  const range = around(-40, -35);
  someone.data.fill(daysOf(range));
  const gateway = await world.gateway();
  const ask = () => gateway.ask(someone, question("ACTIVITY", range, { maxAgeSeconds: 600 }));
  await ask();
  expect(await world.rows("SELECT 1 FROM coverage_days WHERE person_id = $1", [someone.person.id])).toEqual([]);
  const [answer] = await ask();
  expect(codes(answer!)).toEqual([]);
  expect(world.vendor.calls).toHaveLength(1);
  await world.rows("UPDATE fetches SET started_at = started_at - interval '20 minutes' WHERE person_id = $1", [
    someone.person.id,
  ]);
  const [later] = await (await world.gateway()).ask(someone, question("ACTIVITY", range, { maxAgeSeconds: 600 }));
  expect([world.vendor.calls.length, codes(later!)]).toEqual([2, []]);
});

test("a late revision shows at the next check, raises the data version, and what has not changed does not", async () => {
  const someone = await world.someone();
  const range = around(-6, 0);
  someone.data.fill(daysOf(range));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", range));
  const before = await world.version(someone);
  await age(someone, 3_600);
  const day = addDays(TODAY, -3);
  const checked = () =>
    world.rows<{ at: Date }>("SELECT checked_at AS at FROM coverage_days WHERE person_id = $1 AND day = $2", [
      someone.person.id,
      day,
    ]);
  const [old] = await checked();
  await (await world.gateway()).ask(someone, question("ACTIVITY", range));
  expect((await checked())[0]!.at.getTime()).toBeGreaterThan(old!.at.getTime() + 3_000_000);
  expect(await world.version(someone)).toBe(before);
  someone.data.put("activity", { id: `activity-${day}`, day, value: 12_345 });
  await age(someone, 3_600);
  const [answer] = await (await world.gateway()).ask(someone, question("ACTIVITY", range));
  expect(told(answer!)[day]).toBe(12_345);
  expect(await world.version(someone)).toBe(before + 1);
});

test("the sync asks every granted endpoint again and says how many records came", async () => {
  const someone = await world.someone();
  const range = around(-4, 2);
  someone.data.fill(daysOf(range));
  const gateway = await world.gateway();
  await gateway.ask(someone, ...allMetrics(range));
  world.vendor.calls.length = 0;
  const { account, fetchedRecords } = await gateway.syncs.sync(someone.person, { provider: "acme", range });
  expect([account.id, fetchedRecords]).toEqual([someone.accountId, 25]);
  expect(world.vendor.counts()).toEqual({ daily_score: 1, sleep: 1, readiness: 1, activity: 1 });
});
