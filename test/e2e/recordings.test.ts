import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DayNode } from "../support/answers";
import { FOUR_METRICS } from "../support/four-metrics";
import { type GatewayProcess, PROJECT, startGateway, stopAll } from "../support/gateway-process";
import { linked } from "../support/newcomer";
import { type FreshDatabase, migratedCopy } from "../support/services";
import { startStandin, type VendorStandin } from "../support/vendor-standin";

const RECORDINGS = join(PROJECT, "../shared/wearables/recordings/oura");
const present = existsSync(RECORDINGS);

type Raw = Readonly<Record<string, unknown>> & { readonly id: string; readonly day: string };

/** The body of the one good answer in a recording. */
function recorded(file: string): Record<string, unknown> & { data?: Raw[] } {
  const exchanges = JSON.parse(readFileSync(join(RECORDINGS, `${file}.json`), "utf8"));
  return exchanges[0].response.body;
}

function documentsOf(file: string): readonly Raw[] {
  const body = recorded(file);
  return body.data ?? [body as unknown as Raw];
}

/** Field of the schema by field of the vendor, where the value is the same. */
const SAME = {
  activity: {
    score: "score",
    steps: "steps",
    equivalentWalkingDistanceMeters: "equivalent_walking_distance",
    activeEnergyKilocalories: "active_calories",
    totalEnergyKilocalories: "total_calories",
    highActivitySeconds: "high_activity_time",
    mediumActivitySeconds: "medium_activity_time",
    lowActivitySeconds: "low_activity_time",
    sedentarySeconds: "sedentary_time",
    restingSeconds: "resting_time",
    nonWearSeconds: "non_wear_time",
    inactivityAlerts: "inactivity_alerts",
  },
  readiness: {
    score: "score",
    temperatureDeviationCelsius: "temperature_deviation",
    temperatureTrendDeviationCelsius: "temperature_trend_deviation",
  },
  night: {
    bedtimeStart: "bedtime_start",
    bedtimeEnd: "bedtime_end",
    inBedSeconds: "time_in_bed",
    asleepSeconds: "total_sleep_duration",
    awakeSeconds: "awake_time",
    latencySeconds: "latency",
    deepSeconds: "deep_sleep_duration",
    lightSeconds: "light_sleep_duration",
    remSeconds: "rem_sleep_duration",
    efficiencyPercent: "efficiency",
    averageHeartRateBpm: "average_heart_rate",
    lowestHeartRateBpm: "lowest_heart_rate",
    breathsPerMinute: "average_breath",
  },
} as const;

function expectSame(node: DayNode, raw: Raw, fields: Readonly<Record<string, string>>): void {
  for (const [ours, theirs] of Object.entries(fields)) expect([ours, node[ours]]).toEqual([ours, raw[theirs]]);
}

function expectContributors(node: DayNode, raw: Raw): void {
  const contributors = node["contributors"] as { key: string; nativeKey: string; score: number }[];
  expect(Object.fromEntries(contributors.map(({ nativeKey, score }) => [nativeKey, score]))).toEqual(
    raw["contributors"],
  );
  for (const { key, nativeKey } of contributors) expect(key).toBe(nativeKey);
}

const epoch = (text: string) => Math.floor(Date.parse(text) / 1_000);

function expectHypnogram(stages: readonly { stage: string; start: string; end: string }[], raw: Raw): void {
  const from = epoch(String(raw["bedtime_start"]));
  const length = epoch(String(raw["bedtime_end"])) - from;
  const names = ["", "DEEP", "LIGHT", "REM", "AWAKE"];
  const told = [...String(raw["sleep_phase_5_min"])].flatMap((digit) =>
    Array<string>(300).fill(names[Number(digit)] ?? "?"),
  );
  const ours = stages.flatMap(({ stage, start, end }) => Array<string>(epoch(end) - epoch(start)).fill(stage));
  expect(ours.join()).toBe(told.slice(0, length).join());
  for (const { start, end } of stages) expect([start.slice(-6), end.slice(-6)]).toEqual(["+02:00", "+02:00"]);
}

let standin: VendorStandin;
let gateway: GatewayProcess;
let database: FreshDatabase;

beforeAll(async () => {
  if (!present) return;
  standin = await startStandin({ generation: "newer" });
  const path = "/v2/usercollection/";
  const serve = (name: string, data: readonly Raw[]) => {
    standin.data.set(path + name, () => ({ body: { data, next_token: null } }));
  };
  // Together in one list, whatever range is asked: the gateway itself must keep the days that it wanted.
  serve("daily_sleep", documentsOf("multiple_daily_sleep"));
  serve("daily_readiness", [...documentsOf("multiple_daily_readiness"), ...documentsOf("single_daily_readiness")]);
  serve("daily_activity", [...documentsOf("multiple_daily_activity"), ...documentsOf("single_daily_activity")]);
  serve("sleep", documentsOf("single_sleep"));
  standin.data.set(`${path}personal_info`, () => ({ body: recorded("single_personal_info") }));
  standin.token = (body) => ({ body: { ...body, scope: "extapi:daily extapi:personal" } });
  database = await migratedCopy();
  gateway = await startGateway({ env: { ...standin.env, DATABASE_URL: database.url } });
  await linked(gateway);
}, 60_000);
afterAll(async () => {
  await stopAll(gateway);
  await standin?.stop();
  await database?.drop();
});

