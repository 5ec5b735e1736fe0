import { setTimeout as sleep } from "node:timers/promises";
import { RedisCounts } from "../../src/cache/budget-redis";
import { RedisLink } from "../../src/cache/redis";
import { type BudgetWindow, limitsOf } from "../../src/domain/budgets";
import { awake } from "../support/awake";
import { startRedis, type ThrowawayRedis } from "../support/redis-server";

const PROCESSES = 4;
const WINDOW: BudgetWindow = { requests: 400, seconds: 4 };

/** Four gateways' counts on a Redis of their own, and everything that they were granted. */
class Gateways {
  /** Each was decided on after `asked` and before `at`, in milliseconds. */
  readonly grants: { readonly asked: number; readonly at: number; readonly process: number }[] = [];
  private stopped = false;
  private constructor(
    public redis: ThrowawayRedis,
    private readonly links: readonly RedisLink[],
    readonly counts: readonly RedisCounts[],
  ) {}

  static async start(): Promise<Gateways> {
    const redis = await startRedis();
    const links = Array.from({ length: PROCESSES }, () => new RedisLink(redis.url, () => undefined));
    await Promise.all(links.map((link) => new Promise((resolve) => link.client.once("ready", resolve))));
    const counts = links.map((link) => new RedisCounts(link));
    for (const round of [1, 2]) for (const each of counts) await each.beat().then(() => round);
    return new Gateways(redis, links, counts);
  }

  /** Every process wants as much as there is while something goes on; the interactive and the background by turns. */
  async want(during: Promise<void>, eachMs = 2): Promise<void> {
    let over = false;
    const end = during.finally(() => {
      over = true;
    });
    await Promise.all([
      end,
      ...this.counts.map(async (counts, process) => {
        for (let turn = 0; !over && !this.stopped; turn++) {
          const wish = { accountId: `account ${process} ${turn % 50}`, background: turn % 2 === 0 };
          const asked = performance.now();
          const decision = await counts.take("acme", [WINDOW], wish);
          if (decision.granted) this.grants.push({ asked, at: performance.now(), process });
          await sleep(eachMs);
        }
      }),
    ]);
  }

  /** The most grants that were certainly decided on within one stretch as long as the window, however slow this machine is. */
  most(): number {
    const counts = this.grants.map(({ asked: start }) => {
      const end = start + WINDOW.seconds * 1_000;
      return this.grants.filter(({ asked, at }) => asked >= start && at <= end).length;
    });
    return Math.max(...counts);
  }

  since(at: number): number {
    return this.grants.filter((grant) => grant.at >= at).length;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.counts.map((counts) => counts.close()));
    for (const link of this.links) link.client.disconnect();
    await this.redis.stop();
  }
}

let gateways: Gateways;
beforeEach(async () => {
  gateways = await Gateways.start();
});
afterEach(() => gateways.stop());

test("four processes together never take more than the window allows, and all that it allows", async () => {
  const begun = performance.now();
  await gateways.want(awake(6_500));
  expect(gateways.most()).toBeLessThanOrEqual(WINDOW.requests);
  expect(gateways.since(begun)).toBeGreaterThan(1.5 * WINDOW.requests * 0.9);
  // Each had its part of the work.
  for (let process = 0; process < PROCESSES; process++) {
    expect(gateways.grants.filter((grant) => grant.process === process).length).toBeGreaterThan(50);
  }
});

test("a Redis that forgets everything, again and again, is told what was taken", async () => {
  const forgetting = async () => {
    for (const pause of [1_500, 1_500, 2_000]) {
      await awake(pause);
      await flush(gateways.redis);
    }
    await awake(2_000);
  };
  await gateways.want(forgetting());
  expect(gateways.most()).toBeLessThanOrEqual(WINDOW.requests);
  expect(gateways.grants.length).toBeGreaterThan(1.5 * WINDOW.requests * 0.85);
});

test("while Redis is silent each takes its part of what was left; what they took counts when it answers again", async () => {
  let meanwhile = 0;
  const outage = async () => {
    await awake(1_500);
    const frozenAt = performance.now();
    gateways.redis.signal("SIGSTOP");
    await awake(4_000);
    meanwhile = gateways.since(frozenAt);
    gateways.redis.signal("SIGCONT");
    await awake(4_000);
  };
  await gateways.want(outage());
  expect(meanwhile).toBeGreaterThan(100);
  expect(gateways.most()).toBeLessThanOrEqual(WINDOW.requests);
});

test("a Redis that dies and comes back empty changes nothing about the limit", async () => {
  const taken = { meanwhile: 0, afterwards: 0 };
  const outage = async () => {
    await awake(1_500);
    const { port } = gateways.redis;
    await gateways.redis.stop();
    const goneAt = performance.now();
    await awake(4_000);
    taken.meanwhile = gateways.since(goneAt);
    gateways.redis = await startRedis({ port });
    const backAt = performance.now();
    await awake(4_000);
    taken.afterwards = gateways.since(backAt);
  };
  await gateways.want(outage());
  expect(taken.meanwhile).toBeGreaterThan(100);
  expect(taken.afterwards).toBeGreaterThan(100);
  expect(gateways.most()).toBeLessThanOrEqual(WINDOW.requests);
});

test("from a standstill an outage leaves each process its part at once", async () => {
  await gateways.redis.stop();
  await awake(300);
  const begun = performance.now();
  await gateways.want(awake(1_500), 1);
  const part = limitsOf(WINDOW, PROCESSES).limit;
  expect(gateways.most()).toBeLessThanOrEqual(PROCESSES * part);
  expect(gateways.since(begun)).toBeGreaterThan(PROCESSES * part * 0.8);
});

async function flush(redis: ThrowawayRedis): Promise<void> {
  const link = new RedisLink(redis.url, () => undefined);
  await new Promise((resolve) => link.client.once("ready", resolve));
  await link.client.flushall();
  link.client.disconnect();
}
