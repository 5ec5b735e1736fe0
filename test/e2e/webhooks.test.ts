import { providers } from "../../providers/registry";
import { type Clouds, WEARABLES, type WearableName } from "../support/four-wearables";
import { someoneWithANight } from "../support/new-night";
import { sentBy, ToldGateway } from "../support/told-gateway";

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

let told: ToldGateway;
let clouds: Clouds;

beforeAll(async () => {
  told = await ToldGateway.start();
  clouds = await told.link(someoneWithANight(providers, "wearer"));
}, 120_000);
afterAll(() => told?.stop());

test.each(WEARABLES)("%s: a new night is there before anybody asks for it", async (name) => {
  await clouds.forget();
  const { days } = (await clouds.control(name, "new-night", {})) as unknown as { days: { day: string }[] };
  const day = days[0]!.day;
  const slug = name.toLowerCase();
  await told.workedOff(slug, TOLD[name].told.length);
  const webhooks = await sentBy(clouds, name);
  expect([...new Set(webhooks.map(({ endpoint }) => endpoint))].sort()).toEqual(TOLD[name].told);
  expect(webhooks.map(({ status, attempts }) => ({ status, attempts }))).toEqual(
    webhooks.map(() => ({ status: 200, attempts: 1 })),
  );
  expect(Object.keys(await told.outcomes(slug))).toEqual(["BROUGHT"]);
  const asked = [...new Set((await clouds.calls(name)).map(({ endpoint }) => endpoint))].sort();
  expect(asked).toEqual(TOLD[name].endpoints);
  expect(await told.storedOn(slug, day)).toEqual(TOLD[name].endpoints);

  await clouds.forget();
  const query = `query Today($range: DateRange!) { viewer { sleep(range: $range, providers: [${name}]) {
    nodes { day provider score asleepSeconds } issues { code } } } }`;
  const { data, errors } = await told.gateway.graphql(query, { range: { start: day, end: day } });
  expect(errors).toEqual([]);
  expect(data.viewer["sleep"]).toEqual({
    nodes: [{ day, provider: name, score: expect.any(Number), asleepSeconds: expect.any(Number) }],
    issues: [],
  });
  expect(await clouds.calls(name)).toEqual([]);
});

test("the metrics tell what came and what waits", async () => {
  const metrics = await (await fetch(`${told.gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/gateway_webhooks_received_total\{provider="oura",outcome="kept"\} [4-9]/);
  expect(metrics).toMatch(/gateway_webhooks_done_total\{provider="oura",outcome="BROUGHT"\} [4-9]/);
  for (const name of WEARABLES) {
    expect(metrics).toContain(`gateway_webhooks_waiting{provider="${name.toLowerCase()}"} 0`);
    expect(metrics).toContain(`gateway_webhooks_oldest_waiting_seconds{provider="${name.toLowerCase()}"} 0`);
  }
});
