import { setTimeout as sleep } from "node:timers/promises";
import { RedisCounts } from "../../src/cache/budget-redis";
import { RedisLink } from "../../src/cache/redis";
import type { BudgetWindow } from "../../src/domain/budgets";
import { daysOf } from "../../src/domain/days";
import { FairBudgets } from "../../src/services/budget/turns";
import { acme } from "../support/reading-acme";
import { accountOf, around, codes, type Gateway, question, type Someone, World } from "../support/reading-world";
import { startRedis, type ThrowawayRedis } from "../support/redis-server";

const nothing = () => undefined;
const WEEK = around(-6, 0);
const ACTIVITY = acme.endpoints.find(({ name }) => name === "activity")!;

let world: World;
let redis: ThrowawayRedis;
const undo: (() => Promise<void> | void)[] = [];
beforeAll(async () => {
  world = await World.create();
});
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  await world.reset();
  for (const step of undo.splice(0)) await step();
  await redis.stop();
});
afterAll(() => world.close());

/** A gateway whose requests are counted in Redis; `taken` is told whether somebody waited for each. */
async function gateway(window: BudgetWindow, taken: (background: boolean) => void = nothing): Promise<Gateway> {
  const link = new RedisLink(redis.url, () => undefined);
  await new Promise((resolve) => link.client.once("ready", resolve));
  const counts = new RedisCounts(link);
  undo.push(async () => {
    await counts.close();
    link.client.disconnect();
  });
  await counts.beat();
  const now = () => Date.now() / 1_000;
  const telemetry = {
    ...{ refused: nothing, waiting: nothing, waited: nothing, used: nothing },
    taken: (_provider: string, background: boolean) => taken(background),
  };
  const budgets = new FairBudgets({ counts, windowsOf: () => [window], telemetry, now });
  // Nobody is to lose patience with a machine that is busy.
  return world.gateway({ redisUrl: redis.url, budgets, patience: { silenceMs: 20_000, totalMs: 20_000 } });
}

/** Reads of people whose days nobody knows yet, one after the other in every gateway, until it is over. */
async function readOn(gateways: readonly Gateway[], during: () => Promise<void>): Promise<number> {
  let over = false;
  let reads = 0;
  const reading = gateways.map(async (each) => {
    while (!over) {
      const someone = await world.someone();
      someone.data.fill(daysOf(WEEK));
      const [answer] = await each.ask(someone, question("ACTIVITY", WEEK));
      expect([codes(answer!), answer!.nodes.length]).toEqual([[], 7]);
      reads++;
    }
  });
  const meanwhile = during().finally(() => {
    over = true;
  });
  await Promise.all([meanwhile, ...reading]);
  return reads;
}

test.each<[string, () => Promise<void>]>([
  [
    "is killed and comes back empty",
    async () => {
      const { port } = redis;
      await redis.stop();
      await sleep(1_500);
      redis = await startRedis({ port });
      await sleep(1_500);
    },
  ],
  [
    "falls silent for a while",
    async () => {
      redis.signal("SIGSTOP");
      await sleep(2_000);
      redis.signal("SIGCONT");
      await sleep(1_500);
    },
  ],
  [
    "forgets everything",
    async () => {
      for (let time = 0; time < 10; time++) {
        const link = new RedisLink(redis.url, () => undefined);
        await new Promise((resolve) => link.client.once("ready", resolve));
        await link.client.flushall();
        link.client.disconnect();
        await sleep(200);
      }
    },
  ],
])("no read fails while Redis %s", async (_what, fault) => {
  const window = { requests: 10_000, seconds: 10 };
  const gateways = [await gateway(window), await gateway(window)];
  const reads = await readOn(gateways, async () => {
    await sleep(500);
    await fault();
  });
  expect(reads).toBeGreaterThan(5);
  expect(world.vendor.calls.length).toBe(reads);
});

describe("a pause that the provider asked for", () => {
  const refuse = () => {
    world.vendor.script = () => ({ status: 429, headers: { "retry-after": "60" }, body: "{}" });
  };
  const limited = async (by: Gateway, someone: Someone) =>
    expect(codes((await by.ask(someone, question("ACTIVITY", WEEK)))[0]!)).toEqual(["RATE_LIMITED"]);
  const window = { requests: 10_000, seconds: 10 };

  test("is obeyed by processes that run and by those that come later, though Redis forgets it at once", async () => {
    const [first, second] = [await gateway(window), await gateway(window)];
    const someone = await world.someone();
    // The second hears of rings once it listens.
    await sleep(200);
    refuse();
    await limited(first, someone);
    const link = new RedisLink(redis.url, () => undefined);
    await new Promise((resolve) => link.client.once("ready", resolve));
    await link.client.flushall();
    link.client.disconnect();
    await limited(second, await world.someone());
    await sleep(1_000);
    await limited(await gateway(window), await world.someone());
    expect(world.vendor.calls).toHaveLength(1);
  });

  test("is obeyed by all as soon as Redis is back, where it was away when the provider asked", async () => {
    const [first, second] = [await gateway(window), await gateway(window)];
    const { port } = redis;
    await redis.stop();
    refuse();
    await limited(first, await world.someone());
    redis = await startRedis({ port });
    // Connections are tried again within a second, and Redis is told within half of one.
    await sleep(2_500);
    await limited(second, await world.someone());
    expect(world.vendor.calls).toHaveLength(1);
  });
});

test("what nobody waits for keeps its pace, and is sent at once where somebody comes to wait for it", async () => {
  // One request every second and a half: less than the two seconds for which what nobody waits for stands in line.
  const window = { requests: 40, seconds: 60 };
  const taken: boolean[] = [];
  const [first, second] = [await gateway(window), await gateway(window, (background) => taken.push(background))];
  const wanted = new Map(daysOf(WEEK).map((day) => [day, { checkedSince: 0, settledSuffices: true }]));
  const bring = (someone: Someone) =>
    second.flights.bring(
      {
        account: accountOf(someone),
        configured: { provider: acme, apiUrl: world.vendor.origin },
        ...{ endpoint: ACTIVITY, origin: "BACKFILL" },
      },
      wanted,
    );
  await bring(await world.someone()).outcome;
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const flying = bring(someone).outcome;
  await sleep(300);
  expect(world.vendor.calls).toHaveLength(1);
  const [answer] = await first.ask(someone, question("ACTIVITY", WEEK));
  expect([codes(answer!), answer!.nodes.length]).toEqual([[], 7]);
  expect(await flying).toEqual({ records: 7 });
  expect(world.vendor.calls).toHaveLength(2);
  expect(taken).toEqual([true, false]);
});

test("a budget that is used up is an issue with the time to come back, and no failed read", async () => {
  const window = { requests: 2, seconds: 60 };
  const first = await gateway(window);
  for (let one = 0; one < 2; one++) await first.ask(await world.someone(), question("ACTIVITY", WEEK));
  const someone = await world.someone();
  const [answer] = await first.ask(someone, question("ACTIVITY", WEEK));
  expect(codes(answer!)).toEqual(["RATE_LIMITED"]);
  const { retryAt } = answer!.issues[0]!;
  expect(Math.abs(retryAt! - (Date.now() / 1_000 + 60))).toBeLessThan(3);
  expect(world.vendor.calls).toHaveLength(2);
});
