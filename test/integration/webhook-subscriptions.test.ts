import { webhookSubscriptions } from "../../providers/oura/subscriptions";
import { SubscriptionsWorld } from "../support/subscriptions-world";

const DAY = 86_400;
const WANTED = webhookSubscriptions.wanted;
const ALL = WANTED.length;

let world: SubscriptionsWorld;
beforeAll(async () => {
  world = await SubscriptionsWorld.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const topics = (list: readonly { dataType: string; eventType: string }[]) =>
  list.map(({ dataType, eventType }) => `${dataType} ${eventType}`).sort();
const held = () => world.simulator.subscriptions.active();

test("from nothing to every wanted subscription, after a handshake each; the next time only a look", async () => {
  const process = world.keeper();
  await process.keep();
  expect(topics(held())).toEqual(topics(WANTED));
  expect(ALL).toBe(51);
  expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": ALL });
  const shown = await world.shown(process);
  expect(topics(shown)).toEqual(topics(WANTED));
  for (const one of shown) {
    const vendor = held().find(({ id }) => id === one.vendorId);
    const { callbackUrl, expiresAt } = vendor ?? {};
    expect(one).toMatchObject({ state: "ACTIVE", lastError: null, callbackUrl, expiresAt });
    expect(one.callbackUrl).toBe(`${world.base()}/webhooks/oura`);
    expect(one.checkedAt).toBeGreaterThan(world.now - 60);
  }
  world.simulator.resetCalls();
  await process.keep();
  expect(world.calls()).toEqual({ "GET 200": 1 });
});

test("over HTTP the right token has its challenge repeated as JSON, never as a page", async () => {
  const challenge = "<script>alert(1)</script>";
  const query = new URLSearchParams({ verification_token: world.tokens.current("oura"), challenge });
  const answer = await fetch(`${world.base()}/webhooks/oura?${query}`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
  expect(await answer.json()).toEqual({ challenge });
  query.set("verification_token", "wrong");
  expect((await fetch(`${world.base()}/webhooks/oura?${query}`)).status).toBe(401);
});

test("without an address to deliver to nothing is asked, and every one is shown as off", async () => {
  const process = world.keeper({ base: null });
  await process.keep();
  expect(world.calls()).toEqual({});
  expect((await world.shown(process)).map(({ state }) => state)).toEqual(WANTED.map(() => "OFF"));
});

test("turned off later, what the vendor holds stays, and is shown with its end", async () => {
  await world.keeper().keep();
  const off = world.keeper({ base: null });
  await off.keep();
  expect(held()).toHaveLength(ALL);
  const [one] = await world.shown(off);
  expect(one).toMatchObject({ state: "OFF", expiresAt: held()[0]?.expiresAt });
});

describe("going on after an end at any moment", () => {
  test("a creation whose answer was lost is found, not repeated", async () => {
    world.breaksAfter(5);
    await expect(world.keeper().keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect(held()).toHaveLength(5);
    world.simulator.resetCalls();
    const next = world.keeper();
    await next.keep();
    expect(topics(held())).toEqual(topics(WANTED));
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": ALL - 5 });
    expect((await world.shown(next)).every(({ state, lastError }) => state === "ACTIVE" && lastError === null)).toBe(
      true,
    );
  });

  test("a process that hangs or dies in the middle is waited for, then another one makes the rest", async () => {
    const fault = world.simulator.faults.add({ effect: "hang", kind: "subscription", skip: 5 });
    const dying = world.keeper().keep();
    dying.catch(() => undefined);
    await world.until(() => world.simulator.calls().length === 6);
    expect(held()).toHaveLength(4);
    const next = world.keeper();
    await expect(next.keep()).rejects.toMatchObject({ name: "Postponed" });
    world.simulator.faults.remove(fault);
    world.simulator.resetCalls();
    // A minute later.
    await world.at.database.application((tx) =>
      tx.query("UPDATE webhook_keepers SET taken_until = now() - interval '1 second'"),
    );
    await next.keep();
    expect(topics(held())).toEqual(topics(WANTED));
    expect(world.calls()["POST 201"]).toBe(ALL - 4);
    await expect(dying).rejects.toMatchObject({ name: "Postponed" });
    // What it would have told of its last call is not believed any more.
    expect((await world.shown(next)).every(({ state, lastError }) => state === "ACTIVE" && !lastError)).toBe(true);
  }, 60_000);

  test("two processes at once make each subscription once; the other one comes back later", async () => {
    const [one, two] = [world.keeper(), world.keeper()];
    const outcomes = await Promise.allSettled([one.keep(), two.keep()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { name: "Postponed", until: world.now + 15 },
    });
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": ALL });
  });

  test("a process that stops leaves the rest to the next one", async () => {
    const process = world.keeper();
    const stopping = new AbortController();
    stopping.abort();
    await expect(process.keeper.keep(stopping.signal)).rejects.toMatchObject({ name: "Postponed", until: world.now });
    expect(held()).toEqual([]);
    await process.keep();
    expect(held()).toHaveLength(ALL);
  });
});

describe("before and after the end of subscriptions", () => {
  test("each is renewed a week before its end, not earlier", async () => {
    const process = world.keeper();
    await process.keep();
    const [first] = held();
    const end = first?.expiresAt ?? 0;
    world.simulator.resetCalls();
    world.now = end - 7 * DAY - 1;
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1 });
    world.now = end - 7 * DAY;
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 2, "PUT renew 200": ALL });
    expect(held()[0]).toMatchObject({ id: first?.id, expiresAt: world.now + 90 * DAY });
    expect((await world.shown(process))[0]).toMatchObject({ state: "ACTIVE", expiresAt: world.now + 90 * DAY });
  });

  test("those that ended are shown as missing, and made anew", async () => {
    const process = world.keeper();
    await process.keep();
    world.now += 91 * DAY;
    expect(new Set((await world.shown(process)).map(({ state }) => state))).toEqual(new Set(["MISSING"]));
    world.simulator.resetCalls();
    await process.keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "POST 201": ALL });
    expect((await world.shown(process)).every(({ state }) => state === "ACTIVE")).toBe(true);
  });

  test("those that a vendor still lists after their end are replaced", async () => {
    await world.keeper().keep();
    world.simulator.resetCalls();
    await world.keeper({ secondsAhead: 91 * DAY }).keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "DELETE 204": ALL, "POST 201": ALL });
    expect(held()).toHaveLength(ALL);
  });

  test("one that cannot be renewed yet stays active, with the reason", async () => {
    const process = world.keeper();
    await process.keep();
    world.now += 85 * DAY;
    world.simulator.faults.add({ effect: "answer", status: 400, path: "*/renew/*", times: 1 });
    await process.keep();
    const shown = await world.shown(process);
    expect(shown.filter(({ lastError }) => lastError !== null)).toMatchObject([
      { state: "ACTIVE", lastError: "REJECTED" },
    ]);
    await process.keep();
    expect((await world.shown(process)).every(({ lastError }) => lastError === null)).toBe(true);
  });

  test("one that is gone when it is to be renewed is made anew", async () => {
    const process = world.keeper();
    await process.keep();
    world.now += 85 * DAY;
    const known = { status: 403, body: { detail: "Webhook with specified id does not exist." } };
    world.simulator.subscriptions.cancel(held()[0]?.id ?? "");
    world.simulator.faults.add({ effect: "answer", ...known, path: "*/renew/*", times: 1 });
    world.simulator.resetCalls();
    await process.keep();
    expect(topics(held())).toEqual(topics(WANTED));
  });
});

