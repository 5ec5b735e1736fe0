import { createHash } from "node:crypto";
import { civilDay } from "../../src/domain/days";
import type { Call } from "../../src/simulator/calls";
import { daysAgo, FOUR_SCORES, METRICS, plusDays, untilInTime } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { consent, linked } from "../support/newcomer";
import { type FreshDatabase, freshRedis, migratedCopy } from "../support/services";
import { CLIENT, dataCalls, startVendor, type Vendor } from "../support/vendor";

const ENDPOINTS = ["daily_activity", "daily_readiness", "daily_sleep", "sleep"];
/** Days beside the asked ones that an endpoint may be asked for, by its fact sheet. */
const MARGIN: Readonly<Record<string, readonly [before: number, after: number]>> = {
  daily_activity: [1, 1],
  daily_readiness: [1, 1],
  daily_sleep: [1, 1],
  sleep: [1, 2],
};
const RANGE = { start: daysAgo(30), end: daysAgo(1) };
const REDIRECT = "http://localhost/newcomer";

let vendor: Vendor;
let database: FreshDatabase;
let gateways: [GatewayProcess, GatewayProcess];

beforeAll(async () => {
  vendor = await startVendor();
  database = await migratedCopy();
  const redis = await freshRedis();
  const directory = { ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString("base64")}` };
  const env = { ...vendor.env, ...directory, DATABASE_URL: database.url, REDIS_URL: redis.url };
  // One after the other, as the first migrates; a callback may reach either.
  gateways = [await startGateway({ env }), await startGateway({ env })];
}, 120_000);
afterAll(async () => {
  await stopAll(...(gateways ?? []));
  await vendor?.simulator.stop();
  await database?.drop();
});
beforeEach(() => vendor.simulator.resetCalls());
afterEach(() => vendor.simulator.reset());

async function ask(gateway: GatewayProcess, token: string, range = RANGE) {
  const viewer = await untilInTime(async () => {
    const { data, errors } = await gateway.graphql(FOUR_SCORES, { range }, token);
    expect(errors).toEqual([]);
    return data.viewer;
  });
  for (const metric of METRICS) expect(viewer[metric].issues).toEqual([]);
  return viewer;
}

function tell(what: string): readonly Call[] {
  const calls = dataCalls(vendor.simulator);
  console.log(`${what}: ${calls.length} requests to the provider`);
  return calls;
}

function endpointsOf(calls: readonly Call[]): (string | null)[] {
  return calls.map(({ endpoint }) => endpoint).sort();
}

test("30 days of four metrics take 4 requests; again 0; a week more only that week and its margin", async () => {
  await linked(gateways[0], { token: "demo:frugal", user: "frugal" });
  vendor.simulator.resetCalls();
  const first = await ask(gateways[0], "demo:frugal");
  expect(endpointsOf(tell("30 days of four metrics on a fresh account"))).toEqual(ENDPOINTS);
  expect(first.sleep.nodes.length).toBeGreaterThan(20);

  vendor.simulator.resetCalls();
  expect(await ask(gateways[0], "demo:frugal")).toEqual(first);
  expect(await ask(gateways[1], "demo:frugal")).toEqual(first);
  expect(tell("the same again, at both processes")).toEqual([]);

  const wider = { start: plusDays(RANGE.start, -7), end: RANGE.end };
  const more = await ask(gateways[0], "demo:frugal", wider);
  const calls = tell("widened by 7 days");
  expect(endpointsOf(calls)).toEqual(ENDPOINTS);
  for (const { endpoint, query } of calls) {
    const [before, after] = MARGIN[endpoint ?? ""] ?? [0, 0];
    const window = { start_date: plusDays(wider.start, -before), end_date: plusDays(RANGE.start, -1 + after) };
    expect([endpoint, query]).toEqual([endpoint, window]);
  }
  expect(more.sleep.nodes.slice(-first.sleep.nodes.length)).toEqual(first.sleep.nodes);
  expect(more.sleep.nodes.length).toBeGreaterThan(first.sleep.nodes.length);
});

test("200 simultaneous cold queries at two processes take the same 4 requests", async () => {
  await linked(gateways[0], { token: "demo:crowd", user: "crowd" });
  vendor.simulator.resetCalls();
  // Slow enough that every query is there before the first answer.
  vendor.simulator.faults.add({ kind: "data", effect: "delay", ms: 500 });
  const crowd = Array.from({ length: 200 }, (_, index) => ask(gateways[index % 2] as GatewayProcess, "demo:crowd"));
  const begun = performance.now();
  const answers = await Promise.all(crowd);
  console.log(`200 queries answered in ${Math.round(performance.now() - begun)} ms`);
  expect(endpointsOf(tell("200 simultaneous cold queries at two processes"))).toEqual(ENDPOINTS);
  const different = new Set(answers.map((answer) => JSON.stringify(answer)));
  expect(different.size).toBe(1);
  expect(answers[0]?.hrv.nodes.length).toBeGreaterThan(20);
});

test("where a page holds 10 documents, each page is asked for once, with the range repeated", async () => {
  const whole = await documents("paged");
  vendor.simulator.change({ pageSize: 10 });
  await linked(gateways[0], { token: "demo:paged", user: "paged" });
  vendor.simulator.resetCalls();
  await ask(gateways[0], "demo:paged");
  const calls = tell("30 days in pages of 10");
  const counted = Object.fromEntries(
    ENDPOINTS.map((name) => [name, calls.filter((call) => call.endpoint === name).length]),
  );
  const expected = Object.fromEntries(
    Object.entries(whole).map(([name, count]) => [name, Math.max(1, Math.ceil(count / 10))]),
  );
  console.log(`documents ${JSON.stringify(whole)}, pages ${JSON.stringify(counted)}`);
  expect(counted).toEqual(expected);
  for (const name of ENDPOINTS) {
    const ranges = calls
      .filter((call) => call.endpoint === name)
      .map(({ query }) => `${query["start_date"]} ${query["end_date"]}`);
    expect(new Set(ranges).size).toBe(1);
  }
});

/** How many documents the vendor has in each endpoint's window, asked without the gateway. */
async function documents(user: string): Promise<Record<string, number>> {
  const url = new URL(vendor.simulator.authorizeUrl);
  const verifier = "v".repeat(43);
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT.id,
    redirect_uri: REDIRECT,
    state: "any",
    code_challenge: challenge,
    code_challenge_method: "S256",
  }).toString();
  const back = new URL(await consent(url.href, { user }));
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code: back.searchParams.get("code") ?? "",
    redirect_uri: REDIRECT,
    client_id: CLIENT.id,
    client_secret: CLIENT.secret,
    code_verifier: verifier,
  });
  const tokens = (await (await fetch(vendor.simulator.tokenUrl, { method: "POST", body })).json()) as {
    access_token: string;
  };
  const counts = ENDPOINTS.map(async (name) => {
    const [before, after] = MARGIN[name] ?? [0, 0];
    const window = { start_date: plusDays(RANGE.start, -before), end_date: plusDays(RANGE.end, after) };
    const response = await fetch(
      `${vendor.simulator.origin}/v2/usercollection/${name}?${new URLSearchParams(window)}`,
      {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      },
    );
    return [name, ((await response.json()) as { data: unknown[] }).data.length] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

test("a change that one process commits is seen at the other within a second", async () => {
  await linked(gateways[0], { token: "demo:seen", user: "seen" });
  const day = daysAgo(3);
  const range = { start: day, end: day };
  const before = await ask(gateways[1], "demo:seen", range);
  expect(await ask(gateways[0], "demo:seen", range)).toEqual(before);
  vendor.simulator.people.revise({ endpoint: "daily_activity", day: civilDay(day), user: "seen" });
  const sync = `mutation ($range: DateRange!) { syncProvider(input: { provider: OURA, range: $range }) {
    fetchedRecords userErrors { code } } }`;
  const synced = await gateways[0].graphql(sync, { range }, "demo:seen");
  expect(synced.data.syncProvider.userErrors).toEqual([]);
  const committed = performance.now();
  const changed = await ask(gateways[0], "demo:seen", range);
  expect(changed.activity.nodes).not.toEqual(before.activity.nodes);
  for (;;) {
    const other = await ask(gateways[1], "demo:seen", range);
    const after = performance.now() - committed;
    if (JSON.stringify(other.activity) === JSON.stringify(changed.activity)) {
      console.log(`a change was seen at the other process after ${Math.round(after)} ms`);
      break;
    }
    if (after > 1_500) throw new Error("the other process still answers the old revision after 1.5 s");
  }
});
