import { Client } from "pg";
import { daysAgo, FOUR_SCORES, METRICS, untilInTime } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { type Linking, linked } from "../support/newcomer";
import { type FreshDatabase, freshRedis, migratedCopy } from "../support/services";
import { dataCalls, startVendor, type Vendor } from "../support/vendor";

const RANGE = { start: daysAgo(20), end: daysAgo(1) };
const ACCOUNTS = "{ viewer { accounts { id provider status grantedScopes connectedAt } } }";
const DISCONNECT = `mutation ($erase: Boolean!) { disconnectProvider(input: { provider: OURA, deleteData: $erase }) {
  provider revokedAtProvider deletedRecords userErrors { code } } }`;

let vendor: Vendor;
let database: FreshDatabase;
let sql: Client;
let gateway: GatewayProcess;

beforeAll(async () => {
  vendor = await startVendor();
  database = await migratedCopy();
  const redis = await freshRedis();
  gateway = await startGateway({
    env: { ...vendor.env, DATABASE_URL: database.url, REDIS_URL: redis.url },
  });
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
}, 60_000);
afterAll(async () => {
  await stopAll(gateway);
  await sql?.end();
  await vendor?.simulator.stop();
  await database?.drop();
});
beforeEach(() => vendor.simulator.resetCalls());
afterEach(() => vendor.simulator.reset());

/** Somebody of this test's own, the same name here and at the vendor. */
const somebody = (name: string): Linking & { token: string } => ({ token: `demo:${name}`, user: name });
const requestsTo = (kind: string) => vendor.simulator.calls().filter((call) => call.kind === kind).length;
const accountsOf = async (token: string) => (await gateway.graphql(ACCOUNTS, {}, token)).data.viewer.accounts;

async function scores(token: string, age: number | null = null, range = RANGE) {
  const { data, errors } = await gateway.graphql(FOUR_SCORES, { range, age }, token);
  expect(errors).toEqual([]);
  return data.viewer;
}

async function rowsOf(table: string, name: string): Promise<number> {
  const query = `SELECT count(*)::int AS count FROM ${table} WHERE person_id = (SELECT id FROM people WHERE external_id = $1)`;
  return (await sql.query<{ count: number }>(query, [name])).rows[0]?.count ?? -1;
}

describe("disconnecting", () => {
  test("revokes at the vendor, forgets the tokens, keeps the records; linking again finds them", async () => {
    await linked(gateway, somebody("pausing"));
    const before = await scores("demo:pausing");
    const [account] = await accountsOf("demo:pausing");
    const { data } = await gateway.graphql(DISCONNECT, { erase: false }, "demo:pausing");
    expect(data.disconnectProvider).toEqual({
      provider: "OURA",
      revokedAtProvider: true,
      deletedRecords: null,
      userErrors: [],
    });
    expect(requestsTo("revoke")).toBe(1);
    expect(await accountsOf("demo:pausing")).toEqual([]);
    expect(await rowsOf("grants", "pausing")).toBe(0);
    expect(await rowsOf("records", "pausing")).toBeGreaterThan(50);
    expect((await scores("demo:pausing")).sleep).toMatchObject({ nodes: [], absences: [], issues: [] });

    await linked(gateway, somebody("pausing"));
    vendor.simulator.resetCalls();
    expect((await accountsOf("demo:pausing"))[0]?.id).toBe(account?.id);
    expect((await scores("demo:pausing")).sleep.nodes).toEqual(before.sleep.nodes);
    expect(dataCalls(vendor.simulator)).toEqual([]);
  });

  test("with deleteData leaves no row of the person's data", async () => {
    await linked(gateway, somebody("erasing"));
    await scores("demo:erasing");
    const records = await rowsOf("records", "erasing");
    const { data } = await gateway.graphql(DISCONNECT, { erase: true }, "demo:erasing");
    expect(data.disconnectProvider).toMatchObject({ revokedAtProvider: true, deletedRecords: records, userErrors: [] });
    const tables = [
      "grants",
      "records",
      "raw_documents",
      "set_aside_documents",
      "coverage_days",
      "coverage_settled",
      "fetches",
    ];
    for (const table of tables) expect([table, await rowsOf(table, "erasing")]).toEqual([table, 0]);
    // Linked again, everything is fetched anew.
    await linked(gateway, somebody("erasing"));
    vendor.simulator.resetCalls();
    expect((await scores("demo:erasing")).sleep.nodes.length).toBeGreaterThan(10);
    expect(dataCalls(vendor.simulator)).toHaveLength(4);
  });

  test("what is not linked says NOT_CONNECTED", async () => {
    const { data } = await gateway.graphql(DISCONNECT, { erase: true }, "demo:nobody");
    expect(data.disconnectProvider).toMatchObject({ revokedAtProvider: null, userErrors: [{ code: "NOT_CONNECTED" }] });
  });

  test("another vendor user under the same person makes another account", async () => {
    await linked(gateway, { token: "demo:switcher", user: "switcher-one" });
    const [first] = await accountsOf("demo:switcher");
    await linked(gateway, { token: "demo:switcher", user: "switcher-two" });
    const accounts = await accountsOf("demo:switcher");
    expect(accounts).toMatchObject([{ status: "ACTIVE" }]);
    expect(accounts[0]?.id).not.toBe(first?.id);
    expect(requestsTo("revoke")).toBe(1);
  });
});

