import { type Connection, type PoolClient, Query, type QueryConfig, type QueryResult, type QueryResultRow } from "pg";

/** What a transaction of one statement is given first: the name of the settings, and their values, which hold until it ends. */
export interface Beginning {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** One that only reads. What is read by keys alone is planned once: planning takes longer than reading. */
export const READING: Beginning = {
  name: "reading",
  settings: { transaction_read_only: "on", plan_cache_mode: "force_generic_plan" },
};

/** One whose changes everybody sees, but which a crash of the database may lose. @see https://www.postgresql.org/docs/current/wal-async-commit.html */
export const PASSING: Beginning = { name: "passing", settings: { synchronous_commit: "off" } };

/** The connections that have the settings of a beginning prepared. */
const PREPARED = new WeakMap<Beginning, WeakSet<Connection>>();

/**
 * A statement that runs in a transaction of its own, which is given a person (a uuid) and settings first. All of it is sent before one Sync,
 * which is what makes it one transaction: three statements fewer than BEGIN, SET LOCAL and COMMIT around it.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
class AloneQuery extends Query {
  constructor(
    config: QueryConfig,
    private readonly personId: string,
    private readonly beginning: Beginning,
  ) {
    super(config);
  }

  override submit = (connection: Connection): unknown => {
    connection.stream.cork();
    try {
      this.begin(connection);
      return Query.prototype.submit.call(this, connection);
    } finally {
      connection.stream.uncork();
    }
  };

  /** Lets go of what it has read and whom it told: the driver holds a query for longer, and V8 would move all of it to where only the whole heap is collected. */
  letGo(): void {
    Object.assign(this, { callback: nobody, _result: null, _results: null });
  }

  private begin(connection: Connection): void {
    const statement = `begin ${this.beginning.name}`;
    const ready = PREPARED.get(this.beginning) ?? new WeakSet();
    PREPARED.set(this.beginning, ready);
    if (!ready.has(connection))
      connection.parse({ name: statement, text: beginningText(this.beginning), types: [] }, true);
    ready.add(connection);
    connection.bind({ statement, values: [this.personId] }, true);
    connection.execute(null, true);
  }
}

const nobody = () => undefined;

/** Sets without answering a row, which nobody would read. */
function beginningText({ settings }: Beginning): string {
  const set = Object.entries(settings).map(([name, value]) => `set_config('${name}', '${value}', true)`);
  return `SELECT 1 WHERE concat(set_config('gateway.person_id', $1, true), ${set.join(", ")}) IS NULL`;
}

/** The rows of one prepared statement that runs alone. After an error the connection must not be used again. */
export function runAlone<Row extends QueryResultRow>(
  client: PoolClient,
  personId: string,
  config: QueryConfig,
  beginning: Beginning,
): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const query = new AloneQuery(config, personId, beginning);
    const callback = (error: Error | null, results: readonly QueryResult<Row>[]) => {
      if (error) {
        reject(error);
        return;
      }
      resolve(results.at(-1)?.rows ?? []);
      query.letGo();
    };
    client.query(Object.assign(query, { callback }));
  });
}
