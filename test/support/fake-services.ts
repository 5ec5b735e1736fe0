import { randomUUID } from "node:crypto";
import type { DailyAnswer, DailyQuestion, SourcedDay } from "../../src/domain/answers";
import { chooseDays } from "../../src/domain/choice";
import { type CivilDay, contains, daysOf } from "../../src/domain/days";
import { GatewayError, UserFacingError } from "../../src/domain/errors";
import { type Instant, parseInstant } from "../../src/domain/instants";
import type { SyncRun } from "../../src/domain/sync-runs";
import type {
  Account,
  CallbackOutcome,
  FailedJob,
  KeptSubscription,
  Person,
  ServerKey,
  Services,
  SourcePreference,
} from "../../src/services/api";

import { type FakeFeed, fakeFeed } from "./fake-feed";
import { fakeOutgoing } from "./fake-outgoing";

/** The person that every test's fake services know. */
export const PERSON: Person = { id: "11111111-1111-4111-8111-111111111111", externalId: "demo" };
/** Their one account. */
export const ACCOUNT: Account = {
  id: "22222222-2222-4222-8222-222222222222",
  personId: PERSON.id,
  provider: "oura",
  status: "ACTIVE",
  grantedScopes: ["daily"],
  connectedAt: 1_790_000_000,
  grantNumber: 1,
};

/** Their one run of fetching, but for the second page. */
const SYNC_RUN: SyncRun = {
  id: "33333333-3333-4333-8333-333333333333",
  trigger: "BACKFILL",
  range: { start: "2026-01-01" as CivilDay, end: "2026-12-31" as CivilDay },
  startedAt: 1_790_000_010,
  finishedAt: null,
  recordsCreated: 300,
  recordsUpdated: 2,
  recordsDeleted: 1,
  documentsSetAside: 0,
  errors: [{ endpoint: "sleep", code: "RATE_LIMITED", message: "the provider asked to wait", retryAt: 1_790_000_300 }],
};

const at = (text: string): Instant => parseInstant(text) as Instant;
const base = (day: CivilDay) => ({ day, fetchedAt: 1_790_000_100, completeness: "FINAL" as const });
const contributors = [{ key: "deep_sleep", nativeKey: "deep_sleep", score: 80 }];

function dayOf({ metric, method }: DailyQuestion, day: CivilDay): SourcedDay {
  const provider = "oura";
  if (metric === "READINESS") {
    const temperatures = { temperatureDeviationCelsius: -0.1, temperatureTrendDeviationCelsius: null };
    const night = {
      restingHeartRateBpm: 52,
      hrv: { milliseconds: 42.5, method: "RMSSD" as const },
      spo2Percent: 96.5,
      skinTemperatureCelsius: 33.4,
      ansCharge: -1.5,
    };
    return { provider, value: { metric, ...base(day), score: 70, contributors, ...temperatures, ...night } };
  }
  if (metric === "HRV") {
    const samples = [{ at: at(`${day}T01:00:00+02:00`), milliseconds: 41 }];
    const spread = { averageMilliseconds: 42.5, minimumMilliseconds: 41, maximumMilliseconds: 41, samples };
    return { provider, value: { metric, ...base(day), method: method ?? "RMSSD", ...spread } };
  }
  if (metric === "ACTIVITY") {
    return {
      provider,
      value: {
        metric,
        ...base(day),
        score: null,
        contributors: [],
        steps: 9000,
        distanceMeters: null,
        equivalentWalkingDistanceMeters: 7000.5,
        activeEnergyKilocalories: 400,
        totalEnergyKilocalories: 2400,
        highActivitySeconds: 60,
        mediumActivitySeconds: 600,
        lowActivitySeconds: 6000,
        sedentarySeconds: 30_000,
        restingSeconds: 28_000,
        nonWearSeconds: 0,
        inactivityAlerts: 1,
        strain: 10.5,
      },
    };
  }
  const parts = {
    inBedSeconds: 28_800,
    asleepSeconds: 25_200,
    awakeSeconds: 3600,
    lightSeconds: 12_000,
    deepSeconds: 6000,
    remSeconds: 7200,
  };
  const [start, end] = [at(`${day}T00:10:00+02:00`), at(`${day}T08:10:00+02:00`)];
  const stages = [{ stage: "LIGHT" as const, start, end }];
  return {
    provider,
    value: {
      metric: "SLEEP",
      ...base(day),
      score: 81,
      contributors,
      bedtimeStart: start,
      bedtimeEnd: end,
      ...parts,
      latencySeconds: 300,
      efficiencyPercent: 87.5,
      averageHeartRateBpm: 55.5,
      lowestHeartRateBpm: 48,
      averageHrv: { milliseconds: 42.5, method: "RMSSD" },
      breathsPerMinute: 14.25,
      sessions: [{ sessionType: "MAIN", start, end, ...parts, stages }],
    },
  };
}

