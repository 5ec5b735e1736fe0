import { z } from "zod";
import {
  civilDayText,
  type Endpoint,
  expectShape,
  instantText,
  type Provider,
  quantity,
  readDocuments,
  type WireDocument,
} from "../../providers/contract";
import { type CivilDay, parseCivilDay } from "../../src/domain/days";
import type { SleepSessionRecord } from "../../src/domain/records";

/** A document of the made-up vendor as it goes over the wire. `bedtime` only for sleeps: they are filtered by it, not by their day. */
export interface AcmeDocument {
  /** What a document of {@link undatedAcme} names instead of a day; a sleep's own cycle. */
  readonly session?: string;
  readonly cycle?: string;
  readonly otherwise?: string;
  readonly id: string;
  readonly day: string;
  readonly value: unknown;
  readonly bedtime?: string;
  readonly wake?: string;
  readonly nap?: boolean;
  readonly updated?: string;
}

const Envelope = z.object({ items: z.array(z.unknown()), next: z.string().nullable() });
const Base = z.object({
  id: z.string().min(1),
  day: civilDayText,
  value: quantity({ min: 0, max: 1_000_000 }),
  updated: instantText.optional(),
});
const Sleep = Base.extend({ bedtime: instantText, wake: instantText, nap: z.boolean().optional() });

const NO_SLEEP_DETAIL = {
  inBedSeconds: null,
  awakeSeconds: null,
  lightSeconds: null,
  deepSeconds: null,
  remSeconds: null,
  latencySeconds: null,
  efficiencyPercent: null,
  averageHeartRateBpm: null,
  lowestHeartRateBpm: null,
  averageHrv: null,
  breathsPerMinute: null,
  stages: [],
} satisfies Partial<SleepSessionRecord>;

const NO_ACTIVITY_DETAIL = {
  score: null,
  contributors: [],
  distanceMeters: null,
  equivalentWalkingDistanceMeters: null,
  activeEnergyKilocalories: null,
  totalEnergyKilocalories: null,
  highActivitySeconds: null,
  mediumActivitySeconds: null,
  lowActivitySeconds: null,
  sedentarySeconds: null,
  restingSeconds: null,
  nonWearSeconds: null,
  inactivityAlerts: null,
};

function dayOf(raw: unknown): CivilDay | null {
  const day = (raw as { day?: unknown } | null)?.day;
  return typeof day === "string" ? parseCivilDay(day) : null;
}

function endpoint<T extends z.infer<typeof Base>>(
  name: string,
  schema: z.ZodType<T>,
  recordsOf: (item: T) => WireDocument["records"],
  rest: Pick<Endpoint, "yields"> & Partial<Endpoint>,
): Endpoint {
  return {
    name,
    scopes: [name === "sleep" ? "sleep" : "daily"],
    ...rest,
    request: (window, cursor) => ({
      method: "GET",
      path: `/v1/${name}`,
      query: { from: window.start, to: window.end, ...(cursor === null ? {} : { cursor }) },
    }),
    read(body) {
      const { items, next } = expectShape(Envelope, body);
      const toDocument = (item: T, raw: unknown): WireDocument => ({
        id: item.id,
        raw,
        records: recordsOf(item),
        ...(item.updated ? { revisedAt: item.updated } : {}),
      });
      return { ...readDocuments(items, schema, toDocument, dayOf), cursor: next };
    },
  };
}

/** A made-up vendor: `GET /v1/<endpoint>?from=&to=&cursor=` answers `{ items, next }`; a year settles nothing but what tests say. */
export const acme: Provider = {
  slug: "acme",
  displayName: "Acme",
  apiUrl: "https://api.acme.example",
  oauth: {
    authorizeUrl: "https://login.acme.example/authorize",
    tokenUrl: "https://login.acme.example/token",
    scopes: ["daily", "sleep"],
    defaultScopes: ["daily", "sleep"],
    refresh: "rotating",
  },
  identity: { from: "token", field: "user_id" },
  settlesAfterDays: 7,
  budgets: [{ requests: 1_000, seconds: 60 }],
  mapperVersion: 1,
  rateLimitScope: (headers) => (headers["x-limit"] === "account" ? "account" : "application"),
  endpoints: [
    endpoint(
      "daily_score",
      Base,
      ({ id, day, value }) => [{ kind: "sleep_score", key: id, day, score: value, contributors: [] }],
      { yields: ["sleep_score"] },
    ),
    endpoint(
      "sleep",
      Sleep,
      ({ id, day, value, bedtime, wake, nap }) => [
        {
          kind: "sleep_session",
          key: id,
          day,
          nature: nap ? "nap" : "night",
          start: bedtime,
          end: wake,
          asleepSeconds: value,
          ...NO_SLEEP_DETAIL,
        },
        { kind: "hrv", key: id, day, method: "RMSSD", sessionKey: id, averageMilliseconds: value, samples: [] },
      ],
      { yields: ["sleep_session", "hrv"], hrvMethods: ["RMSSD"], margin: { before: 1, after: 2 } },
    ),
    endpoint(
      "readiness",
      Base,
      ({ id, day, value }) => [
        {
          kind: "readiness",
          key: id,
          day,
          score: value,
          contributors: [],
          temperatureDeviationCelsius: null,
          temperatureTrendDeviationCelsius: null,
        },
      ],
      { yields: ["readiness"] },
    ),
    endpoint(
      "activity",
      Base,
      ({ id, day, value }) => [{ kind: "activity", key: id, day, steps: value, ...NO_ACTIVITY_DETAIL }],
      { yields: ["activity"] },
    ),
  ],
  synthetic: {
    documents: () => [],
    answer: () => null,
    failure: () => ({ status: 500, body: null }),
    grant: (scope) => scope,
    accessTokenSeconds: 3_600,
  },
};
