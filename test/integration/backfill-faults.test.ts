import { createLinkStore } from "../../src/db/repositories/links";
import { daysOf } from "../../src/domain/days";
import { ReconnectRequired, UpstreamFailure } from "../../src/domain/errors";
import { type Attempt, Postponed } from "../../src/services/ports/jobs";
import { asked, committedTwice, historiesForTests, step as stepOf } from "../support/history-process";
import type { History } from "../support/history-world";
import { around, type Someone, type World } from "../support/reading-world";

let world: World;
const processes = historiesForTests((created) => {
  world = created;
});

const step = (history: History, someone: Someone, endpoint: string, over: Partial<Attempt> = {}) =>
  stepOf(world, history, someone, endpoint, over);

async function rowOf(someone: Someone, endpoint: string) {
  const [row] = await world.rows<{ state: string; error: string | null; wait: number | null }>(
    `SELECT state, error, extract(epoch FROM retry_at - now())::float8 AS wait FROM backfills WHERE account_id = $1 AND endpoint = $2`,
    [someone.accountId, endpoint],
  );
  return row!;
}

async function runOf(history: History, someone: Someone) {
  const asking = { personId: someone.person.id, accountId: someone.accountId, first: 10, after: null };
  const [run] = (await history.api.runs(asking)).nodes;
  return run!;
}

test("pages that came before a fault are not asked again: the fetch goes on at the very page, as old as its first", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  world.vendor.pageSize = 10;
  await history.arm(someone, 90);
  let refusals = 2;
  world.vendor.script = ({ cursor }) => (cursor === "60" && refusals-- > 0 ? { status: 503, body: "{}" } : undefined);
  await expect(step(history, someone, "activity")).rejects.toThrow();
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "WAITING", error: "PROVIDER_UNAVAILABLE" });
  const kept = await world.rows<{ page: number; sealed: string; started_at: string }>(
    "SELECT page, encode(sealed_body, 'escape') AS sealed, started_at::text FROM fetched_pages ORDER BY page",
  );
  expect(kept.map(({ page }) => page)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(kept.map(({ sealed }) => sealed).join("")).not.toContain("activity-");
  world.vendor.calls.length = 0;
  await step(history, someone, "activity");
  expect(asked(world).map((call) => call.split(" ")[3])).toEqual(["60", "70", "80"]);
  expect(await world.rows("SELECT 1 FROM fetched_pages")).toEqual([]);
  const written = await world.rows<{ same: boolean; records: number }>(
    "SELECT bool_and(fetch_started_at = $2::timestamptz) AS same, count(*)::int AS records FROM records WHERE account_id = $1",
    [someone.accountId, kept[0]!.started_at],
  );
  expect(written).toEqual([{ same: true, records: 90 }]);
});

test("a job whose process died has its place taken by a new one where it had got on: only what dies at the same page is put aside", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  world.vendor.pageSize = 10;
  await history.arm(someone, 90);
  world.vendor.script = ({ cursor }) => (cursor === "30" ? { status: 503, body: "{}" } : undefined);
  await expect(step(history, someone, "activity")).rejects.toThrow();
  world.vendor.forget();
  // Freed from the dead for the nineteenth time.
  await world.rows("DELETE FROM graphile_worker._private_jobs");
  const before = { person: someone.person.id, account: someone.accountId, endpoint: "activity", pages: 0 };
  await history.add({ task: "backfill", payload: before, key: `backfill ${someone.accountId} activity` });
  await world.rows(
    `UPDATE graphile_worker._private_jobs SET flags = flags || '{"deaths": 19}', locked_at = now(), locked_by = 'worker'`,
  );
  const task = history.tasks.find(({ name }) => name === "backfill")!;
  await task.run(before, { number: 1, last: false, signal: new AbortController().signal });
  expect(world.vendor.calls).toEqual([]);
  const jobs = await world.rows<{ flags: object; payload: object }>(
    "SELECT flags, payload FROM graphile_worker._private_jobs WHERE key IS NOT NULL",
  );
  expect(jobs).toEqual([{ flags: { keyed: true }, payload: { ...before, pages: 3 } }]);
  // The new one fetches; done once more without having got on, it stays what it is.
  world.vendor.pageSize = 10;
  world.vendor.script = ({ cursor }) => (cursor === "30" ? { status: 503, body: "{}" } : undefined);
  for (const times of [1, 2]) {
    await expect(
      task.run({ ...before, pages: 3 }, { number: times, last: false, signal: new AbortController().signal }),
    ).rejects.toThrow();
  }
  expect(new Set(asked(world).map((call) => call.split(" ")[3]))).toEqual(new Set(["30"]));
});

