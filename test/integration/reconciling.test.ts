import { ENTRIES } from "../../src/db/repositories/change-entries";
import { readLastSynced } from "../../src/db/repositories/person-state";
import { PgReconcilingStore } from "../../src/db/repositories/reconciling";
import { addDays, daysOf } from "../../src/domain/days";
import { ReconnectRequired } from "../../src/domain/errors";
import { Postponed } from "../../src/services/ports/jobs";
import { CATCH_UP, RECONCILE, Turns } from "../../src/services/reconciling/turns";
import { asked, historiesForTests } from "../support/history-process";
import type { History } from "../support/history-world";
import { around, question, type Someone, TODAY, type World } from "../support/reading-world";

let world: World;
const processes = historiesForTests((created) => {
  world = created;
});
beforeEach(() => world.rows("DELETE FROM people"));

const D = (days: number) => addDays(TODAY, days);
const ENDPOINTS = ["activity", "daily_score", "readiness", "sleep"];
const RUN = "44444444-4444-4444-8444-444444444444";

/** Somebody who linked so many days ago, with a document a day since long before. */
async function linkedFor(days: number): Promise<Someone> {
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-60, 0)));
  await world.rows("UPDATE accounts SET connected_at = now() - make_interval(days => $2) WHERE id = $1", [
    someone.accountId,
    days,
  ]);
  return someone;
}

/** The schedule's tick, now or seconds from now. */
const tick = (seconds = 0) => ({
  _cron: { ts: new Date(Date.now() + seconds * 1_000).toISOString(), backfilled: false },
});

function taskOf(history: History, name: string) {
  return history.tasks.find((task) => task.name === name)!;
}
const attempt = (number = 1, last = false) => ({ number, last, signal: new AbortController().signal });

/** One turn of an account, outside of the queue. */
function turn(history: History, someone: Someone, at = attempt(), run = RUN): Promise<void> {
  const payload = { person: someone.person.id, account: someone.accountId, run };
  return taskOf(history, "reconcile-account").run(payload, at);
}

async function runs(history: History, someone: Someone) {
  const asking = { personId: someone.person.id, accountId: someone.accountId, first: 10, after: null };
  return (await history.api.runs(asking)).nodes;
}

test("a night reads the last seven days again: late revisions, deletions and arrivals are followed, counted, and told as such", async () => {
  const { gateway, history } = await processes.start();
  const someone = await linkedFor(1);
  await gateway.ask(someone, question("ACTIVITY", around(-30, 0)));
  someone.data.put("activity", { id: `activity-${D(-3)}`, day: D(-3), value: 9_999 });
  someone.data.remove("activity", `activity-${D(-2)}`);
  someone.data.put("activity", { id: "new", day: D(-1), value: 5 });
  // Too old for a late revision: what the vendor does beyond its own word is not looked for.
  someone.data.put("activity", { id: `activity-${D(-20)}`, day: D(-20), value: 1 });
  const before = await world.version(someone);
  world.vendor.calls.length = 0;
  await history.work();
  await history.add({ task: RECONCILE, payload: tick() });
  await history.idle();
  expect(asked(world).filter((call) => call.startsWith("activity"))).toEqual([`activity ${D(-7)} ${TODAY} `]);
  expect(Object.values(world.vendor.counts())).toEqual([1, 1, 1, 1]);
  const [run, ...others] = await runs(history, someone);
  expect(others).toEqual([]);
  // The other endpoints knew nothing yet: eight days of theirs are new.
  const fresh = 8 * 4;
  expect(run).toMatchObject({
    trigger: "RECONCILIATION",
    range: { start: D(-7), end: TODAY },
    ...{ recordsCreated: fresh + 1, recordsUpdated: 1, recordsDeleted: 1, documentsSetAside: 0, errors: [] },
  });
  expect(run!.finishedAt).toBeGreaterThanOrEqual(run!.startedAt);
  const told = await world.rows(
    `SELECT e.day::text, e.type, c.origin FROM changes c, ${ENTRIES} WHERE person_id = $1 AND metric = 'ACTIVITY' AND version > $2 ORDER BY day`,
    [someone.person.id, before],
  );
  expect(told).toEqual([
    { day: D(-3), type: "UPDATED", origin: "RECONCILIATION" },
    { day: D(-2), type: "DELETED", origin: "RECONCILIATION" },
    { day: D(-1), type: "UPDATED", origin: "RECONCILIATION" },
  ]);
});

test("however often and wherever the clock calls, an account has one turn a night; the next night another", async () => {
  const [one, other] = [await processes.start(), await processes.start()];
  const someone = await linkedFor(1);
  const first = tick();
  const give = (history: History, payload: unknown) => taskOf(history, RECONCILE).run(payload, attempt());
  await Promise.all([give(one.history, first), give(other.history, first), give(one.history, first)]);
  await Promise.all([one.history.work(), other.history.work()]);
  await one.history.idle();
  // A job that was freed from a dead process, and is done again.
  await give(other.history, first);
  await one.history.idle();
  expect(await runs(one.history, someone)).toHaveLength(1);
  expect(Object.values(world.vendor.counts())).toEqual([1, 1, 1, 1]);
  await give(one.history, tick(1));
  await one.history.idle();
  const again = await runs(one.history, someone);
  expect(again).toHaveLength(2);
  expect(new Set(again.map(({ id }) => id)).size).toBe(2);
});

