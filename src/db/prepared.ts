import type { PoolClient, QueryResultRow } from "pg";
import { type DataSource, QueryFailedError } from "typeorm";
import type { PostgresDriver } from "typeorm/driver/postgres/PostgresDriver";

/** A statement that each connection plans once, under a name that no other has. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
}

/**
 * The rows of one prepared statement in a read-only transaction that sees one person's rows (`personId`: a uuid). Two round trips, and
 * none for the end of the transaction, which the rows do not wait for. Planning a statement of the cold path anew takes longer than running it.
 */
export async function readPrepared<Row extends QueryResultRow>(
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
  const end = (error?: unknown) => {
    client.off("error", lost);
    release(error ?? broken);
  };
  try {
    await client.query(`BEGIN READ ONLY; SET LOCAL gateway.person_id = '${personId}'`);
    const { rows } = await client.query<Row>({ name, text, values: [...values] });
    client.query("COMMIT").then(() => end(), end);
    return rows;
  } catch (error) {
    // A connection that is not known to have ended its transaction is not used again.
    end(error);
    throw new QueryFailedError(text, [], error instanceof Error ? error : new Error("the statement failed"));
  }
}
