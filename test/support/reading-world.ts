import { Pool } from "pg";
import type { Provider } from "../../providers/contract";
import { LocalBell, LocalPauses } from "../../src/cache/memory";
import { RedisPauses } from "../../src/cache/pauses-redis";
import { RedisBell, RedisCache, RedisLink } from "../../src/cache/redis";
import { Database, type PoolSizes } from "../../src/db/database";
import { PgFlightLeases } from "../../src/db/repositories/flights";
import { PgPageKeeper } from "../../src/db/repositories/kept-pages";
import { readPersonState, readVersions } from "../../src/db/repositories/person-state";
import { PgRecordStore } from "../../src/db/repositories/records";
import { PgSyncRunStore } from "../../src/db/repositories/sync-runs";
import { createVaults } from "../../src/db/vault";
import type { DailyAnswer, DailyQuestion } from "../../src/domain/answers";
import { addDays, type CivilDay, type DayRange } from "../../src/domain/days";
import type { Account, Person } from "../../src/domain/people";
import type { AskingParts } from "../../src/services/fetching/ask";
import { StretchFetcher } from "../../src/services/fetching/fetch-stretch";
import { Flights } from "../../src/services/fetching/flights";
import type { Budgets } from "../../src/services/ports/budgets";
import type { Bell, Cache, Pauses } from "../../src/services/ports/cache";
import type { AccessToken, Tokens } from "../../src/services/ports/tokens";
import type { Patience } from "../../src/services/reading/patience";
import { PersonStates } from "../../src/services/reading/person-state";
import { ReadService } from "../../src/services/reading/read-service";
import { SyncService } from "../../src/services/syncing";
import { ConfirmedVersions } from "../../src/services/versions";
import { createOutbound } from "../../src/upstream/outbound";
import { UNLIMITED } from "./budgets";
import { MemoryCache } from "./memory-cache";
import { type MigratedDatabase, migratedDatabase } from "./migrated-database";
import { acme } from "./reading-acme";
import { type AcmeData, AcmeServer } from "./reading-vendor";

const POOLS: PoolSizes = { api: 10, reads: 4, refresh: 1, attempts: 1, worker: 1 };

/** Access tokens by account, `<account>.<generation>`; what the real service keeps in PostgreSQL is shared by all gateways here. */
export class FakeTokens implements Tokens {
  readonly refusals: number[] = [];
  private readonly generations = new Map<string, number>();

  async accessToken(_personId: string, accountId: string): Promise<AccessToken> {
    const generation = this.generations.get(accountId) ?? 1;
    return { value: `${accountId}.${generation}`, generation };
  }

  async afterRefusal(personId: string, accountId: string, refused: number): Promise<AccessToken> {
    this.refusals.push(refused);
    const now = this.generations.get(accountId) ?? 1;
    if (refused === now) this.generations.set(accountId, now + 1);
    return this.accessToken(personId, accountId);
  }
}

/** How a gateway of a test differs from the plain one (in-process cache, the world's database, the clock of the machine). */
export interface GatewayOptions {
  readonly databaseUrl?: string;
  /** Pools that outlive the gateway; by default it has its own. */
  readonly database?: Database;
  readonly redisUrl?: string;
  /** Nothing is shared with other gateways, as where there is no Redis. */
  readonly alone?: boolean;
  readonly build?: string;
  readonly now?: () => number;
  readonly patience?: Patience;
  readonly pools?: PoolSizes;
  /** What the made-up vendor is taken for; by default {@link acme}. */
  readonly provider?: Provider;
  /** By default there is no limit. */
  readonly budgets?: Budgets;
}

/** What one process of the gateway has of its own. */
export interface Gateway {
  readonly database: Database;
  readonly cache: Cache;
  readonly bell: Bell;
  readonly pauses: Pauses;
  readonly versions: ConfirmedVersions;
  readonly store: PgRecordStore;
  readonly flights: Flights;
  readonly fetcher: StretchFetcher;
  readonly asking: AskingParts;
  readonly reads: ReadService;
  readonly syncs: SyncService;
  readonly faults: unknown[];
  /** Asks, and lets what was read go into the cache. */
  ask(someone: Someone, ...questions: readonly DailyQuestion[]): Promise<readonly DailyAnswer[]>;
  close(): Promise<void>;
}