/** Fake services in memory: a year of plausible days, every call noted, every answer replaceable. */
export interface FakeServices extends Services {
  readonly reads: (readonly DailyQuestion[])[];
  /** The same, of what is kept alone. */
  readonly stored: (readonly DailyQuestion[])[];
  readonly feed: FakeFeed;
  readonly callbacks: { provider: string; query: [string, string][] }[];
  /** Server keys by bearer token. */
  readonly serverKeys: Map<string, ServerKey>;
  /** For whom mutations acted, by external id. */
  readonly actedFor: string[];
  outcome: CallbackOutcome;
  /** Of every daily answer: epoch seconds. */
  freshUntil: number;
  /** Issues of every daily answer. */
  issues: DailyAnswer["issues"];
  /** Thrown by the next calls where set. */
  failure: unknown;
}

function answer(question: DailyQuestion): DailyAnswer {
  const known = daysOf(question.range).filter((day) =>
    contains({ start: "2026-01-01" as CivilDay, end: "2026-12-30" as CivilDay }, day),
  );
  const bySource = known.map((day) => dayOf(question, day));
  const absences = daysOf(question.range)
    .filter((day) => !known.includes(day))
    .map((day) => ({ firstDay: day, lastDay: day, provider: "oura", reason: "PROVIDER_HAS_NONE" as const }));
  const order = { query: question.prefer ?? null, person: null, operator: null, order: ["oura"] };
  const resolutions = chooseDays(bySource, ["oura"], order);
  // Equal but not identical, as after a cache.
  return { nodes: structuredClone(bySource), resolutions, bySource, absences, issues: [], freshUntil: 0 };
}

