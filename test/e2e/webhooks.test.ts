import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { providers } from "../../providers/registry";
import type { SentWebhook } from "../../src/simulator/webhooks";
import { type Clouds, linkFour, WEARABLES, type WearableName } from "../support/four-wearables";
import { type GatewayProcess, startGateway } from "../support/gateway-process";
import { someoneWithANight } from "../support/new-night";
import { type FreshDatabase, freshDatabase } from "../support/services";

/** What each simulated vendor tells of a new night, and what is asked of it then: lists and single documents. */
const TOLD: Readonly<
  Record<WearableName, { readonly told: readonly string[]; readonly endpoints: readonly string[] }>
> = {
  OURA: {
    told: ["daily_activity", "daily_readiness", "daily_sleep", "sleep"],
    endpoints: ["daily_activity", "daily_readiness", "daily_sleep", "sleep"],
  },
  WHOOP: { told: ["recovery", "sleep"], endpoints: ["cycle", "recovery", "sleep"] },
  WITHINGS: { told: ["activity", "sleep_summary"], endpoints: ["activity", "sleep_summary"] },
  POLAR: { told: ["activity", "sleep"], endpoints: ["activity", "nightly_recharge", "sleep"] },
};

let database: FreshDatabase;
let admin: Client;
let gateway: GatewayProcess;
let clouds: Clouds;

beforeAll(async () => {
  database = await freshDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
  gateway = await startGateway({ env: { DATABASE_URL: database.url } });
  clouds = await linkFour(gateway, { user: someoneWithANight(providers) });
}, 120_000);
afterAll(async () => {
  await gateway?.stop();
  await admin?.end();
  await database?.drop();
});

async function sent(name: WearableName): Promise<readonly SentWebhook[]> {
  return ((await clouds.control(name, "webhooks")) as unknown as { webhooks: SentWebhook[] }).webhooks;
}

async function rows(sql: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await admin.query(sql, [...parameters])).rows;
}

/** Waits until everything that came is worked off. */
async function workedOff(provider: string, least: number): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const [row] = await rows(
      "SELECT count(*)::int AS all, count(done_at)::int AS done FROM webhook_inbox WHERE provider = $1",
      [provider],
    );
    if (Number(row!["all"]) >= least && row!["all"] === row!["done"]) return;
    await sleep(50);
  }
  throw new Error(`events of ${provider} were not worked off in time\n${gateway.output()}`);
}

test.each(WEARABLES)("%s: a new night is there before anybody asks for it", async (name) => {
  await clouds.forget();
  const { days } = (await clouds.control(name, "new-night", {})) as unknown as { days: { day: string }[] };
  const day = days[0]!.day;
  const slug = name.toLowerCase();
  await workedOff(slug, TOLD[name].told.length);
  const webhooks = await sent(name);
  expect([...new Set(webhooks.map(({ endpoint }) => endpoint))].sort()).toEqual(TOLD[name].told);
  expect(webhooks.map(({ status, attempts }) => ({ status, attempts }))).toEqual(
    webhooks.map(() => ({ status: 200, attempts: 1 })),
  );
  expect(await rows("SELECT DISTINCT outcome FROM webhook_inbox WHERE provider = $1", [slug])).toEqual([
    { outcome: "BROUGHT" },
  ]);
  const asked = [...new Set((await clouds.calls(name)).map(({ endpoint }) => endpoint))].sort();
  expect(asked).toEqual(TOLD[name].endpoints);
  const stored = await rows(
    `SELECT DISTINCT r.endpoint FROM records r JOIN accounts a ON a.person_id = r.person_id AND a.id = r.account_id
     WHERE a.provider = $1 AND r.day = $2 ORDER BY 1`,
    [slug, day],
  );
  expect(stored.map(({ endpoint }) => endpoint)).toEqual(TOLD[name].endpoints);

  await clouds.forget();
  const query = `query Today($range: DateRange!) { viewer { sleep(range: $range, providers: [${name}]) {
    nodes { day provider score asleepSeconds } issues { code } } } }`;
  const { data, errors } = await gateway.graphql(query, { range: { start: day, end: day } });
  expect(errors).toEqual([]);
  expect(data.viewer["sleep"]).toEqual({
    nodes: [{ day, provider: name, score: expect.any(Number), asleepSeconds: expect.any(Number) }],
    issues: [],
  });
  expect(await clouds.calls(name)).toEqual([]);
});

test("the metrics tell what came and what waits", async () => {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/gateway_webhooks_received_total\{provider="oura",outcome="kept"\} [4-9]/);
  expect(metrics).toMatch(/gateway_webhooks_done_total\{provider="oura",outcome="BROUGHT"\} [4-9]/);
  for (const name of WEARABLES) {
    expect(metrics).toContain(`gateway_webhooks_waiting{provider="${name.toLowerCase()}"} 0`);
    expect(metrics).toContain(`gateway_webhooks_oldest_waiting_seconds{provider="${name.toLowerCase()}"} 0`);
  }
});