/** A person with an active account, and their data at the vendor. */
export interface Someone {
  readonly person: Person;
  readonly accountId: string;
  readonly data: AcmeData;
}

/** One database, one vendor, and as many gateways as a test needs. */
export class World {
  readonly tokens = new FakeTokens();
  private readonly gateways: Gateway[] = [];
  private constructor(
    readonly at: MigratedDatabase,
    readonly vendor: AcmeServer,
    readonly admin: Pool,
  ) {}

  static async create(): Promise<World> {
    const [at, vendor] = await Promise.all([migratedDatabase(), AcmeServer.start()]);
    const admin = new Pool({ connectionString: at.fresh.adminUrl, max: 4 });
    return new World(at, vendor, admin);
  }

  /** A new person, linked; their offset is +00:00 unless said otherwise, so that there is one today. */
  async someone({
    offsetMinutes = 0 as number | null,
    scopes = ["daily", "sleep"],
    vendorUserId = "vendor-user",
  } = {}): Promise<Someone> {
    const personId = await this.at.addPerson();
    if (offsetMinutes !== null) {
      const set = "UPDATE people SET utc_offset_minutes = $2, utc_offset_seen_at = now() WHERE id = $1";
      await this.admin.query(set, [personId, offsetMinutes]);
    }
    const { rows } = await this.admin.query(
      `INSERT INTO accounts (person_id, provider, vendor_user_id, status, granted_scopes, connected_at)
       VALUES ($1, 'acme', $3, 'ACTIVE', $2, now()) RETURNING id`,
      [personId, scopes, vendorUserId],
    );
    const accountId: string = rows[0].id;
    return { person: { id: personId, externalId: "x" }, accountId, data: this.vendor.dataOf(accountId) };
  }

  /** Raises a person's data version, as every transaction does that changes what they can read. */
  async change(someone: Someone, sql: string, parameters: readonly unknown[] = []): Promise<void> {
    await this.admin.query(sql, [...parameters]);
    await this.admin.query("UPDATE people SET data_version = data_version + 1 WHERE id = $1", [someone.person.id]);
  }

  async rows<T = Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (await this.admin.query(sql, [...parameters])).rows;
  }

  async version(someone: Someone): Promise<number> {
    const [row] = await this.rows<{ v: string }>("SELECT data_version AS v FROM people WHERE id = $1", [
      someone.person.id,
    ]);
    return Number(row!.v);
  }

  async gateway(options: GatewayOptions = {}): Promise<Gateway> {
    const gateway = await createGateway(this, options);
    this.gateways.push(gateway);
    return gateway;
  }

  /** Ends the gateways of a test and makes the vendor well behaved again. */
  async reset(): Promise<void> {
    this.vendor.forget();
    await Promise.all(this.gateways.splice(0).map((gateway) => gateway.close()));
    this.vendor.forget();
  }

  async close(): Promise<void> {
    await this.reset();
    await this.admin.end();
    await this.vendor.close();
    await this.at.close();
  }
}

