import { webhookSubscriptions } from "../../providers/oura/subscriptions";
import type { Budgets } from "../../src/services/ports/budgets";
import { VerificationTokens } from "../../src/services/subscriptions/verification";
import { SubscriptionsWorld } from "../support/subscriptions-world";

const WANTED = webhookSubscriptions.wanted;
const ALL = WANTED.length;
const TAG_CREATE = { dataType: "tag", eventType: "create" };
const BUT_TAGS = WANTED.filter(({ dataType, eventType }) => `${dataType} ${eventType}` !== "tag create");
const SLEEP_UPDATE = { dataType: "sleep", eventType: "update" };

let world: SubscriptionsWorld;
beforeAll(async () => {
  world = await SubscriptionsWorld.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const topics = (list: readonly { dataType: string; eventType: string }[]) =>
  list.map(({ dataType, eventType }) => `${dataType} ${eventType}`).sort();
const held = () => world.simulator.subscriptions.active();

describe("what is there already", () => {
  test.each([
    ["another program", () => `${world.base()}/elsewhere`],
    ["another deployment of the gateway", () => `${world.base("127.0.0.1")}/webhooks/oura`],
  ])("what %s made with the same credentials is counted, shown and left alone", async (_whose, address) => {
    expect((await world.make(SLEEP_UPDATE, address())).status).toBe(201);
    expect((await world.make(TAG_CREATE, address())).status).toBe(201);
    const foreign = held();
    const process = world.keeper({ wanted: BUT_TAGS });
    await process.keep();
    await process.keep();
    expect(held()).toEqual(expect.arrayContaining([...foreign]));
    expect(held()).toHaveLength(ALL);
    expect(await world.store.foreignCounts()).toEqual(new Map([["oura", 2]]));
    expect((await world.shown(process)).filter(({ state }) => state !== "ACTIVE")).toMatchObject([
      { ...SLEEP_UPDATE, state: "FAILED", lastError: "TAKEN" },
    ]);
    const listed = await process.keeper.listed(process.managed);
    expect(listed.filter(({ ours }) => !ours).map(({ id }) => id)).toEqual(foreign.map(({ id }) => id));
    expect(world.calls()).not.toHaveProperty("DELETE 204");
    expect(await process.keeper.remove(process.managed)).toBe(ALL - 2);
    expect(held()).toEqual(foreign);
  });

  test("an operator ends what delivers to an address; then the topic is taken over", async () => {
    const elsewhere = `${world.base()}/elsewhere`;
    await world.make(SLEEP_UPDATE, elsewhere);
    const process = world.keeper();
    await process.keep();
    expect(await process.keeper.remove(process.managed, elsewhere)).toBe(1);
    expect(held()).toHaveLength(ALL - 1);
    await process.keep();
    expect((await world.shown(process)).every(({ state }) => state === "ACTIVE")).toBe(true);
    expect(await world.store.foreignCounts()).toEqual(new Map([["oura", 0]]));
  });

  test("one that is missing is made, the others stay as they are", async () => {
    const process = world.keeper();
    await process.keep();
    const [gone, ...rest] = held();
    world.simulator.subscriptions.cancel(gone?.id ?? "");
    world.simulator.resetCalls();
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": 1 });
    expect(held()).toHaveLength(ALL);
    expect(held()).toEqual(expect.arrayContaining(rest));
  });

  test("ours that are not wanted any more are ended", async () => {
    await world.keeper().keep();
    world.simulator.resetCalls();
    await world.keeper({ base: world.base("127.0.0.1"), wanted: BUT_TAGS }).keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "PUT 200": ALL - 1, "DELETE 204": 1 });
    expect(topics(held())).toEqual(topics(BUT_TAGS));
    expect(topics(await world.store.list())).toEqual(topics(BUT_TAGS));
  });

  test("one that the list did not show yet is taken for made", async () => {
    const process = world.keeper();
    await process.keep();
    world.simulator.resetCalls();
    world.simulator.faults.add({ effect: "set", pointer: "", value: [], kind: "subscription", times: 1 });
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1 + ALL, "POST 409": ALL });
    expect((await world.shown(process)).every(({ state }) => state === "ACTIVE")).toBe(true);
  });

  test("removing ends ours at the vendor, and only ours", async () => {
    await world.keeper().keep();
    const off = world.keeper({ base: null });
    expect(await off.keeper.remove(off.managed)).toBe(ALL);
    expect(held()).toEqual([]);
    expect((await world.store.list()).map(({ state, vendorId }) => [state, vendorId])).toEqual(
      WANTED.map(() => ["MISSING", null]),
    );
    expect(await off.keeper.remove(off.managed)).toBe(0);
  });
});

