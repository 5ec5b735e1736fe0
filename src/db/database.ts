import { escapeLiteral, type PoolClient, type QueryResultRow } from "pg";
import { DataSource, type EntityManager, type QueryRunner } from "typeorm";
import { ENTITIES } from "./entities";
import { MIGRATIONS } from "./migrations";
import { DEFAULT_APPLICATION_ID } from "./migrations/1763700000000-foundation";
import { rethrowOutage } from "./outage";
import { failed, type PreparedStatement, runPassing } from "./prepared";
import { ReadLines } from "./read-lines";

/** Which pool a piece of work draws its connection from, so that no kind of work can starve another. */
export type PoolName = "api" | "reads" | "refresh" | "attempts" | "worker";

/** Connections per process and pool. */
export type PoolSizes = Readonly<Record<PoolName, number>>;

/** Milliseconds after which a statement of each pool is cancelled; a refresh holds its row lock across a call to the provider. */
const STATEMENT_TIMEOUT_MS: Readonly<Record<PoolName, number>> = {
  api: 5_000,
  reads: 5_000,
  refresh: 5_000,
  attempts: 5_000,
  worker: 60_000,
};

/** Milliseconds after which a statement is given up here, where a silent server cannot cancel it; relinking may wait for a refresh. */
const SILENCE_MS: Readonly<Record<PoolName, number>> = {
  api: 5_500,
  reads: 5_500,
  refresh: 30_000,
  attempts: 5_500,
  worker: 60_500,
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The DataSource of one pool. */
export function dataSource(url: string, name: PoolName, size: number): DataSource {
  return new DataSource({
    type: "postgres",
    url,
    entities: [...ENTITIES],
    migrations: [...MIGRATIONS],
    migrationsTransactionMode: "each",
    applicationName: `gateway ${name}`,
    connectTimeoutMS: 5_000,
    extra: {
      max: size,
      idleTimeoutMillis: 30_000,
      connectionTimeoutMillis: 5_000,
      statement_timeout: STATEMENT_TIMEOUT_MS[name],
      // A server that has fallen silent does not cancel anything.
      query_timeout: SILENCE_MS[name],
      // What is asked without waiting for the answer before it is sent at once.
      pipeline: true,
      options: `-c gateway.application_id=${DEFAULT_APPLICATION_ID}`,
    },
  });
}

/** PostgreSQL through pools that do not disturb each other; the only way to SQL about a person. Throws DatabaseUnreachable where it is away. */
export class Database {
  private constructor(
    private readonly pools: Readonly<Record<PoolName, DataSource>>,
    private readonly reads: ReadLines,
    /** Where it is, for sessions of the job queue's own. */
    readonly url: string,
  ) {}

  /** Connects every pool. */
  static async connect(url: string, sizes: PoolSizes): Promise<Database> {
    const pools = {
      api: dataSource(url, "api", sizes.api),
      reads: dataSource(url, "reads", sizes.reads),
      refresh: dataSource(url, "refresh", sizes.refresh),
      attempts: dataSource(url, "attempts", sizes.attempts),
      worker: dataSource(url, "worker", sizes.worker),
    };
    await Promise.all(Object.values(pools).map((pool) => pool.initialize()));
    return new Database(pools, new ReadLines(pools.reads, sizes.reads), url);
  }

  /** Closes every pool, waiting for connections in use. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.pools).map((pool) => pool.destroy()));
  }

  /** One transaction that sees and changes the rows of one person only. */
  async person<T>(personId: string, work: (tx: EntityManager) => Promise<T>, pool: PoolName = "api"): Promise<T> {
    if (!UUID.test(personId)) throw new RangeError("expected the person's uuid");
    return this.transaction(pool, "gateway.person_id", personId, work);
  }

  /**
   * One prepared statement that reads, and sees, the rows of one person only. Reads have few connections of their own: what one process
   * asks at once in more is done no sooner, and neither they nor changes that wait for locks keep each other waiting.
   */
  async read<Row extends QueryResultRow>(
    personId: string,
    statement: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    if (!UUID.test(personId)) throw new RangeError("expected the person's uuid");
    return this.reads.run<Row>(personId, statement, values).catch(rethrowOutage);
  }

  /**
   * One prepared statement in a transaction of its own that sees and changes the rows of one person only, and that nobody waits for the
   * disk with: everybody sees what it has done, but a crash of the database may lose it.
   */
  async passing<Row extends QueryResultRow>(
    personId: string,
    statement: PreparedStatement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    if (!UUID.test(personId)) throw new RangeError("expected the person's uuid");
    return runPassing<Row>(this.pools.api, personId, statement, values).catch(rethrowOutage);
  }

  /** One transaction that sees one pending linking, by the hash of the state that its bearer presented. */
  async linkState<T>(stateHash: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.transaction("api", "gateway.link_state", stateHash, work);
  }

  /** One statement on what belongs to the application, not to a person: the directory of people and their data versions, server keys. */
  async directory<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.pools.api.query(sql, [...parameters]).catch(rethrowOutage);
  }

  /** One transaction on what belongs to the application, not to a person, jobs included. */
  async application<T>(work: (tx: EntityManager) => Promise<T>, pool: PoolName = "api"): Promise<T> {
    return this.pools[pool].transaction(work).catch(rethrowOutage);
  }

  /** One transaction under the jobs' role, which may cross persons. */
  async jobs<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.pools.worker
      .transaction(async (tx) => {
        await tx.query("SET LOCAL ROLE gateway_jobs");
        return work(tx);
      })
      .catch(rethrowOutage);
  }

  private async transaction<T>(
    pool: PoolName,
    setting: string,
    value: string,
    work: (tx: EntityManager) => Promise<T>,
  ): Promise<T> {
    const runner = this.pools[pool].createQueryRunner();
    try {
      await runner.connect();
      return await within(runner, `SELECT set_config('${setting}', ${escapeLiteral(value)}, true)`, work);
    } catch (error) {
      return rethrowOutage(error);
    } finally {
      await runner.release();
    }
  }
}

/**
 * A transaction that begins with a statement, and with the first one of the work in one round trip: the driver's own way takes three,
 * which is most of a short one.
 */
async function within<T>(runner: QueryRunner, first: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
  const client: PoolClient = await runner.connect();
  const begun = client.query(`BEGIN; ${first}`).catch((error: unknown) => ({ error }));
  try {
    const result = await work(runner.manager);
    await runner.query("COMMIT");
    return result;
  } catch (error) {
    // Where the connection is gone, so is the transaction: what went wrong before is what is told.
    await Promise.allSettled([runner.query("ROLLBACK")]);
    const beginning = await begun;
    throw "error" in beginning ? failed(first, beginning.error) : error;
  }
}
