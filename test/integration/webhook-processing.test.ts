import { addDays } from "../../src/domain/days";
import { night } from "../support/reading-vendor";
import { around, codes, question, type Someone, TODAY, told, World } from "../support/reading-world";
import { acmeWithWebhooks } from "../support/webhook-acme";
import { forgetEvents, notice, outcomes, stored, type WebhookGateway, webhookGateway } from "../support/webhook-world";

let world: World;
let gateway: WebhookGateway;
let someone: Someone;
beforeAll(async () => {
  world = await World.create();
});
beforeEach(async () => {
  await world.rows("DELETE FROM people");
  await forgetEvents(world);
  [gateway, someone] = [await webhookGateway(world), await world.someone()];
});
afterEach(() => world.reset());
afterAll(() => world.close());

const D = (days: number) => addDays(TODAY, days);
const score = (id: string, days: number, value: number) => ({ id, day: D(days), value });

/** Works off and says what was asked of the vendor. */
async function worked(): Promise<Record<string, number>> {
  world.vendor.forget();
  expect(await gateway.work()).toBeNull();
  return world.vendor.counts();
}

test("a new document is there without anybody having asked: one request for it and one list", async () => {
  someone.data.put("daily_score", score("a", -1, 71));
  await gateway.notify(notice("daily_score.created", "a"));
  expect(await worked()).toEqual({ "daily_score/a": 1, daily_score: 1 });
  expect(world.vendor.calls.at(-1)).toMatchObject({ from: D(-1), to: D(-1) });
  expect(await stored(world, someone, "daily_score")).toEqual({ [D(-1)]: ["a"] });
  expect(await outcomes(world)).toEqual({ BROUGHT: 1 });
});

test("ten events of one day cost one list request, and one for each document", async () => {
  someone.data.put("sleep", ...["x", "y", "z"].map((id) => night(D(-2), 100, id)));
  const changes = ["created", "updated", "updated"];
  const notices = ["x", "y", "z"].flatMap((id) => changes.map((change) => notice(`sleep.${change}`, id)));
  await gateway.notify(...notices, notice("sleep.updated", "x"));
  expect(await worked()).toEqual({ "sleep/x": 1, "sleep/y": 1, "sleep/z": 1, sleep: 1 });
  expect(await outcomes(world)).toEqual({ BROUGHT: 10 });
});

test("a revision counts at once, also of a day that is settled; days beside it are not asked", async () => {
  someone.data.fill([D(-40), D(-39), D(-38)], (index) => 10 + index);
  const range = around(-40, -38);
  await gateway.ask(someone, question("READINESS", range));
  someone.data.put("readiness", { id: `readiness-${D(-39)}`, day: D(-39), value: 99 });
  await gateway.notify(notice("readiness.updated", `readiness-${D(-39)}`));
  expect(await worked()).toEqual({ [`readiness/readiness-${D(-39)}`]: 1, readiness: 1 });
  expect(world.vendor.calls.at(-1)).toMatchObject({ from: D(-39), to: D(-39) });
  world.vendor.forget();
  const [answer] = await gateway.ask(someone, question("READINESS", range));
  expect(told(answer!)).toEqual({ [D(-40)]: 10, [D(-39)]: 99, [D(-38)]: 12 });
  expect(codes(answer!)).toEqual([]);
  expect(world.vendor.calls).toEqual([]);
});

test("a deletion becomes a tombstone and a new cell; the document is not asked for", async () => {
  someone.data.fill([D(-3), D(-2)]);
  await gateway.ask(someone, question("READINESS", around(-3, -2)));
  someone.data.remove("readiness", `readiness-${D(-2)}`);
  await gateway.notify(notice("readiness.deleted", `readiness-${D(-2)}`));
  expect(await worked()).toEqual({ readiness: 1 });
  expect(Object.keys(await stored(world, someone, "readiness"))).toEqual([D(-3)]);
  const [row] = await world.rows<{ body: unknown }>("SELECT body FROM records WHERE account_id = $1 AND day = $2", [
    someone.accountId,
    D(-2),
  ]);
  expect(row).toEqual({ body: null });
});

test("a document that moved is read again on both its days", async () => {
  someone.data.put("daily_score", score("m", -5, 50), score("n", -5, 60));
  await gateway.ask(someone, question("SLEEP", around(-6, -3)));
  someone.data.put("daily_score", score("m", -4, 51));
  await gateway.notify(notice("daily_score.updated", "m"));
  expect(await worked()).toEqual({ "daily_score/m": 1, daily_score: 1 });
  expect(await stored(world, someone, "daily_score")).toEqual({ [D(-5)]: ["n"], [D(-4)]: ["m"] });
});

