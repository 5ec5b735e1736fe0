import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../src/db/embedded";
import { buildPrograms } from "./program";
import { startRedis } from "./redis-server";

declare global {
  /** Ends what the global setup started. */
  var endTestServices: (() => Promise<void>) | undefined;
}

/** Starts one PostgreSQL and one Redis for the whole run, which tests reach through `services.ts`, and builds what they run in processes. */
export default async function globalSetup(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gateway-test-"));
  // PostgreSQL runs as another user when the tests run as root.
  await chmod(directory, 0o755);
  const reaper = watchOver(directory);
  const lines: string[] = [];
  const build = join(directory, "build");
  const starting = Promise.all([
    startEmbeddedPostgres({
      dataDirectory: join(directory, "postgres"),
      log: (line) => lines.push(line),
      settings: {
        fsync: "off",
        synchronous_commit: "off",
        full_page_writes: "off",
        max_connections: "400",
        shared_buffers: "64MB",
      },
    }),
    process.env.REDIS_URL ? undefined : startRedis({ databases: 512, pidFile: join(directory, "redis.pid") }),
    buildPrograms(build),
  ]);
  const [postgres, redis] = await starting.catch(async (error: Error) => {
    reaper.stdin?.end();
    throw new Error([...lines, error.message].join("\n"), { cause: error });
  });
  process.env.GATEWAY_TEST_BUILD = build;
  process.env.GATEWAY_TEST_PG_URL = postgres.url;
  process.env.GATEWAY_TEST_PG_ADMIN_URL = postgres.adminUrl;
  process.env.GATEWAY_TEST_REDIS_URL = redis?.url ?? process.env.REDIS_URL ?? "";
  reaper.stdin?.write(`${postgres.dataDirectory}\n`);
  globalThis.endTestServices = async () => {
    await Promise.all([postgres.stop(), redis?.stop()]);
    await rm(postgres.dataDirectory, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
    reaper.stdin?.end("done\n");
  };
}

/**
 * A shell that waits for the end of this process: where it ends without the teardown (Ctrl-C, kill -9, even while the
 * servers start), the closed pipe tells the shell, which then ends the servers and removes their files. The pipe also
 * carries where PostgreSQL's files really lie.
 */
function watchOver(directory: string): ChildProcess {
  const script = `
    data=$1/postgres
    while read -r line; do [ "$line" = done ] && exit 0; data=$line; done
    sleep 2
    kill -INT "$(head -n 1 "$data/postmaster.pid")"
    kill -KILL "$(cat "$1/redis.pid")"
    sleep 2
    rm -rf "$data" "$data.log" "$1"`;
  const reaper = spawn("/bin/sh", ["-c", script, "sh", directory], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  reaper.unref();
  return reaper;
}
