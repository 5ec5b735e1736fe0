import { Logger, runMigrations } from "graphile-worker";
import { Client } from "pg";
import { type Database, dataSource } from "./database";

/** Key of the advisory lock under which the schema is changed; any number, the same in every version of the gateway. */
const MIGRATION_LOCK = 4_714_081_601;

/** Milliseconds that a starting process waits for another one's migrations. */
const LOCK_TIMEOUT_MS = 120_000;

/** Its lines are for its own command line. */
const QUIET = new Logger(() => () => undefined);

/** Brings the database's schema up to date; of several processes starting together one migrates, and the others wait for it. */
export async function migrate(url: string): Promise<void> {
  const holder = new Client({ connectionString: url, application_name: "gateway migrations" });
  await holder.connect();
  try {
    await holder.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await holder.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const source = dataSource(url, "worker", 1);
    await source.initialize();
    try {
      await source.runMigrations();
    } finally {
      await source.destroy();
    }
    await runMigrations({ connectionString: url, logger: QUIET });
  } finally {
    // Ending the session releases the lock.
    await holder.end();
  }
}

/** Whether the connected role is a superuser or has BYPASSRLS, so that row-level security protects nobody. */
export async function bypassesRowSecurity(database: Database): Promise<boolean> {
  const [row] = await database.directory<{ bypasses: boolean }>(
    "SELECT rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user",
    [],
  );
  return row?.bypasses ?? true;
}
