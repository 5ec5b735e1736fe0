import { setTimeout as sleepFor } from "node:timers/promises";
import { daysAgo, plusDays } from "../support/four-metrics";
import { askFour, type Clouds, issuesOf, linkFour, type WearableName } from "../support/four-wearables";
import { type GatewayProcess, startGateway } from "../support/gateway-process";
import { type FreshDatabase, migratedCopy } from "../support/services";

/** A day that every wearable reaches. */
const DAY = daysAgo(5);
const BEFORE = plusDays(DAY, -1);

let database: FreshDatabase;
let gateway: GatewayProcess;
let clouds: Clouds;

beforeAll(async () => {
  database = await migratedCopy();
  gateway = await startGateway({ env: { DATABASE_URL: database.url } });
}, 120_000);
afterEach(() => clouds?.forget());
afterAll(async () => {
  await gateway?.stop();
  await database?.drop();
});

type Body = Readonly<Record<string, unknown>> | readonly unknown[];

/** A new person whose wearables answer with these bodies instead of their own; endpoints not named answer that there is nothing. */
async function someone(name: string, served: Partial<Record<WearableName, Record<string, Body>>>): Promise<string> {
  const token = `demo:${name}`;
  clouds = await linkFour(gateway, { token, user: name });
  for (const [wearable, endpoints] of Object.entries({ ...NOTHING, ...served }) as [
    WearableName,
    Record<string, Body>,
  ][]) {
    const bodies = { ...NOTHING[wearable], ...endpoints };
    for (const [endpoint, body] of Object.entries(bodies))
      await clouds.fault(wearable, { endpoint, effect: "set", pointer: "", value: body });
  }
  return token;
}

const ofWhoop = (...records: unknown[]) => ({ records });
const ofWithings = (...series: unknown[]) => ({ status: 0, body: { series, more: false, offset: 0 } });
const ofOura = (...data: unknown[]) => ({ data, next_token: null });
const NOTHING: Record<WearableName, Record<string, Body>> = {
  OURA: { sleep: ofOura(), daily_sleep: ofOura(), daily_readiness: ofOura(), daily_activity: ofOura() },
  WHOOP: { sleep: ofWhoop(), recovery: ofWhoop(), cycle: ofWhoop() },
  WITHINGS: { sleep_summary: ofWithings(), activity: { status: 0, body: { activities: [], more: false } } },
  POLAR: { sleep: { nights: [] }, nightly_recharge: { recharges: [] }, activity: [] },
};

const whoopSleep = (start: string, end: string, offset: string, over: object = {}) => ({
  id: `0b000001-0000-4000-8000-${end.replace(/\D/g, "").slice(0, 12)}`,
  cycle_id: 2_045_600_001,
  user_id: 1,
  created_at: end,
  updated_at: end,
  start,
  end,
  timezone_offset: offset,
  nap: false,
  score_state: "SCORED",
  score: {
    stage_summary: {
      total_in_bed_time_milli: 28_000_000,
      total_awake_time_milli: 2_000_000,
      total_light_sleep_time_milli: 14_000_000,
      total_slow_wave_sleep_time_milli: 6_000_000,
      total_rem_sleep_time_milli: 6_000_000,
    },
    sleep_performance_percentage: 88,
  },
  ...over,
});
const withingsSleep = (start: string, end: string, date: string, timezone: string, data: object = {}) => ({
  id: 4_120_000_000 + (Date.parse(end) % 1_000_000) / 1_000,
  timezone,
  startdate: Date.parse(start) / 1_000,
  enddate: Date.parse(end) / 1_000,
  date,
  modified: Date.parse(end) / 1_000,
  data: { total_sleep_time: 25_000, sleep_score: 70, ...data },
});
const polarNight = (start: string, end: string, date: string, over: object = {}) => ({
  date,
  sleep_start_time: start,
  sleep_end_time: end,
  light_sleep: 14_000,
  deep_sleep: 6_000,
  rem_sleep: 5_000,
  total_interruption_duration: 1_000,
  sleep_score: 75,
  hypnogram: { "23:30": 2, "04:00": 4 },
  ...over,
});
const ouraSleep = (start: string, end: string, day: string, over: object = {}) => ({
  id: `oura-${day}-${Date.parse(end)}`,
  day,
  type: "long_sleep",
  bedtime_start: start,
  bedtime_end: end,
  time_in_bed: 28_000,
  total_sleep_duration: 25_500,
  ...over,
});

