import { cp, mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { webhookSubscriptions } from "../../providers/oura/subscriptions";
import type { DayNode } from "../support/answers";
import { daysAgo, FOUR_METRICS, METRICS } from "../support/four-metrics";
import { type GatewayProcess, PROJECT, startGateway, temporaryDirectory } from "../support/gateway-process";
import { linked } from "../support/newcomer";

/** What a person's day can be, by field: least and greatest. */
const PLAUSIBLE: Readonly<Record<string, readonly [number, number]>> = {
  score: [1, 100],
  inBedSeconds: [900, 57_600],
  asleepSeconds: [600, 57_600],
  awakeSeconds: [0, 28_800],
  latencySeconds: [0, 14_400],
  deepSeconds: [0, 21_600],
  lightSeconds: [0, 36_000],
  remSeconds: [0, 21_600],
  efficiencyPercent: [30, 100],
  averageHeartRateBpm: [35, 110],
  lowestHeartRateBpm: [30, 100],
  breathsPerMinute: [8, 25],
  temperatureDeviationCelsius: [-5, 5],
  temperatureTrendDeviationCelsius: [-5, 5],
  steps: [0, 60_000],
  equivalentWalkingDistanceMeters: [0, 60_000],
  activeEnergyKilocalories: [0, 5_000],
  totalEnergyKilocalories: [800, 8_000],
  highActivitySeconds: [0, 30_000],
  mediumActivitySeconds: [0, 50_000],
  lowActivitySeconds: [0, 60_000],
  sedentarySeconds: [0, 90_000],
  restingSeconds: [0, 90_000],
  nonWearSeconds: [0, 90_000],
  inactivityAlerts: [0, 30],
  averageMilliseconds: [5, 250],
  minimumMilliseconds: [1, 250],
  maximumMilliseconds: [5, 400],
};
/** The vendor tells no ground covered, only the walk of the same energy. */
const NEVER_TOLD = new Set(["distanceMeters"]);
const DAYS = 30;
const RANGE = { start: daysAgo(DAYS), end: daysAgo(1) };

let folder: string;
let gateway: GatewayProcess | undefined;

/** A checkout as a newcomer has it after `npm install`: the same files, no data of an earlier start. */
beforeAll(async () => {
  folder = join(await temporaryDirectory(), "checkout");
  await mkdir(folder);
  for (const name of ["src", "providers", "schema", "package.json", "tsconfig.json", ".npmrc"]) {
    await cp(join(PROJECT, name), join(folder, name), { recursive: true });
  }
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
});
afterAll(async () => {
  await gateway?.stop();
  await rm(join(folder, ".."), { recursive: true, force: true });
});

/** `npm start` with no settings but a port that is free here. */
async function npmStart(): Promise<GatewayProcess> {
  gateway = await startGateway({
    command: { program: "npm", args: ["start"], cwd: folder },
    env: { DATA_DIR: "" },
    readyWithinMs: 90_000,
  });
  return gateway;
}

function plausible(field: string, value: unknown, where: string): void {
  const [least, greatest] = PLAUSIBLE[field] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (typeof value === "number" && (value < least || value > greatest)) {
    throw new Error(`${where}: ${field} = ${value}, expected ${least} to ${greatest}`);
  }
}

/** How many of the records tell each field. */
function toldFields(nodes: readonly DayNode[], metric: string): Map<string, number> {
  const told = new Map<string, number>();
  for (const node of nodes) {
    for (const [field, value] of Object.entries(node)) {
      plausible(field, value, `${metric} of ${node.day}`);
      const isTold = value !== null && !(Array.isArray(value) && value.length === 0);
      told.set(field, (told.get(field) ?? 0) + (isTold ? 1 : 0));
    }
  }
  return told;
}

/** Lines that the start printed behind its addresses, requests of this test aside. */
function behindAddresses(output: string): readonly string[] {
  const lines = output
    .split("\n")
    .filter((line) => line !== "" && !/"route":"\/(?:metrics|healthz|readyz)"/.test(line));
  return lines.slice(lines.findLastIndex((line) => line.includes("is simulated at")) + 1);
}

/** How many webhook subscriptions the simulated vendors hold. */
async function subscribed({ url }: GatewayProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = text.matchAll(/^gateway_webhook_subscriptions\{provider="\w+",state="active"\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

test("a bare start answers the four metrics in every field, and keeps the link over a second start", async () => {
  const first = await npmStart();
  console.log(`first start: ${Math.round(first.startedInMs)} ms (target 15000)`);
  expect(first.startedInMs).toBeLessThan(60_000);
  expect(first.output()).toContain(`${first.url}/graphql`);
  expect(first.output()).toMatch(/simulated at http:\/\/127\.0\.0\.1:\d+\/__simulator/);

  for (const end = Date.now() + 30_000; (await subscribed(first)) < webhookSubscriptions.wanted.length; ) {
    if (Date.now() > end) throw new Error(`expected all webhook subscriptions\n${first.output()}`);
    await sleep(100);
  }
  // Nobody has asked anything yet: the addresses are still on the screen.
  expect(behindAddresses(first.output())).toEqual([]);

  const page = await fetch(`${first.url}/graphql`, { headers: { accept: "text/html" } });
  const html = await page.text();
  expect(page.status).toBe(200);
  expect(html).toMatch(/graphiql/i);
  expect(html.match(/\b(?:src|href)="(?:https?:)?\/\//g) ?? []).toEqual([]);
  expect(html).not.toMatch(/unpkg|jsdelivr|cdnjs|esm\.sh/);

  const done = await linked(first);
  expect(done.answer.status).toBe(200);
  expect(done.page).not.toMatch(/<script/);
  const { data, errors } = await first.graphql(FOUR_METRICS, { range: RANGE });
  expect(errors).toEqual([]);
  expect(data.viewer.externalId).toBe("demo");
  expect(data.viewer.accounts).toMatchObject([{ provider: "OURA", status: "ACTIVE" }]);
  const synced = await first.graphql("{ viewer { accounts { lastSyncedAt } } }");
  expect(synced.data.viewer.accounts[0]?.lastSyncedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
  for (const metric of METRICS) {
    const { nodes, bySource, absences, issues } = data.viewer[metric];
    expect(issues).toEqual([]);
    expect(nodes.length).toBeGreaterThanOrEqual(DAYS * 0.8);
    expect(bySource.map(({ id }) => id)).toEqual(nodes.map(({ id }) => id));
    const absent = absences.reduce(
      (sum, { firstDay, lastDay }) => sum + (Date.parse(lastDay) - Date.parse(firstDay)) / 86_400_000 + 1,
      0,
    );
    expect(nodes.length + absent).toBe(DAYS);
    for (const [field, count] of toldFields(nodes, metric)) {
      if (!NEVER_TOLD.has(field)) expect([metric, field, count >= nodes.length * 0.7]).toEqual([metric, field, true]);
    }
  }
  for (const night of data.viewer.sleep.nodes)
    expect(night["averageHrv"] ?? { method: "RMSSD" }).toMatchObject({ method: "RMSSD" });

  // npm itself ends by the signal; the gateway below it ends its database first.
  await first.stop("SIGINT");
  const second = await npmStart();
  console.log(`second start: ${Math.round(second.startedInMs)} ms (target 5000)`);
  expect(second.startedInMs).toBeLessThan(30_000);
  const again = await second.graphql(FOUR_METRICS, { range: RANGE });
  expect(again.errors).toEqual([]);
  expect(again.data.viewer.accounts).toMatchObject([{ provider: "OURA", status: "ACTIVE" }]);
  expect(again.data.viewer.sleep.nodes).toEqual(data.viewer.sleep.nodes);
  // The link lives on at the simulator as well: days that were never asked for still come.
  const older = { start: daysAgo(DAYS + 10), end: daysAgo(DAYS + 1) };
  const more = await second.graphql(FOUR_METRICS, { range: older });
  expect(more.data.viewer.sleep.issues).toEqual([]);
  expect(more.data.viewer.sleep.nodes.length).toBeGreaterThan(5);
}, 180_000);
