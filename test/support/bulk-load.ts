import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "pg";
import { daysAgo } from "./four-metrics";
import { type GatewayProcess, startGateway } from "./gateway-process";
import { type HarnessDatabase, harnessDatabase } from "./harness-database";
import { linked } from "./newcomer";
import { startRedis, type ThrowawayRedis } from "./redis-server";
import { dataCalls, startVendor, type Vendor } from "./vendor";

/** How much there is to fetch, and what the vendor allows. */
export interface BulkSize {
  readonly accounts: number;
  /** People who look at their wearable meanwhile. */
  readonly readers: number;
  /** Days of history of each account. */
  readonly days: number;
  readonly limit: { readonly requests: number; readonly seconds: number };
  /** Seconds by which a request may be late at the vendor, who counts in a window shorter by as much. */
  readonly lateSeconds: number;
}

/** One look at a wearable: how long it took in milliseconds, and what went wrong. */
export interface Look {
  readonly tookMs: number;
  readonly issues: readonly string[];
}

/** A request to the vendor: when (epoch seconds), whether it was one too many, and whether for history, or for somebody who looks. */
export interface Asked {
  readonly at: number;
  readonly refused: boolean;
  readonly history: boolean;
}

/** Looks ask for days since then, the endpoint's margins included. */
const LOOKED_AT_DAYS = 6;
const LINKED_AT_ONCE = 6;
const LOOK_EVERY_MS = 400;
/** The vendor is asked each time: nothing known is fresh enough. */
const LOOK = `query Look($range: DateRange!) { viewer {
  activity(range: $range, maxAgeSeconds: 0) { nodes { day steps } issues { code } } } }`;

const HISTORY = "(SELECT id FROM graphile_worker._private_tasks WHERE identifier = 'backfill')";

/** Many accounts whose history is still to be fetched, two gateways on one PostgreSQL and one Redis, and a vendor with a limit. */
export class BulkLoad {
  private constructor(
    private readonly size: BulkSize,
    readonly vendor: Vendor,
    private readonly database: HarnessDatabase,
    private readonly redis: ThrowawayRedis,
    private readonly admin: Pool,
    private gateways: readonly GatewayProcess[],
  ) {}

  /** Links everybody; their history is held back until {@link release}. */
  static async start(size: BulkSize, say: (line: string) => void): Promise<BulkLoad> {
    const [vendor, database, redis] = await Promise.all([startVendor(), harnessDatabase(), startRedis()]);
    const admin = new Pool({ connectionString: database.adminUrl, max: 2 });
    const load = new BulkLoad(size, vendor, database, redis, admin, []);
    try {
      await load.link();
      say(`${size.accounts + size.readers} people are linked; ${await load.waiting()} jobs wait`);
      await load.startGateways();
    } catch (error) {
      await load.end();
      throw error;
    }
    return load;
  }

  /** How many jobs of history are still to be done. */
  async waiting(): Promise<number> {
    const { rows } = await this.admin.query(
      `SELECT count(*)::int AS count FROM graphile_worker._private_jobs WHERE task_id = ${HISTORY}`,
    );
    return rows[0].count;
  }

  /** How many histories are in each state. */
  async states(): Promise<Readonly<Record<string, number>>> {
    const { rows } = await this.admin.query("SELECT state, count(*)::int AS count FROM backfills GROUP BY state");
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }

  /** Lets the gateways fetch everybody's history. */
  async release(): Promise<void> {
    await this.admin.query(`UPDATE graphile_worker._private_jobs SET run_at = now() WHERE task_id = ${HISTORY}`);
  }

  /** Looks at wearables, one reader after the other, at both gateways in turn, until it is over; a look begins whatever became of those before. */
  async look(isOver: () => boolean): Promise<readonly Look[]> {
    const looks: Promise<Look>[] = [];
    const range = { start: daysAgo(1), end: daysAgo(0) };
    for (let turn = 0; !isOver(); turn++) {
      const gateway = this.gateways[turn % this.gateways.length];
      if (!gateway) throw new RangeError("expected gateways");
      const begun = performance.now();
      const asked = gateway.graphql(LOOK, { range }, `demo:reader-${turn % this.size.readers}`);
      looks.push(
        asked.then(({ data, errors }) => ({
          tookMs: performance.now() - begun,
          issues: [
            ...errors.map(({ message }) => message),
            ...(errors.length > 0 ? [] : data.viewer.activity.issues.map(({ code }) => code)),
          ],
        })),
      );
      await sleep(LOOK_EVERY_MS);
    }
    return Promise.all(looks);
  }

  /** Requests for data that the vendor was sent since an epoch (seconds), oldest first. */
  asked(from: number): readonly Asked[] {
    return dataCalls(this.vendor.simulator)
      .filter(({ at }) => at >= from)
      .map(({ at, status, query }) => ({
        at,
        refused: status === 429,
        history: (query["start_date"] ?? query["start_datetime"] ?? "") < daysAgo(LOOKED_AT_DAYS),
      }));
  }

  async end(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    await this.vendor.simulator.stop();
    await this.admin.end();
    await this.redis.stop();
    await this.database.end();
  }

  private env(budget: BulkSize["limit"]): Record<string, string> {
    return {
      ...this.vendor.env,
      DATABASE_URL: this.database.url,
      REDIS_URL: this.redis.url,
      ENCRYPTION_KEYS: `harness:${this.key}`,
      LOG_LEVEL: "warn",
      BACKFILL_DAYS: String(this.size.days),
      OURA_REQUEST_BUDGET: `${budget.requests}/${budget.seconds}`,
    };
  }

  private readonly key = randomBytes(32).toString("base64");

  private async link(): Promise<void> {
    const env = { ...this.env({ requests: 1_000_000, seconds: 60 }), ROLES: "api" };
    const gateway = await startGateway({ env });
    const people = [
      ...Array.from({ length: this.size.readers }, (_, reader) => `reader-${reader}`),
      ...Array.from({ length: this.size.accounts }, (_, account) => `account-${account}`),
    ];
    const next = async () => {
      for (let user = people.shift(); user !== undefined; user = people.shift())
        await linked(gateway, { token: `demo:${user}`, user });
    };
    try {
      await Promise.all(Array.from({ length: LINKED_AT_ONCE }, next));
      await this.admin.query(
        `UPDATE graphile_worker._private_jobs SET run_at = now() + interval '1 day' WHERE task_id = ${HISTORY}`,
      );
    } finally {
      await gateway.stop();
    }
  }

  private async startGateways(): Promise<void> {
    this.vendor.simulator.resetCalls();
    const { limit, lateSeconds } = this.size;
    this.vendor.simulator.change({ rateLimit: { ...limit, seconds: limit.seconds - lateSeconds } });
    const env = this.env(limit);
    this.gateways = await Promise.all([startGateway({ env }), startGateway({ env })]);
  }
}