const whole = { start: BEFORE, end: plusDays(DAY, 1) };
const brief = (sessions: unknown) =>
  (sessions as { start: string; end: string }[]).map(({ start, end }) => [start, end]);

test.each(["PENDING_SCORE", "UNSCORABLE", "SOMETHING_NEW", null])(
  "a WHOOP night in state %s has its times and no score; its recovery and cycle are records of nulls",
  async (state) => {
    const unscored = { score_state: state, score: undefined };
    const night = whoopSleep(`${BEFORE}T22:00:00.000Z`, `${DAY}T06:00:00.000Z`, "+00:00", unscored);
    const rest = { cycle_id: night.cycle_id, updated_at: night.end, ...unscored };
    const cycle = {
      ...rest,
      id: night.cycle_id,
      start: night.start,
      end: `${DAY}T22:30:00.000Z`,
      timezone_offset: "Z",
    };
    const token = await someone(`state-${state}`, {
      WHOOP: {
        sleep: ofWhoop(night),
        recovery: ofWhoop({ ...rest, sleep_id: night.id }),
        cycle: ofWhoop(cycle),
      },
    });
    const answers = await askFour(gateway, { range: whole, providers: ["WHOOP"] }, token);
    for (const answer of Object.values(answers)) expect(issuesOf(answer)).toEqual([]);
    expect(answers.sleep.nodes).toMatchObject([{ day: DAY, score: null, asleepSeconds: null }]);
    expect(brief(answers.sleep.nodes[0]!["sessions"])).toEqual([[`${BEFORE}T22:00:00+00:00`, `${DAY}T06:00:00+00:00`]]);
    expect(answers.readiness.nodes).toMatchObject([{ day: DAY, score: null, restingHeartRateBpm: null, hrv: null }]);
    expect(answers.activity.nodes).toMatchObject([{ day: DAY, totalEnergyKilocalories: null, strain: null }]);
    expect(answers.hrv.nodes).toEqual([]);
    const none = { firstDay: DAY, lastDay: plusDays(DAY, 1), provider: "WHOOP", reason: "PROVIDER_HAS_NONE" };
    expect(answers.hrv.absences).toEqual([{ ...none, firstDay: BEFORE }]);
  },
);

test("ids beyond exact numbers set their documents aside, the same as text are read", async () => {
  const night = whoopSleep(`${BEFORE}T22:00:00.000Z`, `${DAY}T06:00:00.000Z`, "+00:00");
  const huge = { ...night, id: "0b-other", cycle_id: 2 ** 63 };
  const token = await someone("big", {
    WHOOP: { sleep: ofWhoop({ ...night, cycle_id: "9223372036854775807" }) },
    WITHINGS: { sleep_summary: ofWithings({ ...withingsSleep(night.start, night.end, DAY, "Etc/UTC"), id: 2 ** 60 }) },
  });
  const read = await askFour(gateway, { range: whole, providers: ["WHOOP", "WITHINGS"] }, token);
  expect(read.sleep.bySource).toMatchObject([{ day: DAY, provider: "WHOOP", score: 88 }]);
  expect(issuesOf(read.sleep)).toEqual(["WITHINGS PROVIDER_RESPONSE_INVALID"]);
  const error = { firstDay: DAY, lastDay: DAY, provider: "WITHINGS", reason: "ERROR" };
  expect(read.sleep.absences).toContainEqual(error);

  const other = await someone("bigger", { WHOOP: { sleep: ofWhoop(huge) } });
  const aside = await askFour(gateway, { range: whole, providers: ["WHOOP"] }, other);
  expect(aside.sleep.nodes).toEqual([]);
  expect(aside.sleep.absences).toContainEqual({ ...error, provider: "WHOOP" });
  expect(issuesOf(aside.sleep)).toEqual(["WHOOP PROVIDER_RESPONSE_INVALID"]);
});

