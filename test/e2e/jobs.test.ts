import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { oura } from "../../providers/oura";
import { Database } from "../../src/db/database";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/db/embedded";
import { createKeyStore } from "../../src/db/repositories/api-keys";
import { mintKey } from "../../src/services/keys";
import { runCommand } from "../support/command";
import { freePort } from "../support/free-port";
import { type GatewayProcess, startGateway, stopAll, temporaryDirectory } from "../support/gateway-process";
import { until } from "../support/job-worker";
import { someoneWithANight } from "../support/new-night";
import { linked } from "../support/newcomer";
import { startRedis, type ThrowawayRedis } from "../support/redis-server";
import { startVendor, type Vendor } from "../support/vendor";

// Everything is real: gateways in processes of their own, a PostgreSQL and a Redis that are taken away, the vendor's webhooks as jobs.
const USER = someoneWithANight([oura]);
const CHECKED = [
  ["/healthz", 200],
  ["/metrics", 200],
  ["/graphql?query=%7B__typename%7D", 404],
  ["/webhooks/oura", 404],
  ["/oauth/oura/callback?code=a&state=b", 404],
] as const;

let directory: string;
let postgres: EmbeddedPostgres;
let redis: ThrowawayRedis;
let vendor: Vendor;
let database: Database;
let api: GatewayProcess;
let worker: GatewayProcess | undefined;
const env: Record<string, string> = { ENCRYPTION_KEYS: `shared:${Buffer.alloc(32, 7).toString("base64")}` };

const start = (roles: string) => startGateway({ env: { ...env, ROLES: roles } });

beforeAll(async () => {
  directory = await temporaryDirectory();
  await startPostgres(await freePort());
  [vendor, redis] = await Promise.all([startVendor(), startRedis()]);
  Object.assign(env, vendor.env, { DATABASE_URL: postgres.url, REDIS_URL: redis.url, BACKFILL_DAYS: "0" });
  api = await start("api");
  vendor.simulator.change({ webhookUrl: `${api.url}/webhooks/oura` });
  await linked(api, { user: USER });
  database = await Database.connect(postgres.url, { api: 2, reads: 2, refresh: 1, attempts: 1, worker: 1 });
}, 90_000);
afterAll(async () => {
  await stopAll(worker, api);
  await database?.close();
  await Promise.all([redis?.stop(), vendor?.simulator.stop()]);
  await postgres?.stop();
  await rm(directory, { recursive: true, force: true });
});
afterEach(() => vendor.simulator.faults.clear());

async function startPostgres(port: number): Promise<void> {
  const settings = { fsync: "off" };
  postgres = await startEmbeddedPostgres({
    dataDirectory: join(directory, "postgres"),
    port,
    settings,
    log: () => undefined,
  });
}

/** Events that the vendor has told of so far: two of the same second are one. */
const events = () => new Set(vendor.simulator.webhooks().map(({ body }) => body)).size;

/** The vendor tells of a night; how many events were acknowledged in all. */
async function newNight(): Promise<number> {
  await sleep(1_000 - (Date.now() % 1_000));
  vendor.simulator.people.newNight(USER);
  await until("the acknowledgement", () => vendor.simulator.webhooks().every(({ status }) => status === 200));
  return events();
}

/** Waits until everything that was acknowledged is done, and nothing is left in the queue. */
async function nothingLost(acknowledged: number, withinMs = 30_000): Promise<void> {
  const done = async () => {
    const [row] = await database.directory<{ done: number; all: number; jobs: number }>(
      `SELECT count(*) FILTER (WHERE outcome = 'BROUGHT')::int AS done, count(*)::int AS all,
         (SELECT count(*)::int FROM graphile_worker.jobs WHERE task_identifier = 'webhook') AS jobs FROM webhook_inbox`,
      [],
    );
    return row?.done === acknowledged && row.all === acknowledged && row.jobs === 0;
  };
  await until("the work", done, withinMs);
}

/** Events that are not worked off yet. */
const untold = async () => {
  const sql = "SELECT count(*)::int AS open FROM webhook_inbox WHERE done_at IS NULL";
  return (await database.directory<{ open: number }>(sql, []))[0]?.open ?? 0;
};

const running = async () => {
  const [row] = await database.directory<{ locked: number }>(
    "SELECT count(*)::int AS locked FROM graphile_worker.jobs WHERE locked_at IS NOT NULL AND task_identifier = 'webhook'",
    [],
  );
  return (row?.locked ?? 0) > 0;
};
const metrics = async (gateway: GatewayProcess) => await (await fetch(`${gateway.url}/metrics`)).text();
const ready = async (gateway: GatewayProcess) => {
  const answer = await fetch(`${gateway.url}/readyz`);
  return { code: answer.status, checks: ((await answer.json()) as { checks: Record<string, string> }).checks };
};

const textOf = (checks: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(checks).sort());

/** Waits until a gateway finds what it stands on as expected: on a machine under load Redis may be late for a moment. */
const wellWith = (gateway: GatewayProcess, checks: Readonly<Record<string, string>>) =>
  until(textOf(checks), async () => textOf((await ready(gateway)).checks) === textOf(checks));

const jobs = (...args: readonly string[]) => runCommand("jobs", args, env);

