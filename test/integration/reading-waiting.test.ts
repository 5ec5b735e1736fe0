import { setTimeout as sleep } from "node:timers/promises";
import { addDays, daysOf } from "../../src/domain/days";
import { around, codes, question, TODAY, told, World } from "../support/reading-world";
import { freshRedis } from "../support/services";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const WEEK = around(-6, 0);
const seconds = () => Date.now() / 1_000;

test.each([
  { form: "seconds", header: () => "90", wait: 90 },
  { form: "an HTTP date", header: () => new Date(Date.now() + 90_000).toUTCString(), wait: 90 },
  { form: "ten years", header: () => String(10 * 365 * 86_400), wait: 3_600 },
  { form: "a negative number", header: () => "-5", wait: 60 },
  { form: "garbage", header: () => "soon", wait: 60 },
])(
  "429 with Retry-After as $form: RATE_LIMITED with retryAt, and no call before the time from either gateway",
  async ({ header, wait }) => {
    const { url } = await freshRedis();
    const someone = await world.someone();
    someone.data.fill(daysOf(WEEK));
    let later = 0;
    const now = () => seconds() + later;
    const [first, second] = [await world.gateway({ redisUrl: url, now }), await world.gateway({ redisUrl: url, now })];
    await first.ask(someone, question("ACTIVITY", around(-6, -1)));
    world.vendor.calls.length = 0;
    world.vendor.script = () => ({ status: 429, headers: { "retry-after": header() }, body: "{}" });
    for (const gateway of [first, second, first]) {
      const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
      expect(codes(answer!)).toEqual(["RATE_LIMITED", "STALE_DATA"]);
      expect(Object.values(told(answer!))).toEqual([1, 2, 3, 4, 5, 6, "ERROR"]);
      const { retryAt } = answer!.issues.find(({ code }) => code === "RATE_LIMITED")!;
      expect(Math.abs(retryAt! - (seconds() + wait))).toBeLessThan(3);
    }
    expect(world.vendor.calls).toHaveLength(1);
    world.vendor.script = () => undefined;
    later = wait + 2;
    const [good] = await second.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
    expect([codes(good!), world.vendor.calls.length]).toEqual([[], 2]);
  },
);

test("a limit of one account leaves the others alone", async () => {
  const [limited, other] = [await world.someone(), await world.someone()];
  other.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  world.vendor.script = ({ accountId }) =>
    accountId === limited.accountId
      ? { status: 429, headers: { "retry-after": "60", "x-limit": "account" }, body: "{}" }
      : undefined;
  const [first] = await gateway.ask(limited, question("ACTIVITY", WEEK));
  const [second] = await gateway.ask(other, question("ACTIVITY", WEEK));
  expect([codes(first!), codes(second!), second!.nodes.length]).toEqual([["RATE_LIMITED"], [], 7]);
});

test("silence: the first answer comes within the patience, the flight goes on, and its data are there later", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", around(-6, -4)));
  world.vendor.script = () => ({ afterMs: 6_000 });
  const started = performance.now();
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  const took = performance.now() - started;
  expect([took > 2_400, took < 5_500]).toEqual([true, true]);
  expect(codes(answer!)).toEqual(["PROVIDER_UNAVAILABLE"]);
  expect(Object.values(told(answer!))).toEqual([1, 2, 3, ...Array(4).fill("NOT_YET_SYNCED")]);
  const joining = performance.now();
  await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect(performance.now() - joining).toBeLessThan(2_000);
  await gateway.flights.drained();
  world.vendor.script = () => undefined;
  const [later] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect([Object.values(told(later!)), codes(later!)]).toEqual([[1, 2, 3, 4, 5, 6, 7], []]);
  expect(world.vendor.calls).toHaveLength(2);
});