test("numbers written as text are those numbers, values no scale has set the document aside, unknown words do no harm", async () => {
  const token = await someone("text", {
    WHOOP: {
      sleep: ofWhoop(
        whoopSleep(`${BEFORE}T22:00:00.000Z`, `${DAY}T06:00:00.000Z`, "+00:00", {
          score: { stage_summary: { total_in_bed_time_milli: "28000000" }, sleep_performance_percentage: "91.0" },
          fancy: { new: "field" },
        }),
      ),
    },
    WITHINGS: {
      sleep_summary: ofWithings(
        withingsSleep(`${BEFORE}T22:00:00Z`, `${DAY}T06:00:00Z`, DAY, "Etc/UTC", { sleep_score: 101 }),
      ),
    },
    POLAR: {
      sleep: {
        nights: [
          polarNight(`${BEFORE}T23:00:00+00:00`, `${DAY}T06:00:00+00:00`, DAY, {
            sleep_score: "64",
            hypnogram: { "23:00": 17, "04:00": 4 },
          }),
        ],
      },
    },
    OURA: {
      sleep: ofOura(ouraSleep(`${BEFORE}T23:00:00+00:00`, `${DAY}T06:00:00+00:00`, DAY, { type: "hibernation" })),
    },
  });
  const { sleep } = await askFour(gateway, { range: whole }, token);
  const of = (provider: string) => sleep.bySource.find((one) => one["provider"] === provider);
  expect(of("WHOOP")).toMatchObject({ day: DAY, score: 91 });
  expect(of("POLAR")).toMatchObject({ day: DAY, score: 64 });
  expect(of("WITHINGS")).toBeUndefined();
  expect(sleep.absences).toContainEqual({ firstDay: DAY, lastDay: DAY, provider: "WITHINGS", reason: "ERROR" });
  expect(issuesOf(sleep)).toEqual(["WITHINGS PROVIDER_RESPONSE_INVALID"]);
});

// Berlin: a night of 23:00 to 07:00 by the wall clock.
test.each([
  ["shortens the day to 23 hours", "2025-03-29T23:00:00+01:00", "2025-03-30T07:00:00+02:00", 7],
  ["lengthens the day to 25 hours", "2024-10-26T23:00:00+02:00", "2024-10-27T07:00:00+01:00", 9],
])(
  "a night whose clock change %s keeps each vendor's offsets, its day and its true length",
  async (_how, start, end, hours) => {
    const day = end.slice(0, 10);
    const [from, to] = [new Date(start).toISOString(), new Date(end).toISOString()];
    expect(Date.parse(to) - Date.parse(from)).toBe(hours * 3_600_000);
    const token = await someone(`clock-${hours}`, {
      OURA: { sleep: ofOura(ouraSleep(start, end, day)) },
      // One offset for the whole of it: that of its end.
      WHOOP: { sleep: ofWhoop(whoopSleep(from, to, end.slice(-6))) },
      WITHINGS: { sleep_summary: ofWithings(withingsSleep(from, to, day, "Europe/Berlin")) },
    });
    const range = { start: plusDays(day, -1), end: plusDays(day, 1) };
    const { sleep } = await askFour(gateway, { range, providers: ["OURA", "WHOOP", "WITHINGS"] }, token);
    expect(issuesOf(sleep)).toEqual([]);
    expect(sleep.bySource.map((one) => [one.day, one["provider"]])).toEqual([
      [day, "OURA"],
      [day, "WHOOP"],
      [day, "WITHINGS"],
    ]);
    const [oura, whoop, withings] = sleep.bySource.map(({ sessions }) => brief(sessions)[0]!);
    expect([oura, withings]).toEqual([
      [start, end],
      [start, end],
    ]);
    expect(whoop?.map((instant) => [Date.parse(instant), instant.slice(-6)])).toEqual([
      [Date.parse(start), end.slice(-6)],
      [Date.parse(end), end.slice(-6)],
    ]);
  },
);