const what = present
  ? "recorded answers of the real service come out right field by field"
  : "recorded answers of the real service are not beside the checkout: they were not read";

test(what, async () => {
  if (!present) {
    process.stdout.write("not run: no recorded Oura answers in ../shared/wearables\n");
    return;
  }
  const days = (file: string) => documentsOf(file).map(({ day }) => day);
  const all = [
    ...documentsOf("multiple_daily_sleep"),
    ...documentsOf("multiple_daily_readiness"),
    ...documentsOf("multiple_daily_activity"),
    ...documentsOf("single_sleep"),
  ];
  const sorted = all.map(({ day }) => day).sort();
  const range = { start: sorted[0], end: sorted.at(-1) };
  const { data, errors } = await gateway.graphql(FOUR_METRICS, { range });
  expect(errors).toEqual([]);
  const { viewer } = data;
  expect(viewer.accounts[0]?.grantedScopes).toEqual(["extapi:daily", "extapi:personal"]);
  const node = (metric: "sleep" | "readiness" | "activity" | "hrv", day: string) => {
    const found = viewer[metric].nodes.find((one) => one.day === day);
    if (!found) throw new Error(`expected ${metric} of ${day}`);
    return found;
  };
  let compared = 0;
  for (const raw of documentsOf("multiple_daily_activity")) {
    expectSame(node("activity", raw.day), raw, SAME.activity);
    expectContributors(node("activity", raw.day), raw);
    expect(node("activity", raw.day)["distanceMeters"]).toBeNull();
    compared += 1;
  }
  for (const raw of documentsOf("multiple_daily_readiness")) {
    expectSame(node("readiness", raw.day), raw, SAME.readiness);
    expectContributors(node("readiness", raw.day), raw);
    compared += 1;
  }
  for (const raw of documentsOf("multiple_daily_sleep")) {
    const night = node("sleep", raw.day);
    expect(night["score"]).toBe(raw["score"]);
    expectContributors(night, raw);
    if (!days("single_sleep").includes(raw.day))
      expect(night).toMatchObject({ sessions: [], bedtimeStart: null, asleepSeconds: null });
    compared += 1;
  }
  for (const raw of documentsOf("single_sleep")) {
    const night = node("sleep", raw.day);
    const isMain = raw["type"] === "long_sleep";
    if (isMain) expectSame(night, raw, SAME.night);
    const sessions = night["sessions"] as (DayNode & { stages: { stage: string; start: string; end: string }[] })[];
    expect(sessions).toMatchObject([
      {
        sessionType: isMain ? "MAIN" : "NAP",
        start: raw["bedtime_start"],
        end: raw["bedtime_end"],
        inBedSeconds: raw["time_in_bed"],
      },
    ]);
    expectHypnogram(sessions[0]?.stages ?? [], raw);
    if (isMain) {
      const hrv = node("hrv", raw.day);
      const { items, interval, timestamp } = raw["hrv"] as {
        items: (number | null)[];
        interval: number;
        timestamp: string;
      };
      const samples = items.flatMap((milliseconds, index) => (milliseconds === null ? [] : [{ index, milliseconds }]));
      expect(hrv).toMatchObject({
        method: "RMSSD",
        averageMilliseconds: raw["average_hrv"],
        minimumMilliseconds: Math.min(...samples.map(({ milliseconds }) => milliseconds)),
        maximumMilliseconds: Math.max(...samples.map(({ milliseconds }) => milliseconds)),
      });
      expect(night["averageHrv"]).toEqual({ method: "RMSSD", milliseconds: raw["average_hrv"] });
      const told = hrv["samples"] as { at: string; milliseconds: number }[];
      expect(told.map(({ at, milliseconds }) => [epoch(at), milliseconds])).toEqual(
        samples.map(({ index, milliseconds }) => [epoch(timestamp) + index * interval, milliseconds]),
      );
    }
    compared += 1;
  }
  const shown = new Set(viewer.activity.nodes.map(({ day }) => day));
  expect([...shown].filter((day) => day < String(range.start) || day > String(range.end))).toEqual([]);
  console.log(`${compared} recorded documents read through the gateway and compared`);
  expect(standin.calls.filter(({ path }) => path.startsWith("/oauth/v2/ext/")).length).toBeGreaterThanOrEqual(2);
});
