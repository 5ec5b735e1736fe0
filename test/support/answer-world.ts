import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import Redis from "ioredis";
import { SignJWT } from "jose";
import { daysAgo } from "./four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "./gateway-process";
import { type HarnessDatabase, harnessDatabase } from "./harness-database";
import { linked } from "./newcomer";
import { startRedis, type ThrowawayRedis } from "./redis-server";
import { startVendor, type Vendor } from "./vendor";

/** An answer over HTTP; `text`: the body, of a 304 the one that its ETag stands for. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly again: boolean;
}

/** Days that no longer change by themselves. */
export const RANGE = { start: daysAgo(60), end: daysAgo(41) };
const PART = { start: daysAgo(60), end: daysAgo(51) };
const DAYS = "(range: $range) { nodes { id day score } absences { firstDay lastDay provider reason } issues { code } }";
/** Documents: a dashboard, choices and accounts, one that goes by GET, and a part of the days. */
export const QUESTIONS = [
  `query Days($range: DateRange!) { viewer { externalId sleep${DAYS} readiness${DAYS} accounts { provider status } } }`,
  "query Choices { viewer { id externalId accounts { id provider status grantedScopes } sourcePreferences { metric order } } }",
  `query Nights($range: DateRange!) { viewer { externalId sourcePreferences { metric order } sleep${DAYS} } }`,
  `query Part($range: DateRange!) { viewer { externalId sleep${DAYS} readiness${DAYS} } }`,
] as const;
const BY_GET = 2;
const LINKED_AT_ONCE = 6;
const SECRET = randomBytes(32).toString("hex");