test.each([
  ["deletion before creation, deleted in the end", ["deleted", "created"], false],
  ["update before creation", ["updated", "created"], true],
  ["creation, deletion and creation again in any order", ["deleted", "created", "created"], true],
])("out of order: %s ends in what the vendor has now", async (_name, order, there) => {
  if (there) someone.data.put("daily_score", score("o", -2, 77));
  for (const change of order) {
    await gateway.notify(notice(`daily_score.${change}`, "o"));
    await worked();
  }
  expect(await stored(world, someone, "daily_score")).toEqual(there ? { [D(-2)]: ["o"] } : {});
  expect(await outcomes(world)).toEqual({ BROUGHT: order.length });
});

test("where nothing tells the day, the last seven days are read", async () => {
  await gateway.notify(notice("daily_score.deleted", "never-seen"), notice("activity.updated"));
  expect(await worked()).toEqual({ daily_score: 1, activity: 1 });
  for (const call of world.vendor.calls) expect(call).toMatchObject({ from: D(-6), to: D(0) });
});

test("named days are read, a stretch of years is not", async () => {
  await gateway.notify(notice("activity.updated", undefined, { from: D(-9), to: D(-8) }));
  await worked();
  expect(world.vendor.calls.at(-1)).toMatchObject({ from: D(-9), to: D(-8) });
  await gateway.notify(notice("activity.updated", undefined, { from: D(-3_000), to: D(-1) }));
  await worked();
  expect(world.vendor.calls.at(-1)).toMatchObject({ from: D(-3_000), to: D(-2_970) });
});

test("two persons who share a vendor user both get it; a third who has left does not", async () => {
  const other = await world.someone();
  const left = await world.someone();
  await world.rows("UPDATE accounts SET status = 'DISCONNECTED' WHERE id = $1", [left.accountId]);
  for (const one of [someone, other, left]) one.data.put("daily_score", score("s", -1, 80));
  await gateway.notify(notice("daily_score.created", "s"));
  await worked();
  expect(await stored(world, someone, "daily_score")).toEqual({ [D(-1)]: ["s"] });
  expect(await stored(world, other, "daily_score")).toEqual({ [D(-1)]: ["s"] });
  expect(await stored(world, left, "daily_score")).toEqual({});
  expect(world.vendor.calls.some(({ accountId }) => accountId === left.accountId)).toBe(false);
});

test.each([
  ["an unknown user", "nobody", null, "UNKNOWN_USER"],
  ["an account that was left", "vendor-user", "DISCONNECTED", "DISCONNECTED"],
  ["an account whose grant is refused", "vendor-user", "RECONNECT_REQUIRED", "RECONNECT_REQUIRED"],
])("%s: recorded, and nobody is asked", async (_name, user, status, outcome) => {
  if (status) await world.rows("UPDATE accounts SET status = $2 WHERE id = $1", [someone.accountId, status]);
  await gateway.notify(notice("daily_score.created", "a", { user }));
  expect(await gateway.work(user)).toBeNull();
  expect(world.vendor.calls).toEqual([]);
  expect(await outcomes(world)).toEqual({ [outcome]: 1 });
});

test("an erased person's events are recorded and nobody is asked", async () => {
  await world.rows("DELETE FROM people WHERE id = $1", [someone.person.id]);
  await gateway.notify(notice("daily_score.created", "a"));
  expect(await worked()).toEqual({});
  expect(await outcomes(world)).toEqual({ UNKNOWN_USER: 1 });
});

test("events about what is not read here are recorded without a job", async () => {
  await gateway.notify(notice("naps-of-cats.created", "a"));
  expect(await outcomes(world)).toEqual({ IGNORED: 1 });
  expect(await world.rows("SELECT FROM graphile_worker._private_jobs")).toEqual([]);
});

test("a scope that the grant lacks ends the event", async () => {
  await world.rows("UPDATE accounts SET granted_scopes = '{sleep}' WHERE id = $1", [someone.accountId]);
  await gateway.notify(notice("activity.updated", undefined, { from: D(-1), to: D(-1) }));
  expect(await worked()).toEqual({});
  expect(await outcomes(world)).toEqual({ SCOPE_MISSING: 1 });
});

test("told to wait, the job comes back at that time and the events still wait", async () => {
  someone.data.put("daily_score", score("a", -1, 71));
  world.vendor.script = () => ({ status: 429, headers: { "retry-after": "120" }, body: "{}" });
  await gateway.notify(notice("daily_score.created", "a"));
  const until = await gateway.work();
  expect(until).toBeGreaterThan(Date.now() / 1_000 + 115);
  expect(until).toBeLessThan(Date.now() / 1_000 + 130);
  expect(await outcomes(world)).toEqual({ waiting: 1 });
});

