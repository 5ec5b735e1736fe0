import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const HERE = __dirname;

/** A package of the benchmark's own `package.json`; throws where it is not installed. */
export function peerPackage<T>(name: string): T {
  return createRequire(join(HERE, "package.json"))(name) as T;
}

/** Whether the peers are installed. */
export function peersInstalled(): boolean {
  return existsSync(join(HERE, "node_modules", "mercurius", "package.json"));
}

/** Installs the peers by their lock file where they are not; null, or why they could not be. */
export function installPeers(): string | null {
  if (peersInstalled()) return null;
  const installing = spawnSync("npm", ["ci", "--prefix", HERE, "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 300_000,
  });
  if (installing.status === 0 && peersInstalled()) return null;
  const said = installing.stderr?.toString().trim().split("\n").at(-1) ?? "";
  return `npm could not install the peers (is the registry reachable?): ${said || installing.error?.message}`;
}

/** A Node that PostGraphile runs on: this one, or Node 24 through npx; null where neither is to be had. */
export function nodeForPostgraphile(): { program: string; args: string[]; version: string } | null {
  if (Number(process.versions.node.split(".")[0]) >= 22) {
    return { program: process.execPath, args: [], version: process.version };
  }
  const asked = spawnSync("npx", ["-y", "-p", "node@24", "node", "-p", "process.execPath + ' ' + process.version"], {
    timeout: 120_000,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [program, version] = asked.stdout?.toString().trim().split(" ") ?? [];
  return asked.status === 0 && program && version ? { program, args: [], version } : null;
}