/** Two gateways that keep answers, their twin that keeps none and knows no Redis, and people with a ring. */
export class AnswerWorld {
  /** Lets go of an idle connection long before the gateway closes it: a request could be sent into that very moment. */
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 20_000 });
  private readonly tags = new Map<string, Answered & { readonly etag: string }>();
  private readonly tokens = new Map<string, { readonly token: string; readonly expiresAt: number }>();

  private constructor(
    readonly people: readonly string[],
    readonly vendor: Vendor,
    private readonly database: HarnessDatabase,
    private redis: ThrowawayRedis,
    /** The two that keep answers, and the twin. */
    readonly gateways: readonly GatewayProcess[],
  ) {}

  /** Starts everything and links everybody. */
  static async start(count: number, say: (line: string) => void): Promise<AnswerWorld> {
    const people = Array.from({ length: count }, (_, number) => `person-${number}`);
    const [vendor, database, redis] = await Promise.all([startVendor(), harnessDatabase(), startRedis()]);
    const env = {
      ...vendor.env,
      DATABASE_URL: database.url,
      ENCRYPTION_KEYS: `harness:${randomBytes(32).toString("base64")}`,
      AUTH_JWT_SECRET: SECRET,
      LINK_COMPLETION: "callback",
      LOG_LEVEL: "warn",
      ROLES: "api",
      OURA_REQUEST_BUDGET: "1000000/60",
    };
    const gateways: GatewayProcess[] = [];
    const world = new AnswerWorld(people, vendor, database, redis, gateways);
    try {
      gateways.push(await startGateway({ env: { ...env, REDIS_URL: redis.url } }));
      gateways.push(await startGateway({ env: { ...env, REDIS_URL: redis.url } }));
      gateways.push(await startGateway({ env: { ...env, ANSWER_CACHE_MB: "0" } }));
      const left = [...people];
      const next = async () => {
        for (let name = left.shift(); name !== undefined; name = left.shift()) await world.link(name, 0);
      };
      await Promise.all(Array.from({ length: LINKED_AT_ONCE }, next));
      say(`${count} people are linked at two gateways that keep answers and one that does not`);
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  /** A token of so many seconds. */
  async token(name: string, seconds: number): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const expiresAt = Math.floor(Date.now() / 1_000) + seconds;
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setSubject(name)
      .setExpirationTime(expiresAt)
      .sign(Buffer.from(SECRET));
    return { token, expiresAt: expiresAt * 1_000 };
  }

  /** A token that holds for some seconds more; tokens expire while all this goes on. */
  private async fresh(name: string): Promise<string> {
    const known = this.tokens.get(name);
    if (known && known.expiresAt - Date.now() > 5_000) return known.token;
    const made = await this.token(name, 20);
    this.tokens.set(name, made);
    return made.token;
  }

  /** Asks a question for a person at a gateway. */
  async ask(name: string, gateway: number, question: number, token?: string): Promise<Answered> {
    const query = QUESTIONS[question] ?? "";
    const variables = query.includes("$range") ? { range: query.includes("Part") ? PART : RANGE } : {};
    const authorization = `Bearer ${token ?? (await this.fresh(name))}`;
    if (question !== BY_GET) {
      const body = JSON.stringify({ query, variables });
      return this.send(gateway, "POST", "/graphql", { authorization, "content-type": "application/json" }, body);
    }
    const path = `/graphql?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`;
    const place = `${name} ${gateway}`;
    const known = this.tags.get(place);
    const headers = {
      authorization,
      "apollo-require-preflight": "yes",
      ...(known ? { "if-none-match": known.etag } : {}),
    };
    const answered = await this.send(gateway, "GET", path, headers);
    if (answered.status === 304 && known) return { ...known, again: true };
    if (answered.etag !== "") this.tags.set(place, answered);
    return answered;
  }

  /** Runs a mutation for a person; throws for errors. */
  async change(name: string, gateway: number, query: string, variables: object): Promise<void> {
    const { data, errors } = await this.gateway(gateway).graphql(query, { ...variables }, await this.fresh(name));
    const failed = Object.values(data ?? {}).flatMap((payload) => payload?.userErrors ?? []);
    if (errors.length + failed.length > 0) throw new Error(`${name}: ${JSON.stringify([errors, failed])}`);
  }

  async link(name: string, gateway: number, scopes?: readonly string[]): Promise<void> {
    await linked(this.gateway(gateway), { token: await this.fresh(name), user: name, ...(scopes ? { scopes } : {}) });
  }

  /** Does something to Redis. */
  async toRedis(what: "flush" | "fill" | "empty" | "freeze" | "thaw" | "kill" | "start"): Promise<void> {
    if (what === "freeze") return this.redis.signal("SIGSTOP");
    if (what === "thaw") return this.redis.signal("SIGCONT");
    if (what === "kill") return this.redis.stop();
    if (what === "start") {
      this.redis = await startRedis({ port: this.redis.port });
      return;
    }
    const client = new Redis(this.redis.url, { maxRetriesPerRequest: 1 });
    try {
      if (what === "flush") await client.flushall();
      else await client.config("SET", "maxmemory", what === "fill" ? "1" : "0");
    } finally {
      client.disconnect();
    }
  }

  /** Answers that the two gateways handed out again, of all that they gave. */
  async handedOutAgain(): Promise<number> {
    const texts = this.gateways.slice(0, 2).map(async ({ url }) => (await fetch(`${url}/metrics`)).text());
    const counts = (await Promise.all(texts)).map((text) =>
      Number(/^gateway_answers_kept_total (\d+)/m.exec(text)?.[1] ?? 0),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  output(): string {
    return this.gateways.map((gateway) => gateway.output()).join("\n");
  }

  async end(): Promise<void> {
    this.agent.destroy();
    await stopAll(...this.gateways);
    await this.vendor.simulator.stop();
    await this.redis.stop();
    await this.database.end();
  }

  private gateway(number: number): GatewayProcess {
    const gateway = this.gateways[number];
    if (!gateway) throw new RangeError(`expected a gateway ${number}`);
    return gateway;
  }

  private send(gateway: number, method: string, path: string, headers: Record<string, string>, body?: string) {
    const { agent } = this;
    const { port } = this.gateway(gateway);
    return new Promise<Answered & { readonly etag: string }>((resolve, reject) => {
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const sent = request(
        { agent, host: "127.0.0.1", port, method, path, headers: { ...headers, ...length } },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 0,
              text: Buffer.concat(chunks).toString(),
              etag: answer.headers.etag ?? "",
              again: false,
            }),
          );
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
