import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Redis from "ioredis";
import { SignJWT } from "jose";
import { Pool } from "pg";
import { startEmbeddedPostgres } from "../../src/db/embedded";
import type { Fault } from "../../src/simulator";
import { type GatewayProcess, startGateway } from "../support/gateway-process";
import { consent } from "../support/newcomer";
import { programArguments } from "../support/program";
import { findRedisProgram, startRedis } from "../support/redis-server";
import { type Child, launch, pinned, script } from "./child";
import type { Pin } from "./machine";
import type { Page } from "./servers/provider";

/** Where the databases of a run are; `redisUrl` is null where there is no Redis server. */
export interface Addresses {
  /** As the gateway's own role, subject to row-level security. */
  readonly url: string;
  /** As a superuser on the same database: the peers', who are spared row-level security. */
  readonly adminUrl: string;
  readonly redisUrl: string | null;
}

/** The databases that a run is measured on. */
export interface Stores extends Addresses {
  close(): Promise<void>;
}

/** Stores of a run of its own: PostgreSQL with its default durability, Redis without persistence. */
export async function ownStores(): Promise<Stores> {
  const directory = await mkdtemp(join(tmpdir(), "gateway-bench-"));
  // PostgreSQL runs as another user where the benchmark runs as root.
  await chmod(directory, 0o755);
  const lines: string[] = [];
  const settings = { max_connections: "200", shared_buffers: "1GB", max_wal_size: "4GB" };
  const dataDirectory = join(directory, "postgres");
  const postgres = await startEmbeddedPostgres({ dataDirectory, log: (line) => lines.push(line), settings });
  const redis = (await findRedisProgram()) === undefined ? null : await startRedis();
  const adminUrl = new URL(postgres.adminUrl);
  adminUrl.pathname = new URL(postgres.url).pathname;
  return {
    url: postgres.url,
    adminUrl: adminUrl.href,
    redisUrl: redis?.url ?? null,
    close: async () => {
      await postgres.stop();
      await redis?.stop();
      await rm(postgres.dataDirectory, { recursive: true, force: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The stores, a simulated Oura in a process of its own, and everything to start gateways and peers on them. */
export class World {
  private readonly gateways: GatewayProcess[] = [];
  private readonly children: Child[] = [];
  private readonly copies: World[] = [];
  private pool: Pool;
  /** Null where there is no Redis server. */
  readonly redis: Redis | null;

  private constructor(
    readonly stores: Addresses,
    /** The simulated provider: `origin`, and the addresses of its OAuth. */
    private readonly provider: Child,
    private readonly secrets: { readonly token: string; readonly keys: string },
  ) {
    this.pool = adminPool(stores);
    this.redis = stores.redisUrl === null ? null : new Redis(stores.redisUrl, { maxRetriesPerRequest: 1 });
  }

  /** Starts the simulated provider beside the stores. */
  static async open(stores: Stores): Promise<World> {
    const provider = await launch({ ...script("servers/provider.ts"), pin: "free" });
    const keys = `bench:${randomBytes(32).toString("base64")}`;
    return new World(stores, provider, { token: randomBytes(32).toString("hex"), keys });
  }

  /** The database as a superuser. */
  get admin(): Pool {
    return this.pool;
  }

  /** A copy of the database, with a logical database of Redis of its own. Ends every gateway and server on this one: a copy is made of a database at rest. */
  async copied(): Promise<World> {
    await this.endProcesses();
    await this.pool.end();
    const name = new URL(this.stores.adminUrl).pathname.slice(1);
    const other = new Pool({ connectionString: named(this.stores.adminUrl, "postgres"), max: 1 });
    try {
      await other.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [name]);
      const { rows } = await other.query<{ owner: string }>(
        "SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1",
        [name],
      );
      await other.query(`CREATE DATABASE ${name}_copy TEMPLATE ${name} OWNER ${rows[0]?.owner} STRATEGY file_copy`);
    } finally {
      await other.end();
      this.pool = adminPool(this.stores);
    }
    const { url, adminUrl, redisUrl } = this.stores;
    const stores = {
      url: named(url, `${name}_copy`),
      adminUrl: named(adminUrl, `${name}_copy`),
      redisUrl: redisUrl === null ? null : named(redisUrl, "1"),
    };
    const copy = new World(stores, this.provider, this.secrets);
    this.copies.push(copy);
    return copy;
  }

  /** A token of the person with this external id, good for a day. */
  token(externalId: string): Promise<string> {
    const claims = new SignJWT({ sub: externalId }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1d");
    return claims.sign(new TextEncoder().encode(this.secrets.token));
  }

  /**
   * Starts a gateway as in production on the stores; `profile`: a folder for a CPU profile, written when it stops; `caches`: false for
   * one without Redis that keeps no answers and holds no days.
   */
  async gateway(settings: { pin: Pin; profile?: string | null; caches?: boolean }): Promise<GatewayProcess> {
    const { pin, profile = null, caches = true } = settings;
    const { origin, authorizeUrl, tokenUrl, revokeUrl, clientSecret } = this.provider.hello;
    const profiling = profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    const [program, args] = pinned(process.execPath, [...profiling, ...programArguments("src/main.ts")], pin);
    const gateway = await startGateway({
      command: { program, args, cwd: join(__dirname, "../..") },
      env: {
        NODE_ENV: "production",
        LOG_LEVEL: "warn",
        ROLES: "api",
        DATABASE_URL: this.stores.url,
        ...(this.stores.redisUrl === null || !caches ? {} : { REDIS_URL: this.stores.redisUrl }),
        ...(caches ? {} : { ANSWER_CACHE_MB: "0" }),
        AUTH_JWT_SECRET: this.secrets.token,
        ENCRYPTION_KEYS: this.secrets.keys,
        // Nothing but what a case asks for is fetched.
        BACKFILL_DAYS: "0",
        LINK_COMPLETION: "callback",
        OURA_CLIENT_ID: "gateway",
        OURA_CLIENT_SECRET: String(clientSecret),
        OURA_API_URL: String(origin),
        OURA_AUTHORIZE_URL: String(authorizeUrl),
        OURA_TOKEN_URL: String(tokenUrl),
        OURA_REVOKE_URL: String(revokeUrl),
      },
    });
    this.gateways.push(gateway);
    return gateway;
  }

  /** Starts one of `servers/`; `program`: another Node than this one, for a script that needs no transpiling. */
  async server(name: string, pin: Pin, env: Readonly<Record<string, string>>, program?: string): Promise<Child> {
    const stores = { DATABASE_URL: this.stores.adminUrl, REDIS_URL: this.stores.redisUrl ?? "" };
    const own = script(`servers/${name}`);
    const run = program === undefined ? own : { program, args: own.args.slice(-1) };
    const child = await launch({ ...run, env: { ...stores, ...env }, pin });
    this.children.push(child);
    return child;
  }

  /** Where the provider's data are. */
  get providerOrigin(): string {
    return String(this.provider.hello["origin"]);
  }

  /** An access token of a user of the provider, had without the gateway. */
  async providerToken(user: string): Promise<string> {
    const { authorizeUrl, tokenUrl, clientSecret } = this.provider.hello;
    const client = { client_id: "gateway", redirect_uri: "http://127.0.0.1/least" };
    const asked = new URLSearchParams({ ...client, response_type: "code", scope: "daily", state: user });
    const back = await consent(`${authorizeUrl}?${asked}`, { user });
    const code = new URL(back).searchParams.get("code") ?? "";
    const form = { ...client, client_secret: String(clientSecret), grant_type: "authorization_code", code };
    const response = await fetch(String(tokenUrl), { method: "POST", body: new URLSearchParams(form) });
    const { access_token: token } = (await response.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`expected an access token of the provider, got ${response.status}`);
    return token;
  }

  /** Lets something go wrong at the provider, or take longer. */
  provide(fault: Fault): Promise<unknown> {
    return this.control("/__simulator/faults", "POST", fault);
  }

  /** The provider is itself again. */
  provideAsUsual(): Promise<unknown> {
    return this.control("/__simulator/faults", "DELETE");
  }

  /** The provider's pages since the last look: milliseconds of each, from the arrival of the request to the last byte of the answer. */
  pages(): Promise<readonly Page[]> {
    return this.control("/__pages", "GET") as Promise<readonly Page[]>;
  }

  /** Whether the provider has pages ready that it was asked for before, from anybody. */
  pagesKept(kept: boolean): Promise<unknown> {
    return this.control("/__kept", "POST", kept);
  }

  private async control(path: string, method: string, body?: unknown): Promise<unknown> {
    const sent =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const response = await fetch(`${this.providerOrigin}${path}`, { method, ...sent });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  private async endProcesses(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    await Promise.all(this.children.splice(0).map((child) => child.stop()));
  }

  private async disconnect(): Promise<void> {
    await this.endProcesses();
    this.redis?.disconnect();
    await this.pool.end();
  }

  /** Ends every process and connection; the stores are their owner's. */
  async close(): Promise<void> {
    await Promise.all([this, ...this.copies].map((world) => world.disconnect()));
    await this.provider.stop();
  }
}

function adminPool({ adminUrl }: Addresses): Pool {
  const pool = new Pool({ connectionString: adminUrl, max: 4 });
  // Idle connections are ended where the database is copied or stopped.
  pool.on("error", (error) => console.error(error.message));
  return pool;
}

function named(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = database;
  return other.href;
}
