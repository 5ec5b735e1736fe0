import type { Socket } from "node:net";
import type { PoolClient, QueryResultRow } from "pg";
import { type DataSource, type EntityManager, QueryFailedError } from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver";

/** A statement that each connection plans once, under a name that no other has. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/** How a transaction of one statement begins. */
export interface Beginning {
  readonly sql: string;
  /** Whether the rows are answered only once the transaction has ended. */
  readonly ends: boolean;
}

/** One that only reads: its rows do not wait for its end. What is read by keys alone is planned once: planning takes longer than reading. */
export const READING: Beginning = {
  sql: "BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_generic_plan",
  ends: false,
};

/** One whose changes everybody sees, but which a crash of the database may lose. @see https://www.postgresql.org/docs/current/wal-async-commit.html */
export const PASSING: Beginning = { sql: "BEGIN; SET LOCAL synchronous_commit = off", ends: true };

/**
 * The rows of one prepared statement in a transaction of its own that sees one person's rows (`personId`: a uuid), sent as one with its
 * beginning and its end: one round trip. Planning a statement of the cold path anew takes longer than running it.
 */
export async function runPrepared<Row extends QueryResultRow>(
  source: DataSource,
  personId: string,
  { name, text }: PreparedStatement,
  values: readonly unknown[],
  { sql, ends }: Beginning,
): Promise<Row[]> {
  const [client, release] = (await (source.driver as PostgresDriver).obtainMasterConnection()) as [
    PoolClient,
    (error?: unknown) => void,
  ];
  let broken: unknown;
  const lost = (error: Error) => {
    broken = error;
  };
  client.on("error", lost);
  const end = (error?: unknown) => {
    client.off("error", lost);
    release(error ?? broken);
  };
  const [begun, answered, ended] = inOneWrite(client, () => [
    client.query(`${sql}; SET LOCAL gateway.person_id = '${personId}'`),
    client.query<Row>({ name, text, values: [...values] }),
    client.query("COMMIT"),
  ]);
  // A connection that is not known to have ended its transaction is not used again.
  const whole = Promise.all([begun, answered, ended]);
  whole.then(() => end(), end);
  try {
    if (ends) await whole;
    return (await answered).rows;
  } catch (error) {
    throw failed(text, error);
  }
}

/** The rows of one prepared statement inside a transaction. Several that are sent without waiting run in their order, in one round trip. */
export async function prepared<Row extends QueryResultRow>(
  tx: EntityManager,
  { name, text }: PreparedStatement,
  values: readonly unknown[],
): Promise<Row[]> {
  const client: PoolClient = await tx.queryRunner?.connect();
  const stream = streamOf(client);
  stream.cork();
  process.nextTick(() => stream.uncork());
  try {
    return (await client.query<Row>({ name, text, values: [...values] })).rows;
  } catch (error) {
    throw failed(text, error);
  }
}

/** Waits for all of some statements that were sent as one, null for one that was not needed; throws the error of the first that failed: those after it tell nothing. */
export async function allOf<Results extends readonly unknown[]>(
  results: readonly [...{ [Place in keyof Results]: Promise<Results[Place]> | null }],
): Promise<Results> {
  const settled = await Promise.allSettled(results);
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as Results;
}

/** Resolves once the statements that were asked for are on their way, so that the database works while this process does something else. */
export function sent(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Sends what is asked of a connection in one system call. */
function inOneWrite<T>(client: PoolClient, ask: () => T): T {
  const stream = streamOf(client);
  stream.cork();
  try {
    return ask();
  } finally {
    stream.uncork();
  }
}

function streamOf(client: PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

/** The error of a statement, as the driver tells it. */
export function failed(text: string, error: unknown): QueryFailedError {
  return new QueryFailedError(text, [], error instanceof Error ? error : new Error("the statement failed"));
}