test("a Polar night over a clock change keeps both offsets; its wall clock is not guessed at", async () => {
  const [start, end] = [`${BEFORE}T23:00:00+02:00`, `${DAY}T07:00:00+01:00`];
  const token = await someone("polar-clock", { POLAR: { sleep: { nights: [polarNight(start, end, DAY)] } } });
  const { sleep } = await askFour(gateway, { range: whole, providers: ["POLAR"] }, token);
  expect(sleep.nodes).toMatchObject([
    { day: DAY, score: 75, asleepSeconds: 9 * 3_600 - 1_000, sessions: [{ stages: [] }] },
  ]);
  expect(brief(sleep.nodes[0]!["sessions"])).toEqual([[start, end]]);
  expect(issuesOf(sleep)).toEqual([]);
});

test("an activity of a day of 25 hours may last for 25 hours", async () => {
  const day = { date: "2024-10-27", timezone: "Europe/Berlin", steps: 9_000, soft: 89_000, moderate: 500, intense: 0 };
  const token = await someone("long-day", {
    WITHINGS: { activity: { status: 0, body: { activities: [day], more: false } } },
  });
  const range = { start: day.date, end: day.date };
  const { activity } = await askFour(gateway, { range, providers: ["WITHINGS"] }, token);
  expect(activity.nodes).toMatchObject([{ day: day.date, steps: 9_000 }]);
  expect(issuesOf(activity)).toEqual([]);
});

test("vendors that disagree about the day of one night stand on their own days; neither is moved, and each is chosen where it stands", async () => {
  // A flight over the date line: WHOOP counts by the clock at landing, Withings by that of home, Polar by the watch.
  const [from, to] = [`${BEFORE}T15:00:00.000Z`, `${BEFORE}T22:00:00.000Z`];
  const token = await someone("disagree", {
    WHOOP: { sleep: ofWhoop(whoopSleep(from, to, "+12:00")) },
    WITHINGS: { sleep_summary: ofWithings(withingsSleep(from, to, BEFORE, "America/Los_Angeles")) },
    POLAR: { sleep: { nights: [polarNight(`${BEFORE}T05:00:00-10:00`, `${BEFORE}T12:00:00-10:00`, BEFORE)] } },
    OURA: { sleep: ofOura(ouraSleep(`${DAY}T03:00:00+12:00`, `${DAY}T10:00:00+12:00`, DAY)) },
  });
  const { sleep } = await askFour(gateway, { range: whole }, token);
  expect(issuesOf(sleep)).toEqual([]);
  expect(sleep.bySource.map((one) => [one.day, one["provider"]])).toEqual([
    [BEFORE, "POLAR"],
    [BEFORE, "WITHINGS"],
    [DAY, "OURA"],
    [DAY, "WHOOP"],
  ]);
  const instants = sleep.bySource
    .flatMap(({ sessions }) => brief(sessions))
    .map((pair) => pair.map((at) => Date.parse(at!)));
  expect(new Set(instants.map(String)).size).toBe(1);
  expect(sleep.nodes.map(({ day }) => day)).toEqual([BEFORE, DAY]);
  for (const { day, resolution } of sleep.nodes) {
    const none = resolution.candidates.filter(({ reason }) => reason === "NO_DATA").map(({ provider }) => provider);
    expect(none).toEqual(day === DAY ? ["POLAR", "WITHINGS"] : ["OURA", "WHOOP"]);
  }
});

test("a Polar token that has run out means linking again, as there is no refresh", async () => {
  const token = await someone("expired", {});
  await clouds.control("POLAR", "settings", { accessTokenSeconds: 1 });
  await linkFour(gateway, { token, user: "expired" });
  await clouds.control("POLAR", "settings", { accessTokenSeconds: null });
  await sleepFor(1_500);
  const { sleep } = await askFour(gateway, { range: whole }, token);
  expect(issuesOf(sleep)).toEqual(["POLAR RECONNECT_REQUIRED"]);
  expect((await clouds.counts())["POLAR"]).toEqual({});
  const { calls } = (await clouds.control("POLAR", "calls")) as { calls: { kind: string }[] };
  expect(calls.filter(({ kind }) => kind === "refresh")).toEqual([]);
});