test("a cursor that the provider does not take any more begins the window anew", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-49, 0)));
  world.vendor.pageSize = 10;
  await history.arm(someone, 50);
  let failing: number | null = 503;
  world.vendor.script = ({ cursor }) => (cursor === "30" && failing ? { status: failing, body: "{}" } : undefined);
  await expect(step(history, someone, "activity")).rejects.toThrow();
  world.vendor.calls.length = 0;
  world.vendor.script = ({ cursor }) => {
    const stale = cursor === "30" && failing !== null;
    failing = null;
    return stale ? { status: 400, body: "{}" } : undefined;
  };
  failing = 400;
  await step(history, someone, "activity");
  expect(asked(world).map((call) => call.split(" ")[3])).toEqual(["30", "", "10", "20", "30", "40"]);
});

test.each(["unlinked", "linked again"])("pages of an account that was %s are not gone on with", async (what) => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-49, 0)));
  world.vendor.pageSize = 10;
  await history.arm(someone, 50);
  world.vendor.script = ({ cursor }) => {
    if (cursor !== "30") return undefined;
    void world.rows("UPDATE accounts SET grant_number = grant_number + 1, status = $2 WHERE id = $1", [
      someone.accountId,
      what === "unlinked" ? "DISCONNECTED" : "ACTIVE",
    ]);
    return { afterMs: 100 };
  };
  await step(history, someone, "activity");
  expect(await world.rows("SELECT 1 FROM records WHERE account_id = $1", [someone.accountId])).toEqual([]);
  // What came after the change was not kept; what came before is of another linking.
  const kept = await world.rows("SELECT page FROM fetched_pages WHERE account_id = $1", [someone.accountId]);
  expect(kept.length).toBeLessThanOrEqual(3);
  world.vendor.forget();
  world.vendor.pageSize = 10;
  await step(history, someone, "activity");
  expect(asked(world).map((call) => call.split(" ")[3])).toEqual(
    what === "unlinked" ? [] : ["", "10", "20", "30", "40"],
  );
});

test("a storm of 429: history waits as long as the provider says, loses nothing and counts as no failure", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-364, 0)));
  world.vendor.pageSize = 30;
  const account = await history.arm(someone, 365);
  let calls = 0;
  // Every third request is refused, eight times.
  world.vendor.script = () => {
    calls += 1;
    return calls % 3 === 0 && calls <= 24 ? { status: 429, headers: { "retry-after": "1" }, body: "{}" } : undefined;
  };
  await history.work();
  await history.idle(90_000);
  const progress = await history.api.backfill(someone.person.id, [account]);
  expect(progress.get(account.id)!.map(({ state, daysDone }) => [state, daysDone])).toEqual(
    Array(4).fill(["DONE", 365]),
  );
  expect(await committedTwice(world, account.id)).toEqual([]);
  expect((await runOf(history, someone)).errors).toEqual([]);
  expect(history.faults).toEqual([]);
}, 120_000);

test("while the provider asks to wait, that is said with the time", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  const account = await history.arm(someone, 90);
  world.vendor.script = () => ({ status: 429, headers: { "retry-after": "300" }, body: "{}" });
  const waiting = await step(history, someone, "activity").catch((error: unknown) => error);
  expect(waiting).toBeInstanceOf(Postponed);
  const row = await rowOf(someone, "activity");
  expect(row).toMatchObject({ state: "WAITING", error: "RATE_LIMITED" });
  expect(row.wait).toBeGreaterThan(290);
  expect(row.wait).toBeLessThan(310);
  const progress = await history.api.backfill(someone.person.id, [account]);
  const activity = progress.get(account.id)!.find(({ metric }) => metric === "ACTIVITY")!;
  expect(activity.state).toBe("WAITING");
  expect(activity.retryAt).toBeCloseTo((waiting as Postponed).until, 0);
});

test("after the last attempt it has failed, visibly; the nightly turn begins it again", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  await history.arm(someone, 90);
  await world.rows("DELETE FROM graphile_worker._private_jobs");
  world.vendor.script = ({ endpoint }) => (endpoint === "activity" ? { status: 200, body: "[" } : undefined);
  await expect(step(history, someone, "activity", { number: 4 })).rejects.toThrow(UpstreamFailure);
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "WAITING", error: "PROVIDER_RESPONSE_INVALID" });
  await expect(step(history, someone, "activity", { number: 5, last: true })).rejects.toThrow(UpstreamFailure);
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "FAILED", error: "PROVIDER_RESPONSE_INVALID" });
  for (const endpoint of ["daily_score", "readiness", "sleep"]) {
    await step(history, someone, endpoint);
    await step(history, someone, endpoint);
  }
  const failed = await runOf(history, someone);
  expect(failed.errors).toEqual([
    expect.objectContaining({ endpoint: "activity", code: "PROVIDER_RESPONSE_INVALID", retryAt: null }),
  ]);
  expect(failed.finishedAt).not.toBeNull();
  world.vendor.script = () => undefined;
  await world.rows("DELETE FROM graphile_worker._private_jobs");
  await history.work();
  const night = { person: someone.person.id, account: someone.accountId, run: "44444444-4444-4444-8444-444444444444" };
  await history.add({ task: "reconcile-account", payload: night });
  await history.idle();
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "DONE", error: null });
}, 60_000);

