import { randomBytes } from "node:crypto";
import Redis from "ioredis";
import { Client } from "pg";

/** A database of one test's own. */
export interface FreshDatabase {
  /** Role `gateway` (no superuser, CREATEROLE, NOBYPASSRLS), the owner of the database. */
  readonly url: string;
  /** The superuser on the same database. */
  readonly adminUrl: string;
  /** Ends its connections and drops it. */
  drop(): Promise<void>;
}

/** A logical database of one test's own in the run's Redis. Channels (pub/sub) are shared by all logical databases. */
export interface FreshRedis {
  readonly url: string;
  flush(): Promise<void>;
}

/** Any number, the same in every process of the run. */
const TEMPLATE_LOCK = 8_211_067;
/** The database that {@link migratedCopy} copies. */
const TEMPLATE = "test_migrated";

/** Creates an empty database with a unique name in the run's PostgreSQL; roles are shared by all databases of the run. */
export function freshDatabase(): Promise<FreshDatabase> {
  return copyOf("template0");
}

/** Creates a database as {@link freshDatabase} does, with the migrations done: once in the run, and copied from then on. */
export async function migratedCopy(): Promise<FreshDatabase> {
  const admin = address("GATEWAY_TEST_PG_ADMIN_URL");
  const client = new Client({ connectionString: admin });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [TEMPLATE_LOCK]);
    const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [TEMPLATE]);
    if (rows.length === 0) {
      // Most test files that take copies have no use for what migrates.
      const { migrate } = require("../../src/db/migrate") as typeof import("../../src/db/migrate");
      const made = await copyOf("template0");
      await migrate(made.url);
      const name = new URL(made.url).pathname.slice(1);
      await client.query(quiet(name));
      await client.query(`ALTER DATABASE ${name} RENAME TO ${TEMPLATE}`);
    }
  } finally {
    await client.end();
  }
  return copyOf(TEMPLATE);
}

async function copyOf(template: string): Promise<FreshDatabase> {
  const admin = address("GATEWAY_TEST_PG_ADMIN_URL");
  const name = `test_${process.env.JEST_WORKER_ID ?? 0}_${randomBytes(6).toString("hex")}`;
  await administer(admin, `CREATE DATABASE ${name} OWNER gateway TEMPLATE ${template}`);
  return {
    url: onDatabase(address("GATEWAY_TEST_PG_URL"), name),
    adminUrl: onDatabase(admin, name),
    drop: async () => {
      // A connection that is being closed would hear of its end as an error that nobody listens to any more.
      await administer(admin, quiet(name));
      await administer(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** Takes the next logical database of the run's Redis and empties it. */
export async function freshRedis(): Promise<FreshRedis> {
  const base = address("GATEWAY_TEST_REDIS_URL");
  const number = await withRedis(onDatabase(base, "0"), async (redis) => {
    const count = Number(((await redis.config("GET", "databases")) as string[])[1]);
    const taken = await redis.incr("gateway-test:databases-taken");
    return 1 + ((taken - 1) % (count - 1));
  });
  const url = onDatabase(base, String(number));
  const flush = () => withRedis(url, async (redis) => void (await redis.flushdb()));
  await flush();
  return { url, flush };
}

/** Waits at most two seconds until nobody is connected to the database. */
function quiet(name: string): string {
  return `DO $$ BEGIN
    FOR look IN 1..40 LOOP
      PERFORM pg_stat_clear_snapshot();
      EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '${name}');
      PERFORM pg_sleep(0.05);
    END LOOP;
  END $$`;
}

function address(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: run the tests with jest, whose global setup starts the servers`);
  return value;
}

function onDatabase(base: string, name: string): string {
  const url = new URL(base);
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: 5_000 });
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