test("silence while stale days are known: they are answered, and called stale", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  await (await world.gateway()).ask(someone, question("ACTIVITY", WEEK));
  const gateway = await world.gateway({ patience: { silenceMs: 150, totalMs: 2_000 } });
  world.vendor.script = () => ({ afterMs: 400 });
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
  expect([codes(answer!), answer!.nodes.length]).toEqual([["PROVIDER_UNAVAILABLE", "STALE_DATA"], 7]);
});

test.each(["the gateway that asks", "another gateway"])(
  "a slow paged read that keeps coming is waited for, in %s",
  async (who) => {
    const someone = await world.someone();
    const days = around(-7, 0);
    someone.data.fill(daysOf(days));
    world.vendor.pageSize = 1;
    world.vendor.script = () => ({ afterMs: 250 });
    const patience = { silenceMs: 900, totalMs: 10_000 };
    const [first, second] = [await world.gateway({ patience }), await world.gateway({ patience })];
    const asking = first.ask(someone, question("ACTIVITY", days));
    await sleep(100);
    const waiting = second.ask(someone, question("ACTIVITY", days));
    const [answer] = await (who === "another gateway" ? waiting : asking);
    expect([codes(answer!), answer!.nodes.length]).toEqual([[], 8]);
    await Promise.all([asking, waiting]);
    expect(world.vendor.calls).toHaveLength(8);
  },
);

test("in all, a caller waits no longer than the patience for a paged read", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  world.vendor.pageSize = 1;
  world.vendor.script = () => ({ afterMs: 400 });
  const gateway = await world.gateway({ patience: { silenceMs: 500, totalMs: 500 } });
  const started = performance.now();
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect(performance.now() - started).toBeLessThan(2_500);
  expect(codes(answer!)).toEqual(["PROVIDER_UNAVAILABLE"]);
  await gateway.flights.drained();
  expect((await gateway.ask(someone, question("ACTIVITY", WEEK)))[0]!.nodes).toHaveLength(7);
});

test("a flight in another process whose holder died is taken over after the lease has ended", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  const started = performance.now();
  await world.rows(
    `INSERT INTO flights (person_id, account_id, endpoint, owner, started_at, progressed_at, expires_at)
     VALUES ($1, $2, 'activity', gen_random_uuid(), now(), now(), clock_timestamp() + interval '700 milliseconds')`,
    [someone.person.id, someone.accountId],
  );
  // Whoever waits for longer than the patience is not told the days.
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect([codes(answer!), answer!.nodes.length, world.vendor.calls.length]).toEqual([[], 7, 1]);
  expect(performance.now() - started).toBeGreaterThan(690);
});

test("providers that refuse connections: known days as stale, the others ERROR, at once", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", around(-6, -1)));
  world.vendor.script = () => "reset";
  const started = performance.now();
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
  expect(performance.now() - started).toBeLessThan(2_400);
  expect(codes(answer!)).toEqual(["PROVIDER_UNAVAILABLE", "STALE_DATA"]);
  expect(told(answer!)[TODAY]).toBe("ERROR");
  expect(told(answer!)[addDays(TODAY, -1)]).toBe(6);
});

test("a provider that stays away is asked no more for a while", async () => {
  const gateway = await world.gateway();
  world.vendor.script = () => ({ status: 503, body: "" });
  const people = await Promise.all(Array.from({ length: 40 }, () => world.someone()));
  const asked = await Promise.all(people.map((someone) => gateway.ask(someone, question("ACTIVITY", WEEK))));
  for (const [answer] of asked) expect(codes(answer!)).toEqual(["PROVIDER_UNAVAILABLE"]);
  const [callsBefore, begun] = [world.vendor.calls.length, performance.now()];
  for (const someone of people) await gateway.ask(someone, question("ACTIVITY", WEEK));
  // On a busy machine the time may come at which one looks whether it is back: another does 2 s later, then one every 5 s.
  const later = (performance.now() - begun) / 1_000 - 2;
  expect(world.vendor.calls.length - callsBefore).toBeLessThanOrEqual(later < 0 ? 1 : 2 + Math.floor(later / 5));
});
