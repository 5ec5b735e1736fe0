import fc from "fast-check";
import { LocalCount } from "../../src/cache/budget-memory";
import { RedisCounts } from "../../src/cache/budget-redis";
import { RedisLink } from "../../src/cache/redis";
import { type BudgetWindow, limitsOf } from "../../src/domain/budgets";
import { type FreshRedis, freshRedis } from "../support/services";

const T0 = 1_790_000_000_000;

let redis: FreshRedis;
const links: RedisLink[] = [];
const open: RedisCounts[] = [];
beforeAll(async () => {
  redis = await freshRedis();
});
afterAll(async () => {
  for (const counts of open) await counts.close();
  for (const link of links) link.client.disconnect();
});

/** Never gives Redis up: this is about what it decides, on a machine that may be busy. */
class PatientLink extends RedisLink {
  override attempt<T>(work: (client: RedisLink["client"]) => Promise<T>): Promise<T> {
    return work(this.client);
  }
}

async function linked(): Promise<RedisLink> {
  const link = new PatientLink(redis.url, () => undefined);
  links.push(link);
  await new Promise((resolve) => link.client.once("ready", resolve));
  return link;
}

async function counts(nowMs?: () => number): Promise<RedisCounts> {
  const made = new RedisCounts(await linked(), undefined, nowMs ?? null);
  open.push(made);
  return made;
}

const windowsArbitrary = fc.uniqueArray(
  fc.record({ requests: fc.integer({ min: 1, max: 120 }), seconds: fc.constantFrom(1, 2, 7, 10, 60) }),
  { minLength: 1, maxLength: 2, selector: ({ seconds }) => seconds },
);
const wish = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 5_000 })),
  burst: fc.integer({ min: 1, max: 20 }),
  account: fc.constantFrom("a", "b", "c", null),
  background: fc.boolean(),
});

describe("the shared count", () => {
  test("decides as the count of one process does, wait for wait, over several processes", async () => {
    let now = T0;
    const processes = await Promise.all([counts(() => now), counts(() => now), counts(() => now)]);
    let provider = 0;
    await fc.assert(
      fc.asyncProperty(windowsArbitrary, fc.array(wish, { maxLength: 40 }), async (windows, wishes) => {
        const model = new LocalCount();
        const limits = windows.map((window: BudgetWindow) => limitsOf(window));
        const name = `provider${provider++}`;
        let turn = 0;
        for (const { afterMs, burst, account, background } of wishes) {
          now += afterMs;
          for (let one = 0; one < burst; one++) {
            const asked = { accountId: account, background };
            const decision = await processes[turn++ % 3]!.take(name, windows, asked);
            expect(decision).toEqual(model.take(limits, asked, now));
          }
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test("counts each request once after Redis has forgotten them, whoever brings them in and whatever was taken meanwhile", async () => {
    let now = T0;
    const processes = await Promise.all([counts(() => now), counts(() => now), counts(() => now)]);
    const takes = fc.array(
      fc.record({
        process: fc.integer({ min: 0, max: 2 }),
        burst: fc.integer({ min: 1, max: 3 }),
        thenMs: fc.constantFrom(0, 0, 7, 30),
      }),
      { maxLength: 8 },
    );
    const window: BudgetWindow = { requests: 100, seconds: 30 };
    const look = async () => {
      for (const each of processes) await each.beat();
    };
    await fc.assert(
      fc.asyncProperty(fc.array(takes, { minLength: 2, maxLength: 4 }), fc.boolean(), async (lives, looked) => {
        now += 60_000;
        let taken = 0;
        const take = async (process: number) => {
          const { granted } = await processes[process]!.take("forgetful", [window], {
            accountId: null,
            background: false,
          });
          if (granted) taken++;
          return granted;
        };
        for (const [life, wishes] of lives.entries()) {
          if (looked) await look();
          if (life > 0) await links[0]!.client.flushall();
          for (const { process, burst, thenMs } of wishes) {
            for (let one = 0; one < burst; one++) await take(process);
            now += thenMs;
          }
        }
        await look();
        now += 2_100;
        for (const process of processes.keys()) while (await take(process));
        // What others took since the last look may count again at a later time, never less.
        expect(taken).toBeLessThanOrEqual(window.requests);
        expect(taken).toBeGreaterThanOrEqual(looked ? window.requests : window.requests / 2);
      }),
      { numRuns: 40, interruptAfterTimeLimit: 30_000 },
    );
  }, 120_000);
});
