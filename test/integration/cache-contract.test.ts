import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalBell, LocalPauses } from "../../src/cache/memory";
import { RedisPauses } from "../../src/cache/pauses-redis";
import { RedisBell, RedisCache, RedisLink } from "../../src/cache/redis";
import type { Bell, Cache, CellsKey, Pauses } from "../../src/services/ports/cache";
import { MemoryCache } from "../support/memory-cache";
import { freshRedis } from "../support/services";

interface Ports {
  readonly cache: Cache;
  readonly bell: Bell;
  readonly pauses: Pauses;
  close(): void;
}

const clock = 1_000_000;
const now = () => clock;
const faults: unknown[] = [];

const makers: Record<string, () => Promise<Ports>> = {
  async memory() {
    return { cache: new MemoryCache(), bell: new LocalBell(), pauses: new LocalPauses(), close: () => undefined };
  },
  async Redis() {
    const { url } = await freshRedis();
    const link = new RedisLink(url, (error) => faults.push(error));
    await new Promise((resolve) => link.client.once("ready", resolve));
    const bell = new RedisBell(link, url, (error) => faults.push(error));
    const pauses = new RedisPauses(link, bell, now);
    return {
      cache: new RedisCache(link),
      bell,
      pauses,
      close() {
        pauses.close();
        bell.close();
        link.client.disconnect();
      },
    };
  },
};

describe.each(Object.keys(makers))("cache, bell and pauses: %s", (kind) => {
  let ports: Ports;
  beforeAll(async () => {
    ports = await makers[kind]!();
  });
  afterAll(() => ports.close());

  const key = (over: Partial<CellsKey> = {}): CellsKey => ({
    personId: randomUUID(),
    accountId: randomUUID(),
    metric: "SLEEP",
    ...over,
  });

  test("cells come back by day, in the order asked, null where there is none", async () => {
    const one = key();
    await ports.cache.putCells([
      {
        key: one,
        cells: new Map([
          ["2026-01-01", "a"],
          ["2026-01-03", "c"],
        ]),
      },
    ]);
    const found = await ports.cache.cells([{ key: one, days: ["2026-01-03", "2026-01-02", "2026-01-01"] }]);
    expect(found).toEqual([["c", null, "a"]]);
  });

  test("a later cell replaces the earlier one, and leaves the others of its account", async () => {
    const one = key();
    await ports.cache.putCells([
      {
        key: one,
        cells: new Map([
          ["2026-01-01", "a"],
          ["2026-01-02", "b"],
        ]),
      },
    ]);
    await ports.cache.putCells([{ key: one, cells: new Map([["2026-01-02", "B"]]) }]);
    expect(await ports.cache.cells([{ key: one, days: ["2026-01-01", "2026-01-02"] }])).toEqual([["a", "B"]]);
  });

  test("person, account and metric are told apart; several keys are answered in their order", async () => {
    const one = key();
    const others = [
      key({ accountId: one.accountId }),
      key({ personId: one.personId }),
      { ...one, metric: "HRV" as const },
    ];
    await ports.cache.putCells([{ key: one, cells: new Map([["2026-01-01", "mine"]]) }]);
    const wanted = [...others, one].map((each) => ({ key: each, days: ["2026-01-01"] }));
    expect(await ports.cache.cells(wanted)).toEqual([[null], [null], [null], ["mine"]]);
  });

  test("no keys, no days and no cells are fine", async () => {
    const one = key();
    await ports.cache.putCells([{ key: one, cells: new Map() }]);
    expect(await ports.cache.cells([])).toEqual([]);
    expect(await ports.cache.cells([{ key: one, days: [] }])).toEqual([[]]);
  });

  test("a cell of any text comes back unchanged", async () => {
    const one = key();
    const text = `"\\ \r\n\u0000 🛌 ${"x".repeat(50_000)}`;
    await ports.cache.putCells([{ key: one, cells: new Map([["2026-01-01", text]]) }]);
    expect(await ports.cache.cells([{ key: one, days: ["2026-01-01"] }])).toEqual([[text]]);
  });

  test("values are kept by person and name, and end after their seconds", async () => {
    const person = randomUUID();
    await ports.cache.putValue(person, "state", "v", 1);
    expect(await ports.cache.value(person, "state")).toBe("v");
    expect([await ports.cache.value(person, "other"), await ports.cache.value(randomUUID(), "state")]).toEqual([
      null,
      null,
    ]);
    await sleep(1_050);
    expect(await ports.cache.value(person, "state")).toBeNull();
  });

  test("a ring is heard by every listener of its topic until they stop", async () => {
    const topic = `topic ${randomUUID()}`;
    const heard: string[] = [];
    const stop = ports.bell.listen(topic, (message) => heard.push(`1 ${message}`));
    ports.bell.listen(topic, (message) => heard.push(`2 ${message}`));
    ports.bell.listen("another topic", (message) => heard.push(`3 ${message}`));
    ports.bell.ring(topic, "a b|ü");
    stop();
    ports.bell.ring(topic, "");
    await sleep(50);
    expect(heard).toEqual(["1 a b|ü", "2 a b|ü", "2 "]);
  });

  test("of several keys the longest pause counts; a shorter one does not cut it", async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    expect(await ports.pauses.until([one, other])).toBeNull();
    await ports.pauses.pause(one, clock + 50);
    await ports.pauses.pause(other, clock + 80.5);
    await ports.pauses.pause(other, clock + 20);
    expect(await ports.pauses.until([one])).toBe(clock + 50);
    expect(await ports.pauses.until([one, other])).toBe(clock + 80.5);
  });
});

