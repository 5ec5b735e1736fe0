import type { Socket } from "node:net";
import type { PoolClient, QueryResultRow } from "pg";
import { type DataSource, type EntityManager, QueryFailedError } from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver";
import { PASSING, runAlone } from "./alone";

/** A statement that each connection plans once, under a name that no other has. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/** The rows of one prepared statement that runs alone and passes, as one person (`personId`: a uuid): see {@link PASSING}. */
export async function runPassing<Row extends QueryResultRow>(
  source: DataSource,
  personId: string,
  { name, text }: PreparedStatement,
  values: readonly unknown[],
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
  try {
    return await runAlone<Row>(client, personId, { name, text, values: [...values] }, PASSING);
  } catch (error) {
    // A connection that is not known to have ended its transaction is not used again.
    broken ??= error;
    throw failed(text, error);
  } finally {
    client.off("error", lost);
    release(broken);
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

/** Resolves once the statements that were asked for are on their way, and what has come in meanwhile is read: the database works while this process does something else. */
export function underWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function streamOf(client: PoolClient): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

/** The error of a statement, as the driver tells it. */
export function failed(text: string, error: unknown): QueryFailedError {
  return new QueryFailedError(text, [], error instanceof Error ? error : new Error("the statement failed"));
}