describe("another base address", () => {
  const addresses = () => new Set(held().map(({ callbackUrl }) => callbackUrl));
  const MOVED = "127.0.0.1";

  test("after an end between making one and keeping it in mind: that one is moved too", async () => {
    // The very first: no other tells of the address.
    world.breaksAfter(1);
    await expect(world.keeper().keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect(held()).toHaveLength(1);
    world.simulator.resetCalls();
    await world.keeper({ base: world.base(MOVED) }).keep();
    expect(world.calls()).toEqual({ "GET 200": 1, "PUT 200": 1, "POST 201": ALL - 1 });
    expect(addresses()).toEqual(new Set([`${world.base(MOVED)}/webhooks/oura`]));
  });

  test("and back in the middle of the move: none is lost from sight", async () => {
    await world.keeper().keep();
    world.breaksAfter(3);
    await expect(world.keeper({ base: world.base(MOVED) }).keep()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
    expect(addresses().size).toBe(2);
    await world.keeper().keep();
    expect(addresses()).toEqual(new Set([`${world.base()}/webhooks/oura`]));
    expect(held()).toHaveLength(ALL);
  });

  test("that the vendor cannot reach: the old ones stay, shown as failed", async () => {
    await world.keeper().keep();
    const before = held();
    const process = world.keeper({ base: "http://127.0.0.1:9" });
    await expect(process.keep()).rejects.toMatchObject({ kind: "REJECTED" });
    expect(held()).toEqual(before);
    expect(new Set((await world.shown(process)).map(({ state, lastError }) => `${state} ${lastError}`))).toEqual(
      new Set(["FAILED REJECTED"]),
    );
  });
});

test("another base address: the same subscriptions are moved, each after a handshake there", async () => {
  await world.keeper().keep();
  const before = held().map(({ id }) => id);
  world.simulator.resetCalls();
  const moved = world.keeper({ base: world.base("127.0.0.1") });
  await moved.keep();
  expect(world.calls()).toEqual({ "GET 200": 1, "PUT 200": ALL });
  expect(held().map(({ id }) => id)).toEqual(before);
  expect(new Set(held().map(({ callbackUrl }) => callbackUrl))).toEqual(
    new Set([`${world.base("127.0.0.1")}/webhooks/oura`]),
  );
  expect((await world.shown(moved))[0]?.callbackUrl).toBe(`${world.base("127.0.0.1")}/webhooks/oura`);
});