describe("a vendor that does not do what is asked", () => {
  test("down: tried again as the job is, what is known stays, and it ends well", async () => {
    const process = world.keeper();
    const down = world.simulator.faults.add({ effect: "server_error", status: 503, kind: "subscription" });
    await expect(process.keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect(world.calls()).toEqual({ "GET 503": 1 });
    expect(new Set((await world.shown(process)).map(({ state, lastError }) => `${state} ${lastError}`))).toEqual(
      new Set(["MISSING UNAVAILABLE"]),
    );
    world.simulator.faults.remove(down);
    await process.keep();
    expect((await world.shown(process)).every(({ state, lastError }) => state === "ACTIVE" && !lastError)).toBe(true);
    world.simulator.faults.add({ effect: "server_error", status: 503, kind: "subscription" });
    await expect(process.keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect((await world.shown(process))[0]).toMatchObject({ state: "ACTIVE", lastError: "UNAVAILABLE" });
  });

  test.each([
    ["once", 1],
    ["twice in a row", 2],
  ])("out of order %s: the other subscriptions are made, the rest the next time", async (_name, times) => {
    world.simulator.faults.add({ effect: "server_error", status: 500, kind: "subscription", skip: 3, times });
    const process = world.keeper();
    await expect(process.keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": ALL - times, "POST 500": times });
    world.simulator.resetCalls();
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": times });
    expect((await world.shown(process)).every(({ state, lastError }) => state === "ACTIVE" && !lastError)).toBe(true);
  });

  test("refused for some types of data: the others are made, and those are asked for again the next time, which need not be soon", async () => {
    world.simulator.faults.add({ effect: "answer", status: 422, kind: "subscription", skip: 3, times: 20 });
    const process = world.keeper();
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": ALL - 20, "POST 422": 20 });
    expect((await world.shown(process)).filter(({ lastError }) => lastError === "REJECTED")).toHaveLength(20);
    world.simulator.faults.add({ effect: "answer", status: 422, kind: "subscription", skip: 1, times: 20 });
    world.simulator.resetCalls();
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 422": 20 });
  });

  test("down in the middle: not asked for every one", async () => {
    world.simulator.faults.add({ effect: "server_error", status: 500, kind: "subscription", skip: 3 });
    const process = world.keeper();
    await expect(process.keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": 2, "POST 500": 3 });
    const shown = await world.shown(process);
    expect(shown.filter(({ state }) => state === "ACTIVE")).toHaveLength(2);
    expect(shown.filter(({ lastError }) => lastError === "UNAVAILABLE")).toHaveLength(ALL - 2);
  });

  test("429: the job is put off until the vendor's time, and nothing is asked before it", async () => {
    const process = world.keeper();
    world.simulator.faults.add({ effect: "rate_limited", retryAfter: "17", kind: "subscription", skip: 4, times: 1 });
    const until = world.now + 17;
    await expect(process.keep()).rejects.toMatchObject({ name: "Postponed", until });
    world.simulator.resetCalls();
    await expect(process.keep()).rejects.toMatchObject({ name: "Postponed", until });
    expect(world.calls()).toEqual({});
    expect((await world.shown(process)).filter(({ lastError }) => lastError === "RATE_LIMITED")).toHaveLength(ALL);
    world.now = until;
    await process.keep();
    expect(held()).toHaveLength(ALL);
  });

  test("a budget that is used up: the job is put off, every call having taken its turn", async () => {
    const turns: unknown[] = [];
    const retryAt = world.now + 40;
    const take: Budgets["take"] = async (...turn) => {
      turns.push(turn);
      return turns.length <= 3 ? { granted: true } : { granted: false, retryAt };
    };
    await expect(world.keeper({ budgets: { take } }).keep()).rejects.toMatchObject({
      name: "Postponed",
      until: retryAt,
    });
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": 2 });
    expect(turns).toEqual(Array.from({ length: 4 }, () => ["oura", { accountId: null, background: true }]));
  });

  test("credentials refused: one call, and it is shown", async () => {
    const process = world.keeper({ clientSecret: "another" });
    await expect(process.keep()).rejects.toMatchObject({ kind: "UNAUTHORIZED" });
    expect(world.calls()).toEqual({ "GET 401": 1 });
    expect((await world.shown(process))[0]).toMatchObject({ state: "MISSING", lastError: "UNAUTHORIZED" });
  });

  test("an answer that is not as documented is not trusted", async () => {
    world.simulator.faults.add({
      effect: "set",
      pointer: "/0",
      value: { id: 7 },
      kind: "subscription",
      skip: 1 + ALL,
      times: 1,
    });
    const process = world.keeper();
    await process.keep();
    await expect(process.keep()).rejects.toMatchObject({ kind: "INVALID_RESPONSE" });
    expect(held()).toHaveLength(ALL);
  });

  test("a callback that does not know the token is refused, and shown as failed until it does", async () => {
    const stranger = world.keeper({ tokens: new VerificationTokens([{ key: Buffer.alloc(32, 7) }]) });
    await expect(stranger.keep()).rejects.toMatchObject({ kind: "REJECTED" });
    expect(held()).toEqual([]);
    expect(new Set((await world.shown(stranger)).map(({ state, lastError }) => `${state} ${lastError}`))).toEqual(
      new Set(["FAILED REJECTED"]),
    );
    const process = world.keeper();
    await process.keep();
    expect((await world.shown(process)).every(({ state, lastError }) => state === "ACTIVE" && !lastError)).toBe(true);
  });
});
