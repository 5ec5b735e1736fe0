import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { access, chown, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, sep } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { canEnter, childOptions, type ServerAccount } from "./embedded-account";
import { type Binaries, claimFolder, majorVersion } from "./embedded-binaries";

const run = promisify(execFile);

const secretsShape = z.object({ admin: z.string().min(16), gateway: z.string().min(16) });

/** Passwords of the superuser `postgres` and of the role `gateway`. */
export type ClusterSecrets = z.infer<typeof secretsShape>;

/** Where a cluster's files really lie, and who owns them. */
export interface ClusterPlace {
  readonly directory: string;
  /** True when the folder asked for is closed to the account that must run PostgreSQL. */
  readonly moved: boolean;
}

/**
 * Chooses the folder of the cluster: `wanted`, or one that `account` can enter, with a name derived from `wanted` so that
 * the next start finds it again. A throwaway folder is replaced beside itself, another one where it survives a reboot.
 */
export async function placeCluster(
  wanted: string,
  account: ServerAccount | undefined,
  log: (line: string) => void,
): Promise<ClusterPlace> {
  await mkdir(dirname(wanted), { recursive: true });
  if (account === undefined || (await canEnter(account, dirname(wanted)))) return { directory: wanted, moved: false };
  const name = `wearables-gateway-${createHash("sha256").update(wanted).digest("hex").slice(0, 16)}`;
  const throwaway = wanted.startsWith(tmpdir() + sep);
  for (const base of throwaway ? [tmpdir(), "/tmp", "/var/tmp"] : ["/var/lib", "/var/tmp", tmpdir()]) {
    if (!(await canEnter(account, base))) continue;
    const folder = join(base, name);
    await claimFolder(folder);
    log(`${dirname(wanted)} lies in a folder closed to ${account.name}, who runs PostgreSQL: its data is in ${folder}`);
    return { directory: join(folder, "data"), moved: true };
  }
  throw new Error(`no folder for PostgreSQL's data can be entered by ${account.name}: set DATABASE_URL`);
}

/** The owner of an existing cluster, who alone can run it; `account` where there is none yet. */
export async function clusterOwner(
  directory: string,
  account: ServerAccount | undefined,
): Promise<ServerAccount | undefined> {
  if (account === undefined || !(await isWhole(directory))) return account;
  const { uid, gid } = await stat(directory);
  return uid === 0 || uid === account.uid ? account : { name: `user ${uid}`, uid, gid };
}

/**
 * Makes the cluster once: PostgreSQL's initdb writes into a draft that is renamed when it is whole, so that a start that
 * was killed leaves no half-made cluster behind. What is found half-made all the same is set aside, never deleted.
 *
 * @throws Error in one line where the cluster is of another major version or its password file is gone.
 */
export async function ensureCluster(
  wanted: string,
  place: ClusterPlace,
  binaries: Binaries,
  account: ServerAccount | undefined,
  log: (line: string) => void,
): Promise<ClusterSecrets> {
  const { directory } = place;
  const secretsFile = `${wanted}.password`;
  const known = await readSecrets(secretsFile);
  if (await isWhole(directory)) {
    await checkVersion(directory, binaries);
    if (known !== undefined) return known;
    if (!place.moved) {
      throw new Error(
        `${secretsFile} is missing: put it back, or move ${directory} away to start with an empty database`,
      );
    }
    await setAside(directory, `${secretsFile} is gone, so that the data belonging to it is no longer used`, log);
  } else if (!(await isEmpty(directory))) {
    await setAside(directory, "it is not a whole database cluster", log);
  }
  const secrets = known ?? (await makeSecrets(secretsFile));
  await initialise(directory, binaries, account, secrets);
  return secrets;
}

async function initialise(
  directory: string,
  binaries: Binaries,
  account: ServerAccount | undefined,
  secrets: ClusterSecrets,
): Promise<void> {
  await removeAbandonedDrafts(directory);
  const draft = `${directory}.draft-${process.pid}`;
  const passwordFile = `${draft}.pw`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, `${secrets.admin}\n`, { mode: 0o600 });
    if (account !== undefined) {
      await Promise.all([draft, passwordFile].map((path) => chown(path, account.uid, account.gid)));
    }
    const flags = ["--username=postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--no-sync"];
    const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
    await run(binaries.initdb, [`--pgdata=${draft}`, ...flags, ...locale], {
      ...childOptions(account),
      cwd: dirname(directory),
    }).catch((error: { stderr?: string }) => {
      const line = lastLine(error.stderr ?? "");
      throw new Error(`PostgreSQL's initdb failed in ${draft}: ${line}; or set DATABASE_URL`);
    });
    await rename(draft, directory).catch((error: NodeJS.ErrnoException) => {
      // Another process that started at the same time was faster; the passwords are the same.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await Promise.all([draft, passwordFile].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function removeAbandonedDrafts(directory: string): Promise<void> {
  const prefix = `${basename(directory)}.draft-`;
  for (const name of await readdir(dirname(directory))) {
    if (!name.startsWith(prefix)) continue;
    if (isAlive(Number.parseInt(name.slice(prefix.length), 10))) continue;
    await rm(join(dirname(directory), name), { recursive: true, force: true });
  }
}

/** Whether a process with this id exists, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Last non-empty line of a program's output. */
export function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}

async function setAside(directory: string, reason: string, log: (line: string) => void): Promise<void> {
  const target = `${directory}.set-aside-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
  await rename(directory, target);
  log(`${directory} was set aside as ${target}: ${reason}`);
}

async function checkVersion(directory: string, binaries: Binaries): Promise<void> {
  const found = (await readFile(join(directory, "PG_VERSION"), "utf8")).trim();
  const needed = majorVersion(binaries.version);
  if (found !== needed) {
    throw new Error(
      `${directory} was made by PostgreSQL ${found}, installed is ${needed}: move it away to start with an empty database, or set DATABASE_URL`,
    );
  }
}

/** The control file is the last that initdb's bootstrap needs, and a cluster without it cannot start. */
async function isWhole(directory: string): Promise<boolean> {
  const needed = ["PG_VERSION", "global/pg_control", "postgresql.conf", "pg_hba.conf", "base/1/PG_VERSION", "base/5"];
  const found = await Promise.all(
    needed.map((path) =>
      access(join(directory, path)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

async function isEmpty(directory: string): Promise<boolean> {
  return readdir(directory).then(
    (names) => names.length === 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return true;
      throw error;
    },
  );
}

async function readSecrets(file: string): Promise<ClusterSecrets | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return secretsShape.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} is damaged: put it back, or remove it and its database directory`);
  }
}

/** The draft is linked into place whole: of two processes that start at once, the second takes the passwords of the first. */
async function makeSecrets(file: string): Promise<ClusterSecrets> {
  const secret = () => randomBytes(24).toString("base64url");
  const secrets = { admin: secret(), gateway: secret() };
  const draft = `${file}.draft-${process.pid}`;
  await writeFile(draft, JSON.stringify(secrets), { mode: 0o600 });
  try {
    await link(draft, file);
    return secrets;
  } catch (error) {
    const other = (error as NodeJS.ErrnoException).code === "EEXIST" ? await readSecrets(file) : undefined;
    if (other === undefined) throw error;
    return other;
  } finally {
    await rm(draft, { force: true });
  }
}