/** Services that answer from memory. */
export function fakeServices(): FakeServices {
  const people = new Map<string, Person>([[PERSON.externalId, PERSON]]);
  const reads: (readonly DailyQuestion[])[] = [];
  const callbacks: FakeServices["callbacks"] = [];
  const preferences = new Map<string, SourcePreference>();
  const stored: (readonly DailyQuestion[])[] = [];
  const list = async (personId: string) => (personId === PERSON.id ? [ACCOUNT] : []);
  const feed = fakeFeed(list);
  const guard = () => {
    if (fake.failure !== null) throw fake.failure;
  };
  const keys = new Map<string, ServerKey>();
  const actedFor: string[] = [];
  const failed: FailedJob[] = ["3", "2", "1"].map((id) => {
    return {
      id,
      task: id === "1" ? "other-task" : "some-task",
      attempts: 5,
      failedAt: 1_790_000_300,
      error: "Error E1",
    };
  });
  const taken = (ids: readonly string[] | null) => {
    const chosen = failed.filter(({ id }) => ids?.includes(id) ?? true);
    for (const job of chosen) failed.splice(failed.indexOf(job), 1);
    return chosen.map(({ id }) => id);
  };
  const subscriptions: readonly KeptSubscription[] = [
    {
      provider: "oura",
      dataType: "sleep",
      eventType: "update",
      state: "ACTIVE",
      vendorId: "s-1",
      callbackUrl: "https://gateway.example/webhooks/oura",
      expiresAt: 1_790_000_000,
      lastError: "RATE_LIMITED",
      checkedAt: 1_780_000_000,
    },
    {
      provider: "oura",
      dataType: "sleep",
      eventType: "delete",
      state: "OFF",
      vendorId: null,
      callbackUrl: null,
      expiresAt: null,
      lastError: null,
      checkedAt: null,
    },
  ];
  const fake: FakeServices = {
    reads,
    stored,
    feed,
    serverKeys: keys,
    actedFor,
    callbacks,
    outcome: { kind: "page", status: 200, title: "Linked", message: "Your wearable is linked." },
    freshUntil: 0,
    issues: [],
    failure: null,
    versions: { current: async () => ({ version: "1", confirmed: true }) },
    people: {
      async person(externalId) {
        const known = people.get(externalId) ?? { id: randomUUID(), externalId };
        people.set(externalId, known);
        return known;
      },
      find: async (externalId) => people.get(externalId) ?? null,
      byId: async (personId) => [...people.values()].find(({ id }) => id === personId) ?? null,
    },
    keys: {
      async verify(token) {
        const key = keys.get(token);
        if (!key) throw new GatewayError("UNAUTHENTICATED", "The server key is malformed, unknown, revoked or expired");
        return key;
      },
    },
    accounts: {
      list,
      lastSyncedAt: async () => new Map([[ACCOUNT.id, 1_790_000_200]]),
    },
    linking: {
      async connect({ externalId }, { provider, returnUrl }) {
        guard();
        actedFor.push(externalId);
        if (returnUrl !== null) {
          throw new UserFacingError("RETURN_URL_NOT_ALLOWED", "not among the allowed addresses", {
            field: ["input", "returnUrl"],
          });
        }
        return { authorizationUrl: `https://vendor.test/${provider}`, state: "s", expiresAt: 1_790_000_600 };
      },
      async callback(provider, query) {
        guard();
        callbacks.push({ provider, query: [...query] });
        return fake.outcome;
      },
      async complete({ externalId }) {
        guard();
        actedFor.push(externalId);
        return ACCOUNT;
      },
      async disconnect({ externalId }) {
        guard();
        actedFor.push(externalId);
        return { revokedAtProvider: true, deletedRecords: null };
      },
    },
    reading: {
      async read(_personId, questions) {
        guard();
        reads.push(questions);
        return questions.map((question) => ({ ...answer(question), freshUntil: fake.freshUntil, issues: fake.issues }));
      },
      async stored(_personId, questions) {
        guard();
        stored.push(questions);
        return questions.map(answer);
      },
    },
    changes: feed.changes,
    syncing: {
      async sync({ externalId }) {
        guard();
        actedFor.push(externalId);
        return { account: ACCOUNT, fetchedRecords: 3, failure: null };
      },
    },
    history: {
      backfill: async () => {
        const [daysDone, daysTotal] = [30, 365];
        return new Map([
          [ACCOUNT.id, [{ metric: "SLEEP", state: "WAITING", daysDone, daysTotal, retryAt: 1_790_000_300 }]],
        ]);
      },
      runs: async ({ first, after }) => {
        const run = { ...SYNC_RUN, id: after ? "33333333-3333-4333-8333-333333333334" : SYNC_RUN.id };
        return { nodes: [run].slice(0, first), endCursor: { startedAtMicros: "1", id: run.id }, hasNextPage: !after };
      },
      times: async () => new Map([[ACCOUNT.id, { polledAt: 1_790_000_250, dataAt: 1_790_000_150 }]]),
    },
    preferences: {
      list: async (personId) => (personId === PERSON.id ? [...preferences.values()] : []),
      async set({ externalId }, metric, order) {
        guard();
        actedFor.push(externalId);
        if (order.length === 0) preferences.delete(metric);
        else preferences.set(metric, { metric, order });
        return preferences.get(metric) ?? null;
      },
    },
    outgoing: fakeOutgoing(guard),
    queue: {
      async state() {
        guard();
        const tasks = [...new Set(failed.map(({ task }) => task))].map((task) => ({
          task,
          waiting: 2,
          running: 1,
          aside: failed.filter((job) => job.task === task).length,
          oldestDueSeconds: 12.75,
        }));
        return { tasks, schedules: [], processes: 1 };
      },
      failed: async (first) => failed.slice(0, first),
      retry: async (ids) => taken(ids),
      discard: async (ids) => taken(ids),
    },
    subscriptions: {
      async list() {
        guard();
        return subscriptions;
      },
      handshake: (provider, query) =>
        provider === "oura" ? { status: 200, body: { challenge: query.get("challenge") ?? "" } } : null,
    },
    providers: [
      {
        provider: "oura",
        displayName: "Oura",
        configured: true,
        metrics: ["SLEEP", "READINESS", "ACTIVITY", "HRV"],
        scopes: ["daily"],
        fields: [
          { metric: "SLEEP", name: "score" },
          { metric: "ACTIVITY", name: "steps" },
        ],
      },
    ],
  };
  return fake;
}
