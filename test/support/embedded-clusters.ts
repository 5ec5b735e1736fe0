import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/db/embedded";

/** Runs one statement on a connection of its own; its rows. */
export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The process id of a server, as it wrote it down. */
export async function postmasterPid(server: EmbeddedPostgres): Promise<number> {
  return Number((await readFile(join(server.dataDirectory, "postmaster.pid"), "utf8")).split("\n")[0]);
}

/** Waits until nobody listens there any more. */
export async function eventuallyRefused(url: string): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const answered = await query(url, "SELECT 1").then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== "ECONNREFUSED",
    );
    if (!answered) return;
    await sleep(20);
  }
  throw new Error("the server still answers");
}

/** A cluster that was made once, for tests of what is done with one. */
export class MadeCluster {
  private constructor(private readonly folder: string) {}

  static async make(): Promise<MadeCluster> {
    const folder = await mkdtemp(join(tmpdir(), "gateway-embedded-made-"));
    await chmod(folder, 0o755);
    const server = await startEmbeddedPostgres({
      dataDirectory: join(folder, ".data", "postgres"),
      log: () => undefined,
    });
    await server.stop();
    await eventuallyRefused(server.url);
    return new MadeCluster(folder);
  }

  /** Copies it to where a start in this folder looks for its own, with its owner and modes. */
  copyTo(home: string): void {
    execFileSync("cp", ["-a", join(this.folder, ".data"), home]);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
