import { setTimeout as sleep } from "node:timers/promises";
import { daysOf } from "../../src/domain/days";
import type { CellsKey } from "../../src/services/ports/cache";
import { writeCell } from "../../src/services/reading/cells";
import { around, codes, type Gateway, question, type Someone, TODAY, told, World } from "../support/reading-world";
import { type FreshRedis, freshRedis } from "../support/services";

let world: World;
let redis: FreshRedis;
beforeAll(async () => {
  [world, redis] = await Promise.all([World.create(), freshRedis()]);
});
afterEach(() => world.reset());
afterAll(() => world.close());

const DAY = around(0, 0);

function keyOf(someone: Someone): CellsKey {
  return { personId: someone.person.id, accountId: someone.accountId, metric: "ACTIVITY" };
}

/** A cell with a value that nobody has, which claims to be checked just now. */
function planted(of: Record<"personId" | "accountId" | "version" | "build", string>): string {
  const known = { settled: false, checkedAt: Date.now() / 1_000 };
  const value = {
    metric: "ACTIVITY",
    day: TODAY,
    fetchedAt: 1,
    completeness: "FINAL",
    score: null,
    contributors: [],
    steps: 666,
  };
  const days = [{ provider: "acme", value: value as never }];
  return writeCell({ days, known, unread: false, unreachable: false }, of);
}

/** What a gateway that holds nothing answers where a cell was planted in Redis. */
async function plantedAnswer(gateway: Gateway, someone: Someone, cell: string): Promise<unknown> {
  await gateway.cache.putCells([{ key: keyOf(someone), cells: new Map([[TODAY, cell]]) }]);
  const fresh = await world.gateway({ redisUrl: redis.url });
  const [answer] = await fresh.ask(someone, question("ACTIVITY", DAY));
  await fresh.reads.drained();
  return told(answer!)[TODAY];
}

test("a cell of another person, account, version or build is never believed", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(DAY));
  const gateway = await world.gateway({ redisUrl: redis.url });
  await gateway.ask(someone, question("ACTIVITY", DAY));
  const right = {
    personId: someone.person.id,
    accountId: someone.accountId,
    version: String(await world.version(someone)),
    build: "test-build",
  };
  // Else the others would prove nothing: a cell of this owner, version and build is believed.
  expect(await plantedAnswer(gateway, someone, planted(right))).toBe(666);
  const other = await world.someone();
  const wrong = [
    planted({ ...right, personId: other.person.id }),
    planted({ ...right, accountId: other.accountId }),
    planted({ ...right, version: "1" }),
    planted({ ...right, version: "999" }),
    planted({ ...right, build: "another-build" }),
  ];
  for (const cell of wrong) expect(await plantedAnswer(gateway, someone, cell)).toBe(1);
  for (const damage of ["", "{", "null", "[]", '"x"', "[1,2,3,4,5]"]) {
    expect(await plantedAnswer(gateway, someone, damage)).toBe(1);
  }
});

test("a person's state in the cache is believed only under its owner, version and build", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(DAY));
  const gateway = await world.gateway({ redisUrl: redis.url });
  await gateway.ask(someone, question("ACTIVITY", DAY));
  /** What a gateway that holds nothing answers where a state was planted in Redis. */
  const planted = async (state: string) => {
    await gateway.cache.putValue(someone.person.id, "state", state, 60);
    const fresh = await world.gateway({ redisUrl: redis.url });
    const [answer] = await fresh.ask(someone, question("ACTIVITY", DAY));
    await fresh.reads.drained();
    return told(answer!);
  };
  const nobody = { accounts: [], offsetMinutes: 0, preferences: {} };
  const version = String(await world.version(someone));
  const { id } = someone.person;
  const states = [
    [id, "other-build", { version, state: nobody }],
    [id, "test-build", { version: "1", state: nobody }],
    ["x", "test-build", { version, state: nobody }],
    "{",
  ];
  for (const state of states) {
    expect(await planted(typeof state === "string" ? state : JSON.stringify(state))).toEqual({ [TODAY]: 1 });
  }
  expect(await planted(JSON.stringify([id, "test-build", { version, state: nobody }]))).toEqual({});
});

test("gateways of two builds on one cache answer each by its own cells", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(DAY));
  const [old, young] = [
    await world.gateway({ redisUrl: redis.url }),
    await world.gateway({ redisUrl: redis.url, build: "next-build" }),
  ];
  await old.ask(someone, question("ACTIVITY", DAY));
  const [answer] = await young.ask(someone, question("ACTIVITY", DAY));
  expect([told(answer!), codes(answer!), world.vendor.calls.length]).toEqual([{ [TODAY]: 1 }, [], 1]);
});

test.each([
  { kind: "pub/sub", redisUrl: () => redis.url, withinMs: 300 },
  { kind: "nothing between them", redisUrl: () => undefined, withinMs: 1_100 },
])("a commit in one gateway is visible in the other within $withinMs ms, by $kind", async ({ redisUrl, withinMs }) => {
  const url = redisUrl();
  const someone = await world.someone();
  someone.data.fill(daysOf(DAY));
  const options = url === undefined ? {} : { redisUrl: url };
  const [first, second] = [await world.gateway(options), await world.gateway(options)];
  await sleep(50);
  await first.ask(someone, question("ACTIVITY", DAY));
  for (let value = 100; value < 103; value++) {
    await second.ask(someone, question("ACTIVITY", DAY));
    someone.data.put("activity", { id: `activity-${TODAY}`, day: TODAY, value });
    await first.ask(someone, question("ACTIVITY", DAY, { maxAgeSeconds: 0 }));
    const committed = performance.now();
    for (;;) {
      const [answer] = await second.ask(someone, question("ACTIVITY", DAY));
      if (told(answer!)[TODAY] === value) break;
      expect(performance.now() - committed).toBeLessThan(withinMs);
      await sleep(10);
    }
  }
});

test.each(["memory", "Redis"])("an answer does not wait for its cells: they come after it (%s)", async (kind) => {
  const someone = await world.someone();
  someone.data.fill(daysOf(DAY));
  const gateway = await world.gateway(kind === "Redis" ? { redisUrl: redis.url } : {});
  const cells = async () => (await gateway.cache.cells([{ key: keyOf(someone), days: [TODAY] }]))[0]?.[0] ?? null;
  const put = jest.spyOn(gateway.cache, "putCells");
  const read = gateway.reads.read(someone.person.id, [question("ACTIVITY", DAY)]).then((answers) => {
    // What was known before the provider was asked may be on its way; what was answered is not.
    return [answers, put.mock.calls.flat(2).flatMap((entry) => [...entry.cells])] as const;
  });
  const [answers, writtenBefore] = await read;
  expect(codes(answers[0]!)).toEqual([]);
  expect(writtenBefore).toEqual([]);
  expect(await gateway.reads.read(someone.person.id, [question("ACTIVITY", DAY)])).toEqual(answers);
  await gateway.reads.drained();
  expect(await cells()).not.toBeNull();
});
