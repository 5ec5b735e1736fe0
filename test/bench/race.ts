import { isDeepStrictEqual } from "node:util";
import type { Pool } from "pg";
import type { Contestant, Question } from "./contestants";
import { type LoadResult, loadClient } from "./load";
import type { Pin } from "./machine";
import { median } from "./percentile";
import { cpuOf, cpuOfFamily, memoryOf } from "./processes";
import { BODY_STATEMENT } from "./statements";

/** What a contestant came to: medians over the rounds, answers per second and milliseconds. */
export interface Figures {
  readonly contestant: string;
  readonly perSecond: number;
  /** Answers per second of each round. */
  readonly rounds: readonly number[];
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
  readonly answers: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  /** Answers that were taken out of the load and compared with the database. */
  readonly checked: number;
  /** The most of one core that the client took in a round, 0 to 1. */
  readonly clientCpu: number;
  /** Milliseconds of processor time an answer, of the server and of PostgreSQL: what others do on the machine changes them little. */
  readonly cpuMs: number;
  readonly postgresMs: number;
  /** Resident megabytes of the server at the end. */
  readonly memoryMb: number | null;
}

/** How contestants are measured: in turn, one after the other, round after round. */
export interface Race {
  readonly contestants: readonly Contestant[];
  readonly questions: readonly Question[];
  readonly connections: number;
  readonly rounds: number;
  /** Milliseconds of a round; null: every question once. */
  readonly roundMs: number | null;
  /** Milliseconds of load before the first round; null: every question once. */
  readonly warmUpMs: number | null;
  /** The most questions of the warm-up; by default as many as fit into the time, or as there are. */
  readonly warmUpMost?: number;
  readonly clientPin: Pin;
  /** True: no question comes twice; the rounds go through the list, and end with it. */
  readonly fresh?: boolean;
  /** Before each load. */
  readonly before?: (contestant: Contestant) => Promise<void>;
}

interface Measured extends LoadResult {
  readonly cpuMs: number;
  readonly postgresMs: number;
}

const SAMPLES = 8;
const CHECKED_FIRST = 5;

/** Compares a contestant's answer with the database; throws where it differs. */
export async function checkAnswer(
  admin: Pool,
  contestant: Contestant,
  question: Question,
  body: string,
): Promise<void> {
  const { someone, range } = question;
  const { rows } = await admin.query<{ body: string }>(BODY_STATEMENT, [someone.person, range.start, range.end]);
  const expected = (JSON.parse(rows[0]?.body ?? "null") as { data: unknown }).data;
  const difference = firstDifference(contestant.dataOf(body), expected, "data");
  if (difference === null) return;
  throw new Error(
    `${contestant.name} answers ${range.start} to ${range.end} otherwise than the database, ${difference}; ${body.slice(0, 300)}`,
  );
}

/** Where two JSON values differ first, and how; null where they are equal. */
export function firstDifference(got: unknown, wanted: unknown, path: string): string | null {
  if (isDeepStrictEqual(got, wanted)) return null;
  if (typeof got === "object" && typeof wanted === "object" && got !== null && wanted !== null) {
    const [one, other] = [got as Record<string, unknown>, wanted as Record<string, unknown>];
    for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
      const difference = firstDifference(one[key], other[key], `${path}.${key}`);
      if (difference !== null) return difference;
    }
  }
  return `at ${path}: ${JSON.stringify(got)?.slice(0, 300)}, expected ${JSON.stringify(wanted)?.slice(0, 300)}`;
}

/** Asks a contestant once. */
export async function askOnce(contestant: Contestant, question: Question): Promise<string> {
  const { token, body } = contestant.ask(question);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json" };
  const response = await fetch(contestant.url, { method: "POST", headers, body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${contestant.name} answered ${response.status}: ${text.slice(0, 400)}`);
  return text;
}

/** Measures contestants: equal answers first, then a warm-up each, then the rounds, with answers checked out of every load. */
export async function race(admin: Pool, settings: Race): Promise<readonly Figures[]> {
  const { contestants, questions, rounds } = settings;
  for (const contestant of contestants) {
    for (const question of spread(questions, CHECKED_FIRST)) {
      await checkAnswer(admin, contestant, question, await askOnce(contestant, question));
    }
  }
  const postgres = await postgresOf(admin);
  const client = loadClient(settings.clientPin);
  const results = new Map<Contestant, Measured[]>(contestants.map((one) => [one, []]));
  const places = new Map<Contestant, number>();
  const load = async (
    contestant: Contestant,
    forMs: number | null,
    atMost = Number.MAX_SAFE_INTEGER,
  ): Promise<Measured> => {
    await settings.before?.(contestant);
    const from = settings.fresh ? (places.get(contestant) ?? 0) : 0;
    const asks = questions.map((question) => contestant.ask(question));
    const left = settings.fresh ? asks.length - from : Number.MAX_SAFE_INTEGER;
    const most = Math.min(left, atMost, forMs === null && !settings.fresh ? asks.length : left);
    const { url, pid } = contestant;
    const [cpu, postgresCpu] = [cpuOf(pid), cpuOfFamily(postgres)];
    const result = await client.run({
      url,
      asks,
      connections: settings.connections,
      forMs,
      from,
      samples: SAMPLES,
      most,
    });
    const cpuMs = (cpuOf(pid) - cpu) / result.answers;
    const postgresMs = (cpuOfFamily(postgres) - postgresCpu) / result.answers;
    places.set(contestant, from + result.answers);
    for (const { ask, body } of result.samples) await checkAnswer(admin, contestant, questions[ask] as Question, body);
    return { ...result, cpuMs, postgresMs };
  };
  try {
    for (const contestant of contestants) await load(contestant, settings.warmUpMs, settings.warmUpMost);
    for (let round = 0; round < rounds; round++) {
      for (const contestant of contestants) results.get(contestant)?.push(await load(contestant, settings.roundMs));
    }
  } finally {
    client.stop();
  }
  return contestants.map((contestant) => figuresOf(contestant, results.get(contestant) ?? []));
}

/** The process of the PostgreSQL server, which runs on this machine. */
async function postgresOf(admin: Pool): Promise<number> {
  const { rows } = await admin.query<{ pid: string }>(
    "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid",
  );
  return Number(rows[0]?.pid);
}

function figuresOf(contestant: Contestant, all: readonly Measured[]): Figures {
  // A round for which no fresh question was left says nothing.
  const results = all.filter(({ answers }) => answers > 0);
  const sum = (of: (result: Measured) => number) => results.reduce((total, result) => total + of(result), 0);
  return {
    contestant: contestant.name,
    perSecond: median(results.map(({ perSecond }) => perSecond)),
    rounds: results.map(({ perSecond }) => Math.round(perSecond)),
    p50: median(results.map(({ p50 }) => p50)),
    p99: median(results.map(({ p99 }) => p99)),
    bytes: results[0]?.bytes ?? 0,
    answers: sum(({ answers }) => answers),
    failures: sum(({ failures }) => failures),
    firstFailure: results.find(({ firstFailure }) => firstFailure !== null)?.firstFailure ?? null,
    checked: sum(({ samples }) => samples.length),
    clientCpu: Math.max(0, ...results.map(({ clientCpu }) => clientCpu)),
    cpuMs: median(results.map(({ cpuMs }) => cpuMs)),
    postgresMs: median(results.map(({ postgresMs }) => postgresMs)),
    memoryMb: memoryOf(contestant.pid)?.now ?? null,
  };
}

/** Some of a list, the first and the last among them. */
export function spread<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, place) => list[Math.round((place * (list.length - 1)) / (count - 1))] as T);
}