test("ROLES=api keeps jobs and does none; ROLES=worker does them, and serves health and metrics only", async () => {
  const acknowledged = await newNight();
  expect(acknowledged).toBeGreaterThan(0);
  const waiting = await metrics(api);
  expect(waiting).toMatch(/gateway_jobs\{lane="live",task="webhook",state="waiting"\} [1-9]/);
  expect(waiting).toContain("gateway_worker_processes 0");
  await wellWith(api, { database: "ok", redis: "ok" });

  worker = await start("worker");
  await nothingLost(acknowledged);
  expect(worker.output()).toContain("Working off jobs; health and metrics at http");
  for (const [path, status] of CHECKED) expect([path, (await fetch(worker.url + path)).status]).toEqual([path, status]);
  await wellWith(worker, { database: "ok", redis: "ok", queue: "ok" });
  const figures = await metrics(worker);
  expect(figures).toMatch(/gateway_job_attempts_total\{task="webhook",outcome="done"\} [1-9]/);
  expect(figures).toMatch(
    /gateway_jobs_oldest_due_seconds\{lane="live",task="webhook"\} 0|^(?!.*task="webhook",state)/m,
  );
  for (const text of [figures, await metrics(api)]) expect(text).toContain("gateway_worker_processes 1");
}, 60_000);

test("losing Redis loses no job", async () => {
  const { port } = redis;
  await redis.stop();
  try {
    await nothingLost(await newNight());
  } finally {
    redis = await startRedis({ port });
  }
  await nothingLost(await newNight());
}, 60_000);

test("PostgreSQL restarted under a worker with a job under way: the job is done, and the worker goes on by itself", async () => {
  const before = worker!;
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 2_000 });
  const first = await newNight();
  await until("a job under way", running);
  const port = Number(new URL(postgres.url).port);
  await postgres.stop();
  expect((await ready(before)).code).toBe(503);
  await startPostgres(port);
  vendor.simulator.faults.clear();
  await until("the worker", async () => (await ready(before)).code === 200, 30_000);
  await nothingLost(first, 60_000);
  await nothingLost(await newNight());
  expect(before.child.exitCode).toBeNull();
}, 120_000);

test("kill -9 of a worker with a job under way: another one does it within a minute", async () => {
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 3_000 });
  const acknowledged = await newNight();
  await until("a job under way", running);
  const other = await start("worker");
  expect(await running()).toBe(true);
  await worker!.stop("SIGKILL");
  const killedAt = performance.now();
  vendor.simulator.faults.clear();
  worker = other;
  await nothingLost(acknowledged, 60_000);
  console.log(`kill -9 of a worker: its job was done by another after ${Math.round(performance.now() - killedAt)} ms`);
}, 120_000);

test("SIGTERM: the job under way is finished, and none is left taken", async () => {
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 400 });
  await newNight();
  await until("a job under way", running);
  const [open, begun] = [await untold(), performance.now()];
  expect(await worker!.stop("SIGTERM")).toBe(0);
  console.log(`SIGTERM with a job under way: ended after ${Math.round(performance.now() - begun)} ms`);
  // What came while it ran may have a job of its own, for later.
  expect([await running(), (await untold()) < open]).toEqual([false, true]);
  vendor.simulator.faults.clear();
  worker = await start("worker");
  await nothingLost(await newNight());
}, 60_000);

test("a poisoned job goes aside and holds up nobody; an operator sees it, has it tried again, and discards it", async () => {
  const { key, prefix, hash } = mintKey();
  await createKeyStore(database).add({ name: "operator", scopes: ["admin"], expiresAt: null, prefix, hash });
  await database.application((tx) =>
    tx.query("SELECT graphile_worker.add_job('webhook', '{\"secret\":\"canary\"}'::json, max_attempts => 1)"),
  );
  const failed = async () => {
    const query = "{ admin { jobs { aside } failedJobs { nodes { id task attempts error } } } }";
    const { data } = await api.graphql(query, {}, key);
    return (data as unknown as { admin: { failedJobs: { nodes: { id: string }[] } } }).admin.failedJobs.nodes;
  };
  await until("the failure", async () => (await failed()).length === 1);
  expect(await failed()).toEqual([{ id: expect.any(String), task: "webhook", attempts: 1, error: "ZodError" }]);
  expect(await metrics(api)).toMatch(/gateway_jobs\{lane="live",task="webhook",state="aside"\} 1/);
  vendor.simulator.people.newNight(USER);
  await until("the night's webhooks", async () => {
    const [row] = await database.directory<{ open: number; all: number }>(
      "SELECT count(*) FILTER (WHERE done_at IS NULL)::int AS open, count(*)::int AS all FROM webhook_inbox",
      [],
    );
    return row?.open === 0 && row.all === events();
  });
  const [job] = await failed();
  const { id } = job!;
  expect((await jobs("failed")).stdout).toMatch(new RegExp(`^ID.*\\n${id}  webhook  1 .*Z  ZodError\\n$`));
  expect((await jobs("list")).stdout).toMatch(/^webhook +[01] +0 +1 +-$/m);
  expect((await jobs("retry", "all")).stdout).toBe(`to be tried again: ${id}\n`);
  expect(await jobs("discard", "'; --")).toMatchObject({ code: 1, stderr: "discard: expected ids, or all\n" });
  for (const mutation of ["retryFailedJobs", "discardFailedJobs"]) {
    await until("it to be aside", async () => (await failed()).length === 1);
    const { data } = await api.graphql(`mutation { ${mutation}(input: { ids: ["${id}"] }) { ids } }`, undefined, key);
    expect(data).toEqual({ [mutation]: { ids: [id] } });
  }
  expect(await failed()).toEqual([]);
  expect(worker!.output() + api.output()).not.toContain("canary");
}, 60_000);
