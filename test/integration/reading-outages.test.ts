import { setTimeout as sleep } from "node:timers/promises";
import Redis from "ioredis";
import { daysOf } from "../../src/domain/days";
import { startProxy, type TcpProxy } from "../support/reading-proxy";
import { allMetrics, around, codes, question, told, World } from "../support/reading-world";
import { startRedis, type ThrowawayRedis } from "../support/redis-server";

let world: World;
let proxy: TcpProxy;
let redis: ThrowawayRedis;
beforeAll(async () => {
  world = await World.create();
  [proxy, redis] = await Promise.all([startProxy(world.at.fresh.url), startRedis()]);
});
afterEach(async () => {
  proxy.restore();
  await world.reset();
});
afterAll(async () => {
  await world.close();
  await Promise.all([proxy.close(), redis.stop()]);
});

const WEEK = around(-6, 0);
const VALUES = [1, 2, 3, 4, 5, 6, 7];

test.each(["SIGKILL", "SIGSTOP", "flush"])(
  "Redis and %s during reads: no failed read, right answers, no further provider call",
  async (fault) => {
    const own = await startRedis();
    const someone = await world.someone();
    someone.data.fill(daysOf(WEEK));
    const gateways = [await world.gateway({ redisUrl: own.url }), await world.gateway({ redisUrl: own.url })];
    const times: number[] = [];
    const read = async (index: number) => {
      const started = performance.now();
      const answers = await gateways[index % 2]!.ask(someone, ...allMetrics(WEEK));
      times.push(performance.now() - started);
      return answers.map((answer) => [Object.values(told(answer)), codes(answer)]);
    };
    const right = Array(4).fill([VALUES, []]);
    await read(0);
    try {
      for (let index = 0; index < 60; index++) {
        if (index === 20 && fault === "flush") await gateways[0]!.cache.putValue(someone.person.id, "x", "y", 1);
        if (index === 20 && fault !== "flush") own.signal(fault as "SIGKILL" | "SIGSTOP");
        if (index % 10 === 5 && fault === "flush") await flush(own.url);
        expect(await read(index)).toEqual(right);
      }
      const slowest = Math.max(...times.slice(21)).toFixed(0);
      console.log(`Redis ${fault}: 60 reads, 0 failed, slowest after the fault ${slowest} ms`);
      expect(world.vendor.counts()).toEqual({ daily_score: 1, sleep: 1, readiness: 1, activity: 1 });
      const cold = await world.someone();
      cold.data.fill(daysOf(WEEK));
      const answers = await Promise.all(gateways.map((gateway) => gateway.ask(cold, question("ACTIVITY", WEEK))));
      expect(answers.map(([answer]) => Object.values(told(answer!)))).toEqual([VALUES, VALUES]);
      expect(world.vendor.counts()).toMatchObject({ activity: 2 });
    } finally {
      await own.stop();
    }
  },
);

async function flush(url: string): Promise<void> {
  const client = new Redis(url);
  await client.flushall();
  client.disconnect();
}

test("Redis comes back: the cache is used again within 2 s", async () => {
  const own = await startRedis();
  const someone = await world.someone();
  const gateway = await world.gateway({ redisUrl: own.url });
  await own.stop();
  await gateway.ask(someone, question("ACTIVITY", WEEK));
  const back = await startRedis({ port: own.port });
  try {
    const deadline = performance.now() + 2_000;
    let found: string | null = null;
    while (found === null && performance.now() < deadline) {
      await gateway.cache.putValue(someone.person.id, "probe", "here", 60);
      found = await gateway.cache.value(someone.person.id, "probe");
      if (found === null) await sleep(50);
    }
    expect(found).toBe("here");
  } finally {
    await back.stop();
  }
});

test.each(["memory", "Redis"])(
  "PostgreSQL refuses connections: cached days are answered as stale, others degrade, and it heals (%s)",
  async (kind) => {
    const someone = await world.someone();
    someone.data.fill(daysOf(WEEK));
    const gateway = await world.gateway({
      databaseUrl: proxy.url,
      ...(kind === "Redis" ? { redisUrl: redis.url } : {}),
    });
    await gateway.ask(someone, question("ACTIVITY", WEEK));
    proxy.refuse();
    await sleep(1_050);
    const started = performance.now();
    const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
    expect([codes(answer!), Object.values(told(answer!))]).toEqual([["STALE_DATA"], VALUES]);
    const lacking = gateway.ask(someone, question("READINESS", WEEK));
    await expect(lacking).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
    const stranger = gateway.ask(await world.someone(), question("ACTIVITY", WEEK));
    await expect(stranger).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
    expect(performance.now() - started).toBeLessThan(3_000);
    proxy.restore();
    const [healed] = await gateway.ask(someone, question("READINESS", WEEK));
    expect([codes(healed!), Object.values(told(healed!))]).toEqual([[], VALUES]);
  },
);

test("a wearable is linked while PostgreSQL is away: who had none is not told that there is nothing", async () => {
  const someone = await world.someone();
  const setStatus = (status: string) =>
    world.change(someone, "UPDATE accounts SET status = $2 WHERE person_id = $1", [someone.person.id, status]);
  await setStatus("DISCONNECTED");
  const gateway = await world.gateway({ databaseUrl: proxy.url });
  const [nothing] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect([told(nothing!), codes(nothing!)]).toEqual([{}, []]);
  proxy.refuse();
  await setStatus("ACTIVE");
  await sleep(1_050);
  await expect(gateway.ask(someone, question("ACTIVITY", WEEK))).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
  const [named] = await gateway.ask(someone, question("ACTIVITY", WEEK, { providers: ["acme"] }));
  expect([new Set(Object.values(told(named!))), codes(named!)]).toEqual([new Set(["NOT_CONNECTED"]), ["STALE_DATA"]]);
});

test("PostgreSQL goes away just before the answer is committed: the days are not called known", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway({ databaseUrl: proxy.url });
  world.vendor.script = () => {
    proxy.refuse();
    return { afterMs: 50 };
  };
  await expect(gateway.ask(someone, question("ACTIVITY", WEEK))).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
  proxy.restore();
  world.vendor.script = () => undefined;
  await world.rows("UPDATE flights SET expires_at = now() - interval '1 second'");
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect([Object.values(told(answer!)), world.vendor.calls.length]).toEqual([VALUES, 2]);
});