test("only accounts that are linked, and were before the clock called, have a turn", async () => {
  const { history } = await processes.start();
  const [active, gone, refused] = [await linkedFor(1), await linkedFor(1), await linkedFor(1)];
  await world.rows("UPDATE accounts SET status = 'DISCONNECTED' WHERE id = $1", [gone.accountId]);
  await world.rows("UPDATE accounts SET status = 'RECONNECT_REQUIRED' WHERE id = $1", [refused.accountId]);
  const fresh = await world.someone();
  await history.work();
  await history.add({ task: RECONCILE, payload: tick(-5) });
  await history.idle();
  expect(await runs(history, active)).toHaveLength(1);
  for (const someone of [gone, refused, fresh]) expect(await runs(history, someone)).toEqual([]);
  expect(new Set(world.vendor.calls.map(({ accountId }) => accountId))).toEqual(new Set([active.accountId]));
});

test("turns are spread over an hour, so that no vendor is asked for everybody at once", async () => {
  const { gateway } = await processes.start();
  for (let count = 0; count < 40; count++) await linkedFor(1);
  const now = () => Date.now() / 1_000;
  const turns = new Turns({ store: new PgReconcilingStore(gateway.database), now });
  await turns.task().run(tick(), attempt());
  const [{ soonest, latest, minutes }] = (await world.rows<{ soonest: number; latest: number; minutes: number }>(
    `SELECT extract(epoch FROM min(run_at) - now())::float8 AS soonest, extract(epoch FROM max(run_at) - now())::float8 AS latest,
       count(DISTINCT date_trunc('minute', run_at))::int AS minutes
     FROM graphile_worker.jobs WHERE task_identifier = 'reconcile-account'`,
  )) as [{ soonest: number; latest: number; minutes: number }];
  expect(soonest).toBeGreaterThan(-5);
  expect(latest).toBeLessThan(3_600);
  expect(latest).toBeGreaterThan(1_800);
  expect(minutes).toBeGreaterThan(10);
});

test("a worker that starts gives their turn to accounts that missed it, and to no others", async () => {
  const { history } = await processes.start();
  const [missed, done, fresh] = [await linkedFor(5), await linkedFor(5), await linkedFor(0)];
  await turn(history, done);
  world.vendor.calls.length = 0;
  await history.work();
  await history.add(CATCH_UP);
  await history.idle();
  expect(await runs(history, missed)).toHaveLength(1);
  expect(await runs(history, done)).toHaveLength(1);
  expect(await runs(history, fresh)).toEqual([]);
  expect(new Set(world.vendor.calls.map(({ accountId }) => accountId))).toEqual(new Set([missed.accountId]));
});

test("days since the linking that no check has settled are made up for, each endpoint in one request", async () => {
  const { gateway, history } = await processes.start();
  const someone = await linkedFor(40);
  await gateway.ask(someone, question("ACTIVITY", around(-60, -30)));
  world.vendor.calls.length = 0;
  await turn(history, someone);
  const windows = asked(world).filter((call) => call.startsWith("activity"));
  expect(windows).toEqual([`activity ${D(-29)} ${TODAY} `]);
  expect(asked(world).filter((call) => call.startsWith("readiness"))).toEqual([`readiness ${D(-40)} ${TODAY} `]);
  const [run] = await runs(history, someone);
  expect(run).toMatchObject({ range: { start: D(-40), end: TODAY }, errors: [] });
  // The night after only the last days.
  world.vendor.calls.length = 0;
  await turn(history, someone, attempt(), "55555555-5555-4555-8555-555555555555");
  expect(asked(world).filter((call) => call.startsWith("activity"))).toEqual([`activity ${D(-7)} ${TODAY} `]);
});

test("a grant that is refused shows in the run, and the vendor is not asked for data", async () => {
  const { history } = await processes.start();
  const someone = await linkedFor(1);
  const refused = jest.spyOn(world.tokens, "accessToken").mockRejectedValue(new ReconnectRequired("refused"));
  await turn(history, someone);
  refused.mockRestore();
  const [run] = await runs(history, someone);
  expect(run!.errors).toEqual([
    {
      endpoint: null,
      code: "RECONNECT_REQUIRED",
      message: "the person has to link this wearable again",
      retryAt: null,
    },
  ]);
  expect(run!.finishedAt).not.toBeNull();
  expect(world.vendor.calls).toEqual([]);
});

