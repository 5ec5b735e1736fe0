import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { daysAgo, FOUR_SCORES, METRICS } from "../support/four-metrics";
import { Clouds, linkFour, WEARABLES } from "../support/four-wearables";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { linked } from "../support/newcomer";
import { type FreshDatabase, freshDatabase } from "../support/services";
import { subscriptionClient } from "../support/subscriber";
import { dataCalls, startVendor, type Vendor } from "../support/vendor";

const BACKFILL = "provider backfill { metric state daysDone daysTotal retryAt }";
const DISCONNECT = "mutation { disconnectProvider(input: { provider: OURA }) { userErrors { code } } }";

interface Told {
  readonly provider: string;
  readonly status: string;
  readonly lastPolledAt: string | null;
  readonly lastDataAt: string | null;
  readonly backfill: readonly {
    metric: string;
    state: string;
    daysDone: number;
    daysTotal: number;
    retryAt: string | null;
  }[];
  readonly syncRuns: {
    readonly nodes: readonly {
      trigger: string;
      finishedAt: string | null;
      recordsCreated: number;
      errors: readonly unknown[];
    }[];
  };
}

let vendor: Vendor;
let database: FreshDatabase;
let sql: Client;
/** Without Redis: what one fetches the other hears of from the database alone. */
let api: GatewayProcess;
let worker: GatewayProcess;

const settings = (roles: string) => ({
  ...vendor.env,
  DATABASE_URL: database.url,
  ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString("base64")}`,
  ROLES: roles,
  BACKFILL_DAYS: "365",
  SYNC_CRON: "5 4 * * *",
});

beforeAll(async () => {
  vendor = await startVendor();
  database = await freshDatabase();
  api = await startGateway({ env: settings("api") });
  worker = await startGateway({ env: settings("worker") });
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
}, 120_000);
afterAll(async () => {
  await stopAll(api, worker);
  await sql?.end();
  await vendor?.simulator.stop();
  await database?.drop();
});
beforeEach(() => vendor.simulator.resetCalls());
afterEach(() => vendor.simulator.reset());

const somebody = (name: string) => ({ token: `demo:${name}`, user: name });

async function told(gateway: GatewayProcess, token: string, more = ""): Promise<readonly Told[]> {
  const { data, errors } = await gateway.graphql(`{ viewer { accounts { status ${BACKFILL} ${more} } } }`, {}, token);
  expect(errors).toEqual([]);
  return data.viewer.accounts as unknown as readonly Told[];
}

async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(seen)} after ${withinMs} ms`);
    await sleep(50);
  }
}

const isWhole = (accounts: readonly Told[]) =>
  accounts.length > 0 &&
  accounts.every(({ backfill }) => backfill.length > 0 && backfill.every(({ state }) => state === "DONE"));

const pages = () => dataCalls(vendor.simulator).map(({ endpoint, query }) => `${endpoint} ${JSON.stringify(query)}`);

test("linking shows its history live, to a subscriber of another process than the one that fetches", async () => {
  vendor.simulator.change({ pageSize: 20 });
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 40 });
  const client = subscriptionClient(api.url, { token: "demo:live" });
  const progress = client.subscribe<Told>(`subscription { syncProgress { status ${BACKFILL} } }`);
  try {
    await linked(api, somebody("live"));
    await until(
      async () => progress.events.at(-1)?.backfill ?? [],
      (metrics) => metrics.length === 4 && metrics.every(({ state }) => state === "DONE"),
    );
  } finally {
    await client.close();
  }
  expect(progress.errors).toEqual([]);
  const sleepDays = progress.events.flatMap(({ backfill }) => backfill.filter(({ metric }) => metric === "SLEEP"));
  const counts = sleepDays.map(({ daysDone }) => daysDone);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(new Set(counts).size).toBeGreaterThanOrEqual(4);
  expect(sleepDays.at(-1)).toMatchObject({ daysDone: 365, daysTotal: 365, retryAt: null });
  expect(new Set(pages()).size).toBe(pages().length);
  // What is there needs nobody any more.
  vendor.simulator.resetCalls();
  const range = { start: daysAgo(363), end: daysAgo(10) };
  const { data } = await api.graphql(FOUR_SCORES, { range }, "demo:live");
  for (const metric of METRICS) expect(data.viewer[metric].nodes.length).toBeGreaterThan(300);
  expect(dataCalls(vendor.simulator)).toEqual([]);
  const [account] = await told(
    api,
    "demo:live",
    "lastPolledAt lastDataAt syncRuns(first: 5) { nodes { trigger finishedAt recordsCreated errors { code } } }",
  );
  expect(account!.syncRuns.nodes).toEqual([
    { trigger: "BACKFILL", finishedAt: expect.any(String), recordsCreated: expect.any(Number), errors: [] },
  ]);
  expect(account!.syncRuns.nodes[0]!.recordsCreated).toBeGreaterThan(1_200);
  expect(account!.lastPolledAt).not.toBeNull();
  expect(account!.lastDataAt).not.toBeNull();
}, 120_000);