async function createGateway(world: World, options: GatewayOptions): Promise<Gateway> {
  const { redisUrl, build = "test-build", now = () => Date.now() / 1_000 } = options;
  const url = options.databaseUrl ?? world.at.fresh.url;
  const database = options.database ?? (await Database.connect(url, options.pools ?? POOLS));
  const faults: unknown[] = [];
  const onFault = (error: unknown) => void faults.push(error);
  const link = redisUrl === undefined ? null : new RedisLink(redisUrl, onFault);
  const redisBell = link && redisUrl !== undefined ? new RedisBell(link, redisUrl, onFault) : null;
  if (link) await link.client.ping().catch(() => new Promise((resolve) => link.client.once("ready", resolve)));
  const cache: Cache = link ? new RedisCache(link) : new MemoryCache();
  const bell: Bell = redisBell ?? new LocalBell();
  const redisPauses = link ? new RedisPauses(link, bell, now) : null;
  const pauses: Pauses = redisPauses ?? new LocalPauses();
  const versions = new ConfirmedVersions((ids) => readVersions(database, ids), bell);
  const shared = options.alone ? null : cache;
  const states = new PersonStates((personId) => readPersonState(database, personId), shared, build);
  const vaults = createVaults(database, world.at.ring);
  const store = new PgRecordStore(database, vaults);
  const runs = new PgSyncRunStore(database);
  const outbound = createOutbound({ allowedOrigins: new Map([["acme", new Set([world.vendor.origin])]]) });
  const telemetry = {
    answered: () => undefined,
    setAside: () => undefined,
    flight: () => undefined,
    fault: (_where: string, error: unknown) => onFault(error),
  };
  const asking = { outbound, tokens: world.tokens, pauses, budgets: options.budgets ?? UNLIMITED, now };
  const fetcher = new StretchFetcher({
    ...asking,
    store,
    pageKeeper: new PgPageKeeper(database, vaults),
    versions,
    telemetry,
  });
  const flights = new Flights({ leases: new PgFlightLeases(database), store, bell, telemetry, fetcher });
  const providers = new Map([["acme", { provider: options.provider ?? acme, apiUrl: world.vendor.origin }]]);
  const { patience } = options;
  const reads = new ReadService({
    versions,
    states,
    cache: shared,
    store,
    flights,
    telemetry,
    providers,
    build,
    now,
    ...(patience ? { patience } : {}),
  });
  const syncs = new SyncService({ versions, states, flights, runs, providers, now });
  return {
    ...{ database, cache, bell, pauses, versions, store, flights, fetcher, asking, reads, syncs, faults },
    async ask(someone, ...questions) {
      const answers = await reads.read(someone.person.id, questions);
      await reads.drained();
      return answers;
    },
    async close() {
      await Promise.all([flights.drained(), reads.drained()]);
      redisPauses?.close();
      redisBell?.close();
      link?.client.disconnect();
      await outbound.close();
      if (!options.database) await database.close();
    },
  };
}

/** Today at UTC. */
export const TODAY = new Date().toISOString().slice(0, 10) as CivilDay;

/** The days from `first` to `last`, counted from today (0). */
export function around(first: number, last: number): DayRange {
  return { start: addDays(TODAY, first), end: addDays(TODAY, last) };
}

/** A question of one metric, with the freshness policy of the gateway unless said otherwise. */
export function question(
  metric: DailyQuestion["metric"],
  range: DayRange,
  over: Partial<DailyQuestion> = {},
): DailyQuestion {
  return { metric, range, providers: null, maxAgeSeconds: null, method: metric === "HRV" ? "RMSSD" : null, ...over };
}

/** The question of each metric over a range. */
export function allMetrics(range: DayRange, over: Partial<DailyQuestion> = {}): DailyQuestion[] {
  return (["SLEEP", "READINESS", "ACTIVITY", "HRV"] as const).map((metric) => question(metric, range, over));
}

/** What an answer says by day: the value of its main quantity, or why there is none. */
export function told(answer: DailyAnswer): Record<string, number | string | null> {
  const days: Record<string, number | string | null> = {};
  for (const { value } of answer.nodes) {
    if (value.metric === "SLEEP") days[value.day] = value.score;
    else if (value.metric === "READINESS") days[value.day] = value.score;
    else if (value.metric === "ACTIVITY") days[value.day] = value.steps;
    else days[value.day] = value.averageMilliseconds;
  }
  for (const { firstDay, lastDay, reason } of answer.absences) {
    for (let day = firstDay; day <= lastDay; day = addDays(day, 1)) days[day] = reason;
  }
  return days;
}

/** The codes of an answer's issues, sorted. */
export function codes(answer: DailyAnswer): string[] {
  return answer.issues.map((issue) => issue.code).sort();
}

/** The account as the services see it. */
export function accountOf(someone: Someone, over: Partial<Account> = {}): Account {
  return {
    id: someone.accountId,
    personId: someone.person.id,
    provider: "acme",
    status: "ACTIVE",
    grantedScopes: ["daily", "sleep"],
    connectedAt: 0,
    grantNumber: 1,
    ...over,
  };
}
