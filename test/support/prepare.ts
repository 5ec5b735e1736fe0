import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { answersPing, findRedisProgram, howToGetRedis } from "./redis-server";

/** Run by `npm test` before jest: makes sure that the tests find a Redis server, and says how. */
async function prepare(): Promise<void> {
  const address = process.env.REDIS_URL;
  if (address) {
    const { hostname, port } = new URL(address);
    if (!(await answersPing(Number(port || 6379), 3_000, hostname))) {
      throw new Error(`REDIS_URL is set, but no Redis server answers at ${hostname}:${port || 6379}`);
    }
    console.log(`tests use the Redis server at ${hostname}:${port || 6379} (REDIS_URL)`);
    return;
  }
  const found = await findRedisProgram();
  if (found !== undefined) {
    console.log(`tests use ${found}`);
    return;
  }
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) throw new Error(howToGetRedis);
  console.log("no redis-server or valkey-server in PATH: installing the Debian package redis-server");
  installRedis();
  const installed = await findRedisProgram();
  if (installed === undefined) throw new Error(howToGetRedis);
  console.log(`tests use ${installed}`);
}

function installRedis(): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    execFileSync("apt-get", ["-qq", "update"], { env, stdio: ["ignore", "ignore", "inherit"] });
    const install = ["-qq", "install", "-y", "--no-install-recommends", "redis-server"];
    execFileSync("apt-get", install, { env, stdio: ["ignore", "ignore", "inherit"] });
  } catch (error) {
    throw new Error(`installing redis-server with apt-get failed; ${howToGetRedis}`, { cause: error });
  }
}

prepare().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