describe("syncProvider", () => {
  const SYNC = `mutation ($range: DateRange!) { syncProvider(input: { provider: OURA, range: $range }) {
    account { id status lastSyncedAt } fetchedRecords userErrors { code } } }`;

  test("fetches again what every cache has", async () => {
    await linked(gateway, somebody("syncing"));
    await scores("demo:syncing");
    vendor.simulator.resetCalls();
    const { data } = await gateway.graphql(SYNC, { range: RANGE }, "demo:syncing");
    expect(data.syncProvider.userErrors).toEqual([]);
    expect(data.syncProvider.fetchedRecords).toBeGreaterThan(50);
    expect(data.syncProvider.account?.lastSyncedAt).toMatch(/^\d{4}-/);
    expect(dataCalls(vendor.simulator)).toHaveLength(4);
  });

  test("says NOT_CONNECTED and RATE_LIMITED", async () => {
    const none = await gateway.graphql(SYNC, { range: RANGE }, "demo:nobody");
    expect(none.data.syncProvider).toMatchObject({ fetchedRecords: null, userErrors: [{ code: "NOT_CONNECTED" }] });
    await linked(gateway, somebody("limited"));
    vendor.simulator.faults.add({ kind: "data", effect: "rate_limited", retryAfter: "2" });
    const limited = await gateway.graphql(SYNC, { range: RANGE }, "demo:limited");
    expect(limited.data.syncProvider.userErrors).toMatchObject([{ code: "RATE_LIMITED" }]);
  });
});

describe("tokens", () => {
  test("that expired are refreshed once for 20 callers", async () => {
    vendor.simulator.change({ accessTokenSeconds: 2 });
    await linked(gateway, somebody("expiring"));
    vendor.simulator.change({ accessTokenSeconds: null });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    vendor.simulator.resetCalls();
    vendor.simulator.faults.add({ kind: "refresh", effect: "delay", ms: 200, workFirst: true });
    const ranges = Array.from({ length: 20 }, (_, index) => ({ start: daysAgo(40 + index), end: daysAgo(40 + index) }));
    const answers = await Promise.all(ranges.map((range) => untilInTime(() => scores("demo:expiring", null, range))));
    console.log(`one expiry, 20 callers: ${requestsTo("refresh")} token request`);
    expect(requestsTo("refresh")).toBe(1);
    expect(vendor.simulator.killedGrants()).toEqual([]);
    expect(answers.flatMap(({ sleep }) => sleep.issues)).toEqual([]);
    expect((await accountsOf("demo:expiring"))[0]?.status).toBe("ACTIVE");
  });

  test("that the vendor refuses for good: RECONNECT_REQUIRED, known days still answered, linking again mends it", async () => {
    await linked(gateway, somebody("withdrawn"));
    const before = await scores("demo:withdrawn");
    const [account] = await accountsOf("demo:withdrawn");
    vendor.simulator.withdraw("withdrawn");
    const after = await scores("demo:withdrawn", 0);
    for (const metric of METRICS) {
      expect(after[metric].nodes).toEqual(before[metric].nodes);
      const codes = after[metric].issues.map(({ code }) => code).sort();
      expect(codes).toEqual(["RECONNECT_REQUIRED", "STALE_DATA"]);
    }
    expect(await accountsOf("demo:withdrawn")).toMatchObject([{ id: account?.id, status: "RECONNECT_REQUIRED" }]);
    const unknown = await scores("demo:withdrawn", null, { start: daysAgo(60), end: daysAgo(55) });
    expect(unknown.sleep.absences).toMatchObject([{ reason: "ERROR" }]);
    expect(unknown.sleep.issues).toMatchObject([{ code: "RECONNECT_REQUIRED" }]);

    await linked(gateway, somebody("withdrawn"));
    expect(await accountsOf("demo:withdrawn")).toMatchObject([{ id: account?.id, status: "ACTIVE" }]);
    expect((await scores("demo:withdrawn", 0)).sleep).toMatchObject({ issues: [], nodes: before.sleep.nodes });
  });
});
