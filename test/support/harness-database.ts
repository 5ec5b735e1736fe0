import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../src/db/embedded";
import { migratedCopy } from "./services";

/** A database that a harness plays on. */
export interface HarnessDatabase {
  /** Role `gateway`, as the gateway uses it. */
  readonly url: string;
  /** The superuser on the same database. */
  readonly adminUrl: string;
  end(): Promise<void>;
}

/** A database of the test run's server where there is one; else on a server of its own, as durable as PostgreSQL is by default. */
export async function harnessDatabase(): Promise<HarnessDatabase> {
  if (process.env.GATEWAY_TEST_PG_URL) {
    const { url, adminUrl, drop } = await migratedCopy();
    return { url, adminUrl, end: drop };
  }
  const directory = await mkdtemp(join(tmpdir(), "gateway-faults-"));
  // PostgreSQL runs as another user where the harness runs as root.
  await chmod(directory, 0o755);
  const server = await startEmbeddedPostgres({ dataDirectory: join(directory, "postgres"), log: () => undefined });
  const adminUrl = new URL(server.adminUrl);
  adminUrl.pathname = new URL(server.url).pathname;
  return {
    url: server.url,
    adminUrl: adminUrl.href,
    async end() {
      await server.stop();
      await rm(server.dataDirectory, { recursive: true, force: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}