test("while the vendor asks to wait the turn waits, and then asks only for what has not come", async () => {
  let shift = 0;
  const { history } = await processes.start({ now: () => Date.now() / 1_000 + shift });
  const someone = await linkedFor(1);
  world.vendor.script = ({ endpoint }) =>
    endpoint === "sleep" ? { status: 429, headers: { "retry-after": "30" }, body: "{}", afterMs: 200 } : undefined;
  const end = await turn(history, someone).catch((error: unknown) => error);
  expect(end).toBeInstanceOf(Postponed);
  expect((end as Postponed).until - Date.now() / 1_000).toBeGreaterThan(28);
  expect((await runs(history, someone))[0]).toMatchObject({ finishedAt: null });
  world.vendor.forget();
  shift = 60;
  await turn(history, someone);
  expect(world.vendor.counts()).toEqual({ sleep: 1 });
  const [run, ...others] = await runs(history, someone);
  expect(others).toEqual([]);
  expect(run).toMatchObject({ errors: [], recordsCreated: 8 * 5 });
});

test("what fails to the last attempt is recorded with what it was, beside what came; done again the run stays as it is", async () => {
  const { history } = await processes.start();
  const someone = await linkedFor(1);
  world.vendor.script = ({ endpoint }) => (endpoint === "readiness" ? { status: 200, body: "[" } : undefined);
  await expect(turn(history, someone, attempt(1))).rejects.toThrow();
  await turn(history, someone, attempt(5, true));
  const [run] = await runs(history, someone);
  expect(run!.errors).toEqual([expect.objectContaining({ endpoint: "readiness", code: "PROVIDER_RESPONSE_INVALID" })]);
  expect(run).toMatchObject({ recordsCreated: 8 * 4 });
  world.vendor.forget();
  await turn(history, someone);
  expect(world.vendor.calls).toEqual([]);
  expect(await runs(history, someone)).toEqual([run]);
});

test("asked, checked and brought are three times", async () => {
  const { gateway, history } = await processes.start();
  const someone = await linkedFor(1);
  const times = async () => {
    const { polledAt = null, dataAt = null } =
      (await history.api.times(someone.person.id, [someone.accountId])).get(someone.accountId) ?? {};
    const synced = await readLastSynced(gateway.database, someone.person.id, [someone.accountId]);
    return { polledAt, dataAt, syncedAt: synced.get(someone.accountId) ?? null };
  };
  expect(await times()).toEqual({ polledAt: null, dataAt: null, syncedAt: null });
  await gateway.ask(someone, question("ACTIVITY", around(-6, -1)));
  const first = await times();
  for (const time of Object.values(first)) expect(time).toBeGreaterThan(Date.now() / 1_000 - 60);
  // Nothing new: asked and checked, but nothing came.
  await gateway.ask(someone, question("ACTIVITY", around(-6, -1), { maxAgeSeconds: 0 }));
  const second = await times();
  expect(second.dataAt).toBe(first.dataAt);
  expect(second.syncedAt).toBeGreaterThan(first.syncedAt!);
  expect(second.polledAt).toBeGreaterThan(first.polledAt!);
  // Refused: asked, nothing else.
  world.vendor.script = () => ({ status: 503, body: "{}" });
  await gateway.ask(someone, question("ACTIVITY", around(-6, -1), { maxAgeSeconds: 0 }));
  const third = await times();
  expect(third).toMatchObject({ dataAt: first.dataAt, syncedAt: second.syncedAt });
  expect(third.polledAt).toBeGreaterThan(second.polledAt!);
});

test("runs come in pages, the latest first, and are their owner's alone", async () => {
  const { history } = await processes.start();
  const [someone, other] = [await linkedFor(1), await linkedFor(1)];
  for (let count = 1; count <= 5; count++) {
    await turn(history, someone, attempt(), `${String(count).repeat(8)}-1111-4111-8111-111111111111`);
  }
  const asking = { personId: someone.person.id, accountId: someone.accountId, first: 2 };
  const seen: string[] = [];
  for (let after = null, pages = 0; pages < 3; pages++) {
    const page = await history.api.runs({ ...asking, after });
    seen.push(...page.nodes.map(({ id }) => id.slice(0, 1)));
    expect(page.hasNextPage).toBe(pages < 2);
    after = page.endCursor as never;
  }
  expect(seen).toEqual(["5", "4", "3", "2", "1"]);
  const foreign = { personId: other.person.id, accountId: someone.accountId, first: 10, after: null };
  expect(await history.api.runs(foreign)).toEqual({ nodes: [], endCursor: null, hasNextPage: false });
});

test("every endpoint is asked even where one of them fails", async () => {
  const { history } = await processes.start();
  const someone = await linkedFor(1);
  world.vendor.script = ({ endpoint }) => (endpoint === "activity" ? { status: 404, body: "{}" } : undefined);
  await turn(history, someone);
  expect(Object.keys(world.vendor.counts()).sort()).toEqual(ENDPOINTS);
});