test("a provider that is out of reach is tried less and less often, for a day, without counting as a failure of the job", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-89, 0)));
  await history.arm(someone, 90);
  world.vendor.script = () => ({ status: 503, body: "{}" });
  const waits: number[] = [];
  for (let times = 0; times < 30; times++) {
    const end = await step(history, someone, "activity").catch((error: unknown) => error);
    expect(end).toBeInstanceOf(Postponed);
    const row = await rowOf(someone, "activity");
    expect(row).toMatchObject({ state: "WAITING", error: "PROVIDER_UNAVAILABLE" });
    waits.push(row.wait!);
  }
  const expected = waits.map((_, times) => Math.min(3_600, 15 * 2 ** times));
  for (const [times, wait] of waits.entries()) expect(Math.abs(wait - expected[times]! - 2.5)).toBeLessThan(4);
  expect(waits.reduce((sum, wait) => sum + wait)).toBeGreaterThan(20 * 3_600);
  // Then it counts, and in the end it is given up.
  await expect(step(history, someone, "activity", { number: 5, last: true })).rejects.toThrow(UpstreamFailure);
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "FAILED", error: "PROVIDER_UNAVAILABLE" });
  world.vendor.script = () => undefined;
  // An endpoint that has rested is asked again after a moment.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await step(history, someone, "activity");
  const [{ failures }] = (await world.rows<{ failures: number }>(
    "SELECT failures FROM backfills WHERE endpoint = 'activity' AND account_id = $1",
    [someone.accountId],
  )) as [{ failures: number }];
  expect(failures).toBe(0);
}, 60_000);

test("where the grant is refused mid-way, history stops, says why, and goes on when the account is linked again", async () => {
  const { history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-199, 0)));
  const account = await history.arm(someone, 200);
  await world.rows("DELETE FROM graphile_worker._private_jobs");
  await step(history, someone, "activity");
  await world.rows("DELETE FROM graphile_worker._private_jobs");
  const refused = jest.spyOn(world.tokens, "accessToken").mockRejectedValue(new ReconnectRequired("refused"));
  await step(history, someone, "activity");
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "FAILED", error: "RECONNECT_REQUIRED" });
  expect(await world.rows("SELECT 1 FROM graphile_worker.jobs")).toEqual([]);
  refused.mockRestore();
  world.vendor.calls.length = 0;
  // As relinking does.
  await world.rows("UPDATE accounts SET grant_number = grant_number + 1 WHERE id = $1", [account.id]);
  await history.arm(someone, 200);
  await history.work();
  await history.idle();
  expect(await rowOf(someone, "activity")).toMatchObject({ state: "DONE", error: null });
  expect(world.vendor.counts()["activity"]).toBe(2);
}, 60_000);

test("unlinking with deletion mid-way leaves nothing, whatever is under way", async () => {
  const { gateway, history } = await processes.start();
  const someone = await world.someone();
  someone.data.fill(daysOf(around(-364, 0)));
  world.vendor.pageSize = 10;
  world.vendor.script = () => ({ afterMs: 5 });
  await history.arm(someone, 365);
  await history.work();
  while (world.vendor.calls.length < 60) await new Promise((resolve) => setTimeout(resolve, 10));
  const undone = await createLinkStore(gateway.database).disconnect(someone.person.id, "acme", true);
  expect(undone!.unlinked).toBe(true);
  const calls = world.vendor.calls.length;
  await history.idle();
  // Requests under way came to their end; no flight went on after them.
  expect(world.vendor.calls.length - calls).toBeLessThanOrEqual(8);
  const tables = ["records", "raw_documents", "set_aside_documents", "coverage_days", "coverage_settled", "fetches"];
  for (const table of [...tables, "flights", "backfills", "fetched_pages", "sync_runs", "endpoint_times"]) {
    const left = await world.rows(`SELECT 1 FROM ${table} WHERE account_id = $1`, [someone.accountId]);
    expect([table, left]).toEqual([table, []]);
  }
  expect(history.faults).toEqual([]);
}, 60_000);