describe("two processes on one Redis", () => {
  let url: string;
  const links: RedisLink[] = [];
  beforeAll(async () => {
    ({ url } = await freshRedis());
  });
  afterAll(() => {
    for (const link of links) link.client.disconnect();
  });
  async function link(): Promise<RedisLink> {
    const made = new RedisLink(url, (error) => faults.push(error));
    links.push(made);
    await new Promise((resolve) => made.client.once("ready", resolve));
    return made;
  }

  test("rings cross, not twice to the ringer; what others say on the channel does no harm", async () => {
    const [first, second] = [await link(), await link()];
    const bells = [
      new RedisBell(first, url, (error) => faults.push(error)),
      new RedisBell(second, url, (error) => faults.push(error)),
    ];
    await sleep(100);
    const heard: string[][] = [[], []];
    for (const [index, bell] of bells.entries()) bell.listen("t", (message) => heard[index]!.push(message));
    for (const junk of ["", "{", "null", "a b", "a\nt"]) await first.client.publish("gateway:bell", junk);
    bells[0]!.ring("t", "hello there");
    await sleep(100);
    expect(heard).toEqual([["hello there"], ["hello there"]]);
    for (const bell of bells) bell.close();
  });

  test("a busy process does not take its own delay for Redis's", async () => {
    const told: unknown[] = [];
    const busy = new RedisLink(url, (error) => told.push(error));
    links.push(busy);
    await new Promise((resolve) => busy.client.once("ready", resolve));
    const cache = new RedisCache(busy);
    const person = randomUUID();
    await cache.putValue(person, "n", "v", 10);
    for (let index = 0; index < 5; index++) {
      const reading = cache.value(person, "n");
      for (const begun = performance.now(); performance.now() - begun < 150; );
      expect(await reading).toBe("v");
    }
    expect(told).toEqual([]);
  });

  test("a cache that cannot be reached answers misses at once and says so once in a while", async () => {
    const told: unknown[] = [];
    const dead = new RedisLink("redis://127.0.0.1:1", (error) => told.push(error));
    links.push(dead);
    const cache = new RedisCache(dead);
    const started = performance.now();
    for (let index = 0; index < 100; index++) {
      await cache.putValue("p", "n", "v", 10);
      expect(await cache.value("p", "n")).toBeNull();
    }
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await dead.reachable()).toBe(false);
    await sleep(1_000);
    expect(told.length).toBeGreaterThanOrEqual(1);
    expect(told.length).toBeLessThan(5);
  });
});
