import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DayRange } from "../../src/domain/days";
import type { GatewayProcess } from "../support/gateway-process";
import { bodyOf, DASHBOARD } from "./dashboard";
import type { Ask } from "./load";
import type { Pin } from "./machine";
import { nodeForPostgraphile } from "./peer-packages";
import type { Someone } from "./people";
import type { RecordsFrom } from "./servers/peer-services";
import { LEAST_TABLES, POSTGRAPHILE_QUERY } from "./statements";
import type { World } from "./world";

/** One dashboard that is asked for. */
export interface Question {
  readonly someone: Someone;
  readonly range: DayRange;
}

/** A server that answers the dashboard. */
export interface Contestant {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  ask(question: Question): Ask;
  /** The dashboard's `data` out of an answer, in the gateway's own form. */
  dataOf(body: string): unknown;
}

const plain = {
  ask: ({ someone, range }: Question): Ask => ({ token: someone.token, body: bodyOf(range) }),
  dataOf: (body: string): unknown => (JSON.parse(body) as { data?: unknown }).data,
};

/** The gateway as a contestant. */
export function asContestant(gateway: GatewayProcess, name = "gateway"): Contestant {
  return { name, url: `http://127.0.0.1:${gateway.port}/graphql`, pid: gateway.pid, ...plain };
}

/** Servers that execute GraphQL with the gateway's schema and resolvers. */
export const EXECUTORS = { apollo: "Apollo Server 5", mercurius: "Mercurius JIT", yoga: "GraphQL Yoga 5" } as const;

/** One of {@link EXECUTORS}. */
export type Executor = keyof typeof EXECUTORS;

/** Starts the peers of a run. Files that they read lie in `directory`. */
export class Peers {
  private count = 0;
  constructor(
    private readonly world: World,
    private readonly directory: string,
    /** The executors that take part. */
    readonly executors: readonly Executor[],
    /** Null, or why Mercurius, Yoga and PostGraphile cannot be started. */
    readonly missing: string | null,
  ) {}

  private async file(content: unknown): Promise<string> {
    const path = join(this.directory, `peers-${this.count++}.json`);
    await writeFile(path, JSON.stringify(content));
    return path;
  }

  /** An executor with the days of some people from memory, Redis or PostgreSQL. */
  async executor(kind: Executor, people: readonly Someone[], from: RecordsFrom, pin: Pin): Promise<Contestant> {
    const env = { PEOPLE: await this.file(people), RECORDS_FROM: from };
    const { hello, pid } = await this.world.server(`${kind}.ts`, pin, env);
    return { name: EXECUTORS[kind], url: String(hello["url"]), pid, ...plain };
  }

  /** node:http that sends finished bytes. */
  async bare(bodies: readonly (readonly [token: string, body: string])[], pin: Pin): Promise<Contestant> {
    const { hello, pid } = await this.world.server("bare.ts", pin, { BODIES: await this.file(bodies) });
    return { name: "bare node:http", url: String(hello["url"]), pid, ...plain };
  }

  /** node:http over the one statement that builds the body. */
  async sqlJson(people: readonly Someone[], pin: Pin): Promise<Contestant> {
    const { hello, pid } = await this.world.server("sql-json.ts", pin, { PEOPLE: await this.file(people) });
    return { name: "JSON built in SQL", url: String(hello["url"]), pid, ...plain };
  }

  /** What a first answer takes at the least, with the documents kept or only read; asked with the provider's own tokens. */
  async least(documents: "kept" | "read"): Promise<Contestant> {
    await this.world.admin.query(LEAST_TABLES);
    const settings = { PROVIDER: this.world.providerOrigin, DOCUMENTS: documents };
    const { hello, pid } = await this.world.server("least.ts", "free", settings);
    return { name: `the least work, documents ${documents}`, url: String(hello["url"]), pid, ...plain };
  }

  /** PostGraphile, or why it was left out. */
  async postgraphile(pin: Pin): Promise<Contestant | string> {
    if (this.missing !== null) return this.missing;
    const node = nodeForPostgraphile();
    if (node === null) return "needs Node 22, and npx could not bring Node 24";
    const { hello, pid } = await this.world.server("postgraphile.mjs", pin, {}, node.program);
    const name = `PostGraphile 5 (Node ${node.version.slice(1).split(".")[0]})`;
    const ask = ({ someone, range }: Question): Ask => {
      const variables = { person: someone.person, from: range.start, to: range.end };
      return { token: someone.token, body: JSON.stringify({ query: POSTGRAPHILE_QUERY, variables }) };
    };
    return { name, url: String(hello["url"]), pid, ask, dataOf: ofPostgraphile };
  }
}

type Nodes = { readonly nodes: unknown };

function ofPostgraphile(body: string): unknown {
  const { data } = JSON.parse(body) as { data?: { viewer: Record<string, Nodes> } };
  if (!data) throw new Error(`PostGraphile answers without data: ${body.slice(0, 600)}`);
  const parts = DASHBOARD.map(({ field }) => [
    field,
    { nodes: data.viewer[field]?.nodes, absences: data.viewer[`${field}Absences`]?.nodes, issues: [] },
  ]);
  return { viewer: Object.fromEntries(parts) };
}