test("disconnecting ends it; linking again goes on with what is missing", async () => {
  vendor.simulator.change({ pageSize: 10 });
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 60 });
  await linked(api, somebody("leaver"));
  await until(
    async () => pages().length,
    (count) => count >= 25,
  );
  const { data } = await api.graphql(DISCONNECT, {}, "demo:leaver");
  expect(data.disconnectProvider.userErrors).toEqual([]);
  await sleep(1_000);
  const stopped = pages().length;
  await sleep(1_500);
  expect(pages().length).toBe(stopped);
  expect(await told(api, "demo:leaver")).toEqual([]);
  const [{ left }] = (
    await sql.query("SELECT count(*)::int AS left FROM graphile_worker.jobs WHERE task_identifier = 'backfill'")
  ).rows;
  expect(left).toBe(0);
  vendor.simulator.resetCalls();
  await linked(api, somebody("leaver"));
  await until(() => told(api, "demo:leaver"), isWhole);
  expect(new Set(pages()).size).toBe(pages().length);
  const { rows } = await sql.query(
    `SELECT endpoint, day::date::text FROM fetches f JOIN people p ON p.id = f.person_id, unnest(days) AS r, generate_series(lower(r), upper(r) - 1, '1 day') AS day
     WHERE p.external_id = 'leaver' GROUP BY 1, 2 HAVING count(*) > 1`,
  );
  expect(rows).toEqual([]);
}, 120_000);

test("where the person withdraws access mid-way it stops and says so; completing the reconnect resumes it", async () => {
  vendor.simulator.change({ pageSize: 10 });
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 60 });
  await linked(api, somebody("withdrawn"));
  await until(
    async () => pages().length,
    (count) => count >= 20,
  );
  vendor.simulator.withdraw("withdrawn");
  const [refused] = await until(
    () => told(api, "demo:withdrawn"),
    ([account]) =>
      account!.status === "RECONNECT_REQUIRED" && account!.backfill.every(({ state }) => state === "FAILED"),
  );
  expect(refused!.backfill.map(({ daysDone, daysTotal }) => daysDone < daysTotal)).toEqual([true, true, true, true]);
  vendor.simulator.resetCalls();
  await linked(api, somebody("withdrawn"));
  await until(() => told(api, "demo:withdrawn"), isWhole);
  expect(new Set(pages()).size).toBe(pages().length);
}, 120_000);

test("while the vendor asks to wait, it says until when", async () => {
  vendor.simulator.faults.add({ kind: "data", endpoint: "sleep", effect: "rate_limited", retryAfter: "4", times: 1 });
  await linked(api, somebody("patient"));
  const [waiting] = await until(
    () => told(api, "demo:patient"),
    ([account]) => account!.backfill.some(({ state }) => state === "WAITING"),
  );
  const { retryAt } = waiting!.backfill.find(({ state }) => state === "WAITING")!;
  expect(Date.parse(retryAt!) - Date.now()).toBeGreaterThan(-1_000);
  expect(Date.parse(retryAt!) - Date.now()).toBeLessThan(12_000);
  await until(() => told(api, "demo:patient"), isWhole);
}, 120_000);

test("a worker that is told to stop ends well within its time, and another goes on", async () => {
  vendor.simulator.change({ pageSize: 10 });
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 300 });
  await linked(api, somebody("moving"));
  await until(
    async () => pages().length,
    (count) => count >= 10,
  );
  const begun = performance.now();
  expect(await worker.stop("SIGTERM")).toBe(0);
  console.log(`a worker with history under way stopped after ${Math.round(performance.now() - begun)} ms`);
  vendor.simulator.faults.clear();
  worker = await startGateway({ env: settings("worker") });
  await until(() => told(api, "demo:moving"), isWhole);
  // Nothing that was there when it stopped was asked for again.
  expect(new Set(pages()).size).toBe(pages().length);
}, 120_000);

test("the clock knows of the nights", async () => {
  const { rows } = await sql.query("SELECT identifier FROM graphile_worker._private_known_crontabs ORDER BY 1");
  expect(rows.map(({ identifier }) => identifier)).toContain("reconcile");
});

test("all four wearables are fetched as far as each reaches, nothing twice", async () => {
  const own = await freshDatabase();
  const gateway = await startGateway({ env: { DATABASE_URL: own.url, BACKFILL_DAYS: "120" } });
  try {
    const clouds: Clouds = await linkFour(gateway, {});
    const accounts = await until(
      async () => {
        const { data } = await gateway.graphql(`{ viewer { accounts { status ${BACKFILL} } } }`);
        return data.viewer.accounts as unknown as readonly Told[];
      },
      (seen) => seen.length === 4 && isWhole(seen),
      100_000,
    );
    for (const { provider, backfill } of accounts) {
      console.log(
        `${provider}: ${backfill.map(({ metric, daysDone, daysTotal }) => `${metric} ${daysDone}/${daysTotal}`).join(", ")}`,
      );
      for (const { daysDone, daysTotal } of backfill) expect(daysDone).toBe(daysTotal);
    }
    for (const name of WEARABLES) {
      const asked = (await clouds.calls(name)).map(
        ({ method, path, query }) => `${method} ${path} ${JSON.stringify(query)}`,
      );
      expect(asked.length).toBeGreaterThan(0);
      // Where the question is in the body its text is not in the log.
      if (name !== "WITHINGS") expect([name, asked.length - new Set(asked).size]).toEqual([name, 0]);
    }
  } finally {
    await gateway.stop();
    await own.drop();
  }
}, 150_000);
