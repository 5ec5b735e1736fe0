import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Fault } from "../../src/simulator/faults";
import type { ViewerAnswer } from "../support/answers";
import { daysAgo, FOUR_SCORES, METRICS } from "../support/four-metrics";
import { type Answer, type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { linked } from "../support/newcomer";
import { startRedis, type ThrowawayRedis } from "../support/redis-server";
import { type FreshDatabase, migratedCopy } from "../support/services";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy";
import { dataCalls, startVendor, type Vendor } from "../support/vendor";

const KNOWN = { start: daysAgo(20), end: daysAgo(1) };
const CONNECT = "mutation { connectProvider(input: {provider: OURA}) { authorizationUrl userErrors { code } } }";
const UNKNOWN = { start: daysAgo(40), end: daysAgo(30) };

let vendor: Vendor;
let database: FreshDatabase;
let redis: ThrowawayRedis;
let wire: TcpProxy;
let gateway: GatewayProcess;

beforeAll(async () => {
  [vendor, database, redis] = await Promise.all([startVendor(), migratedCopy(), startRedis()]);
  const url = new URL(database.url);
  wire = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.hostname = "127.0.0.1";
  url.port = String(wire.port);
  gateway = await startGateway({ env: { ...vendor.env, DATABASE_URL: url.href, REDIS_URL: redis.url } });
}, 60_000);
afterAll(async () => {
  wire?.mend();
  await stopAll(gateway);
  await Promise.all([wire?.stop(), redis?.stop(), vendor?.simulator.stop()]);
  await database?.drop();
});
afterEach(() => vendor.simulator.reset());

const ask = (token: string, range = KNOWN, age: number | null = null): Promise<Answer> =>
  gateway.graphql(FOUR_SCORES, { range, age }, token);

/** A person whose days of KNOWN are known, and what was answered. */
async function reader(name: string): Promise<{ token: string; before: ViewerAnswer }> {
  const token = `demo:${name}`;
  await linked(gateway, { token, user: name });
  const { data, errors } = await ask(token);
  expect(errors).toEqual([]);
  for (const metric of METRICS) expect(data.viewer[metric].issues).toEqual([]);
  return { token, before: data.viewer };
}

const codes = (viewer: ViewerAnswer) => METRICS.map((metric) => viewer[metric].issues.map(({ code }) => code).sort());

/** Asks again and again while something happens; every answer with how long it took, in milliseconds. */
async function whileAsking(
  token: string,
  during: () => Promise<void>,
): Promise<{ answers: Answer[]; slowest: number }> {
  const answers: Answer[] = [];
  let slowest = 0;
  let over = false;
  const readers = Array.from({ length: 5 }, async () => {
    while (!over) {
      const begun = performance.now();
      answers.push(await ask(token));
      slowest = Math.max(slowest, performance.now() - begun);
    }
  });
  await during();
  over = true;
  await Promise.all(readers);
  return { answers, slowest };
}

describe("Redis", () => {
  test.each<[string, () => Promise<void>]>([
    [
      "stopped for 3 s",
      async () => {
        redis.signal("SIGSTOP");
        await sleep(3_000);
        redis.signal("SIGCONT");
        await sleep(500);
      },
    ],
    [
      "killed, and back after a second",
      async () => {
        const { port } = redis;
        await redis.stop();
        await sleep(1_000);
        redis = await startRedis({ port });
        await sleep(500);
      },
    ],
  ])("%s fails no query", async (what, fault) => {
    const { token, before } = await reader(`redis-${what.split(" ")[0]?.replace(",", "")}`);
    const { answers, slowest } = await whileAsking(token, fault);
    const failed = answers.filter(({ errors }) => errors.length > 0);
    console.log(`Redis ${what}: ${answers.length} queries, ${failed.length} failed, slowest ${Math.round(slowest)} ms`);
    expect(failed).toEqual([]);
    for (const { data } of answers) expect(data.viewer).toEqual(before);
    const ready = (await (await fetch(`${gateway.url}/readyz`)).json()) as { status: string };
    expect(["ok", "degraded"]).toContain(ready.status);
    // Cold reads, flights and linking do without as well.
    expect(
      (await reader(`after-redis-${what.split(" ")[0]?.replace(",", "")}`)).before.sleep.nodes.length,
    ).toBeGreaterThan(10);
  });
});

describe("PostgreSQL", () => {
  /** Known days with STALE_DATA, or the whole field refused as SERVICE_DEGRADED; nothing else. */
  function expectDegraded({ status, data, errors }: Answer, before: ViewerAnswer): "stale" | "refused" {
    if (errors.length > 0) {
      expect([200, 503]).toContain(status);
      expect([...new Set(errors.map(({ extensions }) => extensions?.code))]).toEqual(["SERVICE_DEGRADED"]);
      return "refused";
    }
    for (const metric of METRICS) {
      expect(data.viewer[metric].nodes).toEqual(before[metric].nodes);
      expect(data.viewer[metric].issues.map(({ code }) => code)).toEqual(["STALE_DATA"]);
    }
    return "stale";
  }

  test.each<[string, () => void]>([
    ["cut off", () => wire.cut()],
    ["silent", () => wire.freeze()],
  ])(
    "%s: cached days are answered as STALE_DATA, others as SERVICE_DEGRADED; then everything again",
    async (what, fault) => {
      const { token, before } = await reader(`postgres-${what.replace(" ", "-")}`);
      fault();
      await sleep(1_100);
      const begun = performance.now();
      const first = await ask(token);
      const took = Math.round(performance.now() - begun);
      expect(expectDegraded(first, before)).toBe("stale");
      const other = await ask(token, UNKNOWN);
      expect([...new Set(other.errors.map(({ extensions }) => extensions?.code))]).toEqual(["SERVICE_DEGRADED"]);
      const stranger = await ask("demo:never-seen-before");
      expect(stranger.errors[0]?.extensions?.code).toBe("SERVICE_DEGRADED");
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
      wire.mend();
      const back = performance.now();
      for (;;) {
        const answer = await ask(token);
        if (answer.errors.length === 0 && answer.data.viewer.sleep.issues.length === 0) {
          expect(answer.data.viewer).toEqual(before);
          break;
        }
        expectDegraded(answer, before);
        if (performance.now() - back > 10_000) throw new Error("not recovered 10 s after PostgreSQL came back");
        await sleep(50);
      }
      console.log(
        `PostgreSQL ${what}: answered stale after ${took} ms, whole again after ${Math.round(performance.now() - back)} ms`,
      );
      expect((await ask(token, UNKNOWN)).data.viewer.sleep.nodes.length).toBeGreaterThan(5);
    },
    60_000,
  );

  test("cut off: clocks, mutations and the way back say SERVICE_DEGRADED, and are no internal error", async () => {
    const { token } = await reader("postgres-cut-off-elsewhere");
    wire.cut();
    try {
      const clock = await gateway.graphql("{ viewer { accounts { lastSyncedAt } } }", {}, token);
      const connecting = await gateway.graphql(CONNECT, {}, token);
      for (const { errors } of [clock, connecting]) expect(errors[0]?.extensions?.code).toBe("SERVICE_DEGRADED");
      const wayBack = await fetch(`${gateway.url}/oauth/oura/callback?code=any&state=${"s".repeat(43)}`);
      expect([wayBack.status, await wayBack.text()]).toEqual([503, expect.stringContaining("load this page again")]);
    } finally {
      wire.mend();
    }
    for (let waited = 0; (await fetch(`${gateway.url}/readyz`)).status !== 200 && waited < 10_000; waited += 50)
      await sleep(50);
  });

  test("ending every session is survived", async () => {
    const { token, before } = await reader("terminated");
    const admin = new Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    await admin.end();
    await sleep(1_100);
    const first = await ask(token);
    if (first.errors.length > 0 || first.data.viewer.sleep.issues.length > 0) expectDegraded(first, before);
    await sleep(1_100);
    expect(await ask(token)).toMatchObject({ errors: [], data: { viewer: before } });
  });
});

describe("the vendor", () => {
  type Vendored = readonly [what: string, fault: Fault, issue: string, absence: string];
  test.each<Vendored>([
    ["500", { kind: "data", effect: "server_error", status: 500 }, "PROVIDER_UNAVAILABLE", "ERROR"],
    ["HTML", { kind: "data", effect: "html" }, "PROVIDER_RESPONSE_INVALID", "ERROR"],
    ["truncated", { kind: "data", effect: "truncated" }, "PROVIDER_RESPONSE_INVALID", "ERROR"],
    ["null", { kind: "data", effect: "set", pointer: "", value: null }, "PROVIDER_RESPONSE_INVALID", "ERROR"],
    ["a list", { kind: "data", effect: "set", pointer: "", value: [] }, "PROVIDER_RESPONSE_INVALID", "ERROR"],
    ["nothing", { kind: "data", effect: "empty" }, "PROVIDER_RESPONSE_INVALID", "ERROR"],
    ["a reset", { kind: "data", effect: "reset" }, "PROVIDER_UNAVAILABLE", "ERROR"],
    [
      "repeated-page",
      { kind: "data", effect: "repeated_cursor", pointer: "/next_token" },
      "PROVIDER_RESPONSE_INVALID",
      "ERROR",
    ],
    ["silence", { kind: "data", effect: "hang" }, "PROVIDER_UNAVAILABLE", "NOT_YET_SYNCED"],
    ["429", { kind: "data", effect: "rate_limited", retryAfter: "1" }, "RATE_LIMITED", "ERROR"],
  ])(
    "answering %s: issues and absences of the unknown days, STALE_DATA on the known ones, then all is well",
    async (what, fault, issue, absence) => {
      const { token, before } = await reader(`vendor-${what.replace(" ", "-")}`);
      if (what === "repeated-page") vendor.simulator.change({ pageSize: 3 });
      vendor.simulator.faults.add(fault);
      const [stale, missing] = await Promise.all([ask(token, KNOWN, 0), ask(token, UNKNOWN)]);
      expect([stale.errors, missing.errors]).toEqual([[], []]);
      expect(codes(stale.data.viewer)).toEqual(METRICS.map(() => [issue, "STALE_DATA"].sort()));
      for (const metric of METRICS) {
        expect(stale.data.viewer[metric].nodes).toEqual(before[metric].nodes);
        expect(missing.data.viewer[metric].nodes).toEqual([]);
        expect(missing.data.viewer[metric].absences).toMatchObject([
          { firstDay: UNKNOWN.start, lastDay: UNKNOWN.end, provider: "OURA", reason: absence },
        ]);
      }
      expect(codes(missing.data.viewer)).toEqual(METRICS.map(() => [issue]));
      // What failed left nothing behind that looks known.
      vendor.simulator.reset();
      if (what === "silence") return;
      if (what === "429") await sleep(1_500);
      const healed = await ask(token, UNKNOWN);
      expect(codes(healed.data.viewer)).toEqual(METRICS.map(() => []));
      expect(healed.data.viewer.sleep.nodes.length).toBeGreaterThan(5);
    },
  );

  test("a 429 that names a time is not asked again before it", async () => {
    const { token } = await reader("patient");
    vendor.simulator.faults.add({ kind: "data", effect: "rate_limited", retryAfter: "60", times: 1 });
    vendor.simulator.resetCalls();
    const first = await ask(token, { start: daysAgo(60), end: daysAgo(60) });
    const retryAt = first.data.viewer.sleep.issues[0]?.retryAt ?? first.data.viewer.activity.issues[0]?.retryAt;
    const calls = dataCalls(vendor.simulator).length;
    const again = await Promise.all([70, 80, 90].map((ago) => ask(token, { start: daysAgo(ago), end: daysAgo(ago) })));
    expect(dataCalls(vendor.simulator)).toHaveLength(calls);
    for (const { data } of again) expect(codes(data.viewer)).toEqual(METRICS.map(() => ["RATE_LIMITED"]));
    expect(again[0]?.data.viewer.hrv.issues[0]?.retryAt ?? retryAt).toMatch(/^\d{4}-\d\d-\d\dT/);
  });
});