test("out of reach, the job comes back soon, later the longer it lasts, and after a day counts as failed", async () => {
  world.vendor.script = () => ({ status: 503, body: "{}" });
  await gateway.notify(notice("daily_score.created", "a"));
  const after = async () => ((await gateway.work()) ?? 0) - Date.now() / 1_000;
  expect(await after()).toBeLessThan(25);
  await world.rows("UPDATE webhook_inbox SET received_at = received_at - interval '10 minutes'");
  const later = await after();
  expect(later).toBeGreaterThan(590);
  expect(later).toBeLessThan(620);
  await world.rows("UPDATE webhook_inbox SET received_at = received_at - interval '2 days'");
  await expect(gateway.work()).rejects.toMatchObject({ kind: "UNAVAILABLE" });
  expect(await outcomes(world)).toEqual({ waiting: 1 });
});

test("one endpoint's failure does not hold up the others; the next event brings both", async () => {
  someone.data.put("daily_score", score("a", -1, 71));
  someone.data.put("activity", score("b", -1, 5_000));
  world.vendor.script = ({ endpoint }) => (endpoint === "activity" ? { body: "no JSON" } : undefined);
  await gateway.notify(notice("daily_score.created", "a"), notice("activity.created", "b"));
  await expect(gateway.work()).rejects.toMatchObject({ kind: "INVALID_RESPONSE" });
  expect(await outcomes(world)).toEqual({ BROUGHT: 1, waiting: 1 });
  await gateway.notify(notice("activity.updated", "b"));
  await worked();
  expect(await outcomes(world)).toEqual({ BROUGHT: 3 });
  expect(await stored(world, someone, "activity")).toEqual({ [D(-1)]: ["b"] });
});

test("a change that comes while an earlier one is being read is not lost", async () => {
  someone.data.put("daily_score", score("a", -1, 71));
  const first = notice("daily_score.updated", "a", { again: true });
  await gateway.notify(first);
  let told = false;
  world.vendor.script = ({ endpoint }) => {
    if (endpoint !== "daily_score" || told) return undefined;
    told = true;
    return { afterMs: 400 };
  };
  const working = gateway.work();
  while (!told) await new Promise((resolve) => setTimeout(resolve, 10));
  // In the very words of the one before.
  await gateway.notify(first);
  await working;
  world.vendor.forget();
  await gateway.work();
  expect(await outcomes(world)).toEqual({ BROUGHT: 1 });
  const [row] = await world.rows<{ after: boolean }>(
    `SELECT max(f.started_at) > (SELECT max(received_at) FROM webhook_inbox) AS after FROM fetches f WHERE f.account_id = $1`,
    [someone.accountId],
  );
  expect(row).toEqual({ after: true });
});

test("a job that finds another at the same user's events comes back, for that one may die", async () => {
  someone.data.put("daily_score", score("a", -1, 71));
  await gateway.notify(notice("daily_score.created", "a"));
  world.vendor.script = () => ({ afterMs: 200 });
  const working = gateway.work();
  const until = await gateway.work();
  expect(until).toBeGreaterThan(Date.now() / 1_000 + 10);
  expect(until).toBeLessThan(Date.now() / 1_000 + 20);
  expect(await working).toBeNull();
  expect(await gateway.work()).toBeNull();
  expect(await outcomes(world)).toEqual({ BROUGHT: 1 });
});

test("an event that comes again after it was worked off does nothing", async () => {
  someone.data.put("daily_score", score("a", -1, 71));
  const told = notice("daily_score.created", "a");
  await gateway.notify(told);
  await worked();
  await world.rows("DELETE FROM graphile_worker._private_jobs");
  await gateway.notify(told);
  expect(await world.rows("SELECT FROM graphile_worker._private_jobs")).toEqual([]);
  expect(await worked()).toEqual({});
  expect(await outcomes(world)).toEqual({ BROUGHT: 1 });
  expect(Object.fromEntries(gateway.counted)).toEqual({ kept: 1, repeated: 1 });
});

test("a provider without single documents reads the days that are known, or the last ones", async () => {
  const { endpoints } = acmeWithWebhooks;
  const bare = { ...acmeWithWebhooks, endpoints: endpoints.map(({ document: _document, ...rest }) => rest) };
  gateway = await webhookGateway(world, { provider: bare });
  someone.data.put("daily_score", score("a", -1, 71));
  await gateway.notify(notice("daily_score.created", "a"));
  expect(await worked()).toEqual({ daily_score: 1 });
  await gateway.notify(notice("daily_score.updated", "a"));
  await worked();
  expect(world.vendor.calls.at(-1)).toMatchObject({ from: D(-1), to: D(-1) });
});
