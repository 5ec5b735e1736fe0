import { readFileSync } from "node:fs";
import Redis from "ioredis";
import { Pool } from "pg";
import { providers } from "../../../providers/registry";
import { buildGatewaySchema } from "../../../schema/build";
import { joinAbsences } from "../../../src/domain/absences";
import type { DailyAnswer, DailyQuestion, SourcedDay } from "../../../src/domain/answers";
import type { DailyValue } from "../../../src/domain/daily";
import { type CivilDay, daysOf } from "../../../src/domain/days";
import type { Metric } from "../../../src/domain/metrics";
import { createRequestContext, type RequestContext } from "../../../src/loaders/context";
import type { Services } from "../../../src/services/api";
import { DASHBOARD } from "../dashboard";
import type { Someone } from "../people";
import { daysStatement } from "../statements";

/** Where a peer has its records from: its own memory, a Redis hash of days per person and metric, or the four hand-written statements. */
export type RecordsFrom = "memory" | "redis" | "postgres";

interface Row {
  readonly day: CivilDay;
}
type Rows = (person: string, question: DailyQuestion) => Promise<readonly Row[]>;

/** The schema and resolvers that the gateway itself has. */
export const peerSchema = () => buildGatewaySchema({ providers });

/** Name of the Redis hash that peers read a person's days of a metric from; field: the day, value: the row as JSON. */
export function hashOfDays(person: string, metric: Metric): string {
  return `bench:${person}:${metric}`;
}

/** A request's context for the gateway's own resolvers, by its Authorization header: the token is looked up, not verified. */
export async function peerContexts(): Promise<(authorization: string | undefined) => RequestContext> {
  const { RECORDS_FROM = "memory", PEOPLE = "", DATABASE_URL = "", REDIS_URL = "" } = process.env;
  const people = JSON.parse(readFileSync(PEOPLE, "utf8")) as readonly Someone[];
  const rows = await rowsFrom(RECORDS_FROM as RecordsFrom, people, DATABASE_URL, REDIS_URL);
  const read = (person: string, questions: readonly DailyQuestion[]) =>
    Promise.all(questions.map(async (question) => answerOf(question, await rows(person, question))));
  const services = { reading: { read }, providers: [] } as unknown as Services;
  const byToken = new Map(people.map(({ person, token }) => [`Bearer ${token}`, person]));
  return (authorization) => {
    const id = byToken.get(authorization ?? "");
    if (id === undefined) throw new Error("expected one of the benchmark's people");
    return createRequestContext(services, { kind: "person", person: { id, externalId: id } }, "");
  };
}

async function rowsFrom(from: RecordsFrom, people: readonly Someone[], url: string, redisUrl: string): Promise<Rows> {
  const pool = new Pool({ connectionString: url, max: 10 });
  if (from === "postgres") {
    const statements = new Map(DASHBOARD.map((part) => [part.metric, { name: part.field, text: daysStatement(part) }]));
    return async (person, { metric, range }) => {
      const statement = statements.get(metric);
      if (!statement) throw new RangeError(`expected a metric of the dashboard, got ${metric}`);
      return (await pool.query<Row>({ ...statement, values: [person, range.start, range.end] })).rows;
    };
  }
  if (from === "redis") {
    const redis = new Redis(redisUrl);
    return async (person, { metric, range }) => {
      const found = await redis.hmget(hashOfDays(person, metric), ...daysOf(range));
      return found.flatMap((text) => (text === null ? [] : [JSON.parse(text) as Row]));
    };
  }
  const kept = await everything(pool, people);
  return async (person, { metric, range }) => {
    const days = kept.get(hashOfDays(person, metric));
    return daysOf(range).flatMap((day) => days?.get(day) ?? []);
  };
}

/** All days of some people, by {@link hashOfDays} and day. */
async function everything(pool: Pool, people: readonly Someone[]): Promise<Map<string, Map<CivilDay, Row>>> {
  const kept = new Map<string, Map<CivilDay, Row>>();
  for (const part of DASHBOARD) {
    for (const { person } of people) {
      const { rows } = await pool.query<Row>(daysStatement(part), [person, "2000-01-01", "2199-12-31"]);
      kept.set(hashOfDays(person, part.metric), new Map(rows.map((row) => [row.day, row])));
    }
  }
  return kept;
}

const PROVIDER = "oura";

function answerOf({ metric, range }: DailyQuestion, rows: readonly Row[]): DailyAnswer {
  const fixed = {
    metric,
    fetchedAt: 0,
    completeness: "FINAL",
    contributors: [],
    sessions: [],
    samples: [],
    method: "RMSSD",
  };
  const bySource = rows.map(
    (row): SourcedDay => ({ provider: PROVIDER, value: { ...fixed, ...row } as unknown as DailyValue }),
  );
  const known = new Set(rows.map(({ day }) => day));
  const absent = daysOf(range).filter((day) => !known.has(day));
  return {
    nodes: bySource,
    bySource,
    resolutions: bySource.map((winner) => ({
      policy: "DEFAULT" as const,
      winner,
      candidates: [{ provider: PROVIDER, day: winner, reason: "ONLY_SOURCE" as const }],
    })),
    absences: joinAbsences(absent.map((day) => ({ day, provider: PROVIDER, reason: "PROVIDER_HAS_NONE" as const }))),
    issues: [],
    freshUntil: 0,
  };
}

/** Copies some people's days to where peers read them from Redis. */
export async function fillRedis(redis: Redis, admin: Pool, people: readonly Someone[]): Promise<void> {
  for (const [name, days] of await everything(admin, people)) {
    await redis.hset(name, new Map([...days].map(([day, row]) => [day, JSON.stringify(row)])));
  }
}
