import { daysAgo, METRICS, plusDays } from "../support/four-metrics";
import {
  askFour,
  type ChosenAnswer,
  type Clouds,
  type FourAnswers,
  issuesOf,
  linkFour,
  NPM_START,
  WEARABLES,
  type WearableName,
} from "../support/four-wearables";
import { type GatewayProcess, startGateway } from "../support/gateway-process";

const RANGE = { start: daysAgo(30), end: daysAgo(1) };
/** Polar's nights reach back 28 days, today included, wherever on earth that is. */
const IN_REACH = plusDays(new Date(Date.now() + 14 * 3_600_000).toISOString().slice(0, 10), -27);

let gateway: GatewayProcess;
let clouds: Clouds;
let first: FourAnswers;

beforeAll(async () => {
  gateway = await startGateway({ command: NPM_START });
  clouds = await linkFour(gateway);
}, 120_000);
afterAll(() => gateway?.stop());

function bySource(answer: ChosenAnswer, provider: WearableName) {
  return answer.bySource.filter((one) => one["provider"] === provider);
}

test("30 days of four wearables take one request per endpoint and page; the second time none", async () => {
  await clouds.forget();
  first = await askFour(gateway, { range: RANGE });
  const counts = await clouds.counts();
  console.log(`30 days of four wearables on fresh accounts: ${JSON.stringify(counts)}`);
  expect(counts).toEqual({
    OURA: { daily_activity: 1, daily_readiness: 1, daily_sleep: 1, sleep: 1 },
    WHOOP: { cycle: 2, recovery: 2, sleep: 2 },
    WITHINGS: { activity: 1, sleep_summary: 1 },
    // Activity: 28 days at most in one request; nights have no range.
    POLAR: { activity: 2, nightly_recharge: 1, sleep: 1 },
  });
  for (const { endpoint, query } of await clouds.calls("WHOOP")) {
    const window = { start: `${plusDays(RANGE.start, -endpointBefore(endpoint))}T00:00:00.000Z`, limit: "25" };
    expect(query).toMatchObject(window);
  }
  for (const metric of METRICS) expect(issuesOf(first[metric])).toEqual([]);
  await clouds.forget();
  expect(await askFour(gateway, { range: RANGE })).toEqual(first);
  const again = await clouds.counts();
  console.log(`the same again: ${JSON.stringify(again)}`);
  expect(again).toEqual({ OURA: {}, WHOOP: {}, WITHINGS: {}, POLAR: {} });
});

/** Sleeps are asked a day further back, because what names one of them can be of the next day. */
function endpointBefore(endpoint: string | null): number {
  return endpoint === "sleep" ? 3 : 2;
}

test("each day is chosen from those that stand beside it, and says why", () => {
  for (const metric of METRICS) {
    const answer = first[metric];
    const days = answer.nodes.map(({ day }) => day);
    expect(new Set(days).size).toBe(days.length);
    expect(days).toEqual([...days].sort());
    expect(days.length).toBeGreaterThan(27);
    const records = new Map(answer.bySource.map((one) => [one.id, one]));
    for (const { resolution, ...node } of answer.nodes) {
      expect(records.get(node.id)).toEqual(node);
      expect(resolution.policy).toBe("DEFAULT");
      expect(resolution.winner).toMatchObject({ provider: node.provider, record: { id: node.id } });
      const standing = answer.bySource.filter(({ day }) => day === node.day);
      const candidates = resolution.candidates.flatMap(({ record }) => record?.id ?? []);
      expect(candidates.sort()).toEqual(standing.map(({ id }) => id).sort());
      expect(resolution.candidates.map(({ provider }) => provider)).toEqual([...WEARABLES].sort());
      for (const { record, reason } of resolution.candidates) expect(record === null).toBe(reason === "NO_DATA");
    }
    for (const provider of WEARABLES) {
      const told = new Set(bySource(answer, provider).map(({ day }) => day));
      for (const { firstDay, lastDay } of answer.absences.filter((one) => one.provider === provider)) {
        for (let day = firstDay; day <= lastDay; day = plusDays(day, 1)) {
          expect(told.has(day)).toBe(false);
          told.add(day);
        }
      }
      expect([provider, metric, told.size]).toEqual([provider, metric, 30]);
    }
  }
  const winners = new Set(METRICS.flatMap((metric) => first[metric].nodes.map(({ provider }) => provider)));
  console.log(`chosen: ${[...winners].sort().join(", ")}`);
  expect(winners.size).toBeGreaterThan(1);
});

test("days beyond a wearable's reach are UNSUPPORTED, and what a wearable has not at all is UNSUPPORTED for every day", () => {
  const beyond = { firstDay: RANGE.start, lastDay: plusDays(IN_REACH, -1), provider: "POLAR", reason: "UNSUPPORTED" };
  for (const metric of ["sleep", "readiness", "hrv"] as const) expect(first[metric].absences).toContainEqual(beyond);
  const whole = { firstDay: RANGE.start, lastDay: RANGE.end, provider: "WITHINGS", reason: "UNSUPPORTED" };
  expect(first.readiness.absences).toContainEqual(whole);
  expect(first.activity.absences.map(({ reason }) => reason)).not.toContain("UNSUPPORTED");
});

test("widened by a week only the new days and their margins are asked for", async () => {
  await clouds.forget();
  const wider = { start: plusDays(RANGE.start, -7), end: RANGE.end };
  const more = await askFour(gateway, { range: wider });
  const counts = await clouds.counts();
  console.log(`widened by 7 days: ${JSON.stringify(counts)}`);
  expect(counts).toEqual({
    OURA: { daily_activity: 1, daily_readiness: 1, daily_sleep: 1, sleep: 1 },
    WHOOP: { cycle: 1, recovery: 1, sleep: 1 },
    WITHINGS: { activity: 1, sleep_summary: 1 },
    POLAR: { activity: 1 },
  });
  const [oura, whoop, withings, polar] = await Promise.all(WEARABLES.map((name) => clouds.calls(name)));
  const last = plusDays(RANGE.start, -1);
  for (const { query } of oura ?? []) expect((query["end_date"] ?? "") <= plusDays(last, 2)).toBe(true);
  for (const { query, endpoint } of whoop ?? []) {
    // The sleep of the day before the first was asked for already; its end is the day after the last, exclusive.
    const end = plusDays(last, endpoint === "sleep" ? 1 : 2);
    expect([endpoint, query["end"]]).toEqual([endpoint, `${end}T00:00:00.000Z`]);
    const start = plusDays(wider.start, -endpointBefore(endpoint));
    expect([endpoint, query["start"]]).toEqual([endpoint, `${start}T00:00:00.000Z`]);
  }
  expect(withings).toHaveLength(2);
  expect(polar?.map(({ query }) => query)).toEqual([{ from: wider.start, to: last }]);
  for (const metric of METRICS) {
    const known = first[metric].nodes.map(({ id }) => id);
    expect(more[metric].nodes.map(({ id }) => id).slice(-known.length)).toEqual(known);
    expect(more[metric].nodes.length).toBeGreaterThan(known.length);
  }
});
