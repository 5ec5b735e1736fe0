import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "../../src/db/embedded";
import { serverAccount } from "../../src/db/embedded-account";
import { locateBinaries, reachableBinaries } from "../../src/db/embedded-binaries";
import { eventuallyRefused, MadeCluster, postmasterPid, query } from "../support/embedded-clusters";
import { programArguments } from "../support/program";

const asRoot = process.getuid?.() === 0;

let made: MadeCluster;
let home: string;
let lines: string[];
let servers: EmbeddedPostgres[];
let children: ChildProcess[];

beforeAll(async () => {
  made = await MadeCluster.make();
});

afterAll(() => made?.remove());

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "gateway-embedded-"));
  await chmod(home, 0o755);
  lines = [];
  servers = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(servers.map((server) => server.stop()));
  for (const { dataDirectory } of servers) await rm(dataDirectory, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDirectory: join(home, ".data", "postgres"),
    log: (line) => lines.push(line),
    settings: { fsync: "off" },
    ...options,
  });
  servers.push(server);
  return server;
}

async function startInOwnProcess(end = "wait"): Promise<{ child: ChildProcess; url: string; lines: string[] }> {
  const script = programArguments("test/support/embedded-process.ts");
  const child = spawn(process.execPath, [...script, join(home, ".data", "postgres"), end], {
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, as a terminal gives to each command.
    detached: true,
  });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout! }), "line");
  return { child, ...JSON.parse(line) };
}

async function kill(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

test("the first start makes a cluster, a second one finds it again with its data", async () => {
  const first = await start();
  await query(first.url, "CREATE TABLE mark AS SELECT 'ä' AS letter");
  await first.stop();
  await eventuallyRefused(first.url);
  const second = await start();
  expect(await query(second.url, "SELECT letter, upper(letter) AS capital FROM mark")).toEqual([
    { letter: "ä", capital: "Ä" },
  ]);
});

test("the gateway's role owns its database and cannot bypass row-level security", async () => {
  const { url, adminUrl } = await start();
  const attributes = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, pg_get_userbyid(datdba) AS owner";
  const source = "pg_roles JOIN pg_database ON datname = current_database() WHERE rolname = current_user";
  expect(await query(url, `SELECT rolname, ${attributes} FROM ${source}`)).toEqual([
    {
      rolname: "gateway",
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: true,
      rolcreatedb: false,
      owner: "gateway",
    },
  ]);
  expect(await query(adminUrl, "SHOW server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
});

test("it listens on 127.0.0.1 only, wants the password, and the password file is closed to others", async () => {
  const { url, adminUrl } = await start();
  expect(await query(adminUrl, "SHOW listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
  expect(await query(adminUrl, "SHOW unix_socket_directories")).toEqual([{ unix_socket_directories: "" }]);
  const wrong = new URL(url);
  wrong.password = "wrong";
  await expect(query(wrong.href, "SELECT 1")).rejects.toThrow(/password authentication failed/);
  expect((await stat(join(home, ".data", "postgres.password"))).mode & 0o777).toBe(0o600);
});

test("a port that is asked for is used, and one in use is an error in one line", async () => {
  made.copyTo(home);
  const first = await start();
  const taken = Number(new URL(first.url).port);
  const other = start({ dataDirectory: join(home, "other"), port: taken });
  await expect(other).rejects.toThrow(/^PostgreSQL does not start on .*; or set DATABASE_URL$/);
});

test("after kill -9 of the gateway the server that still runs is used again", async () => {
  made.copyTo(home);
  const killed = await startInOwnProcess();
  await query(killed.url, "CREATE TABLE mark AS SELECT 1 AS id");
  await kill(killed.child, "SIGKILL");
  const server = await start();
  expect(server.url).toBe(killed.url);
  expect(lines.join("\n")).toMatch(/attached to the PostgreSQL that still runs/);
  expect(await query(server.url, "SELECT id FROM mark")).toEqual([{ id: 1 }]);
  await server.stop();
  await eventuallyRefused(server.url);
});

test("after kill -9 of PostgreSQL the next start recovers what was committed", async () => {
  made.copyTo(home);
  const first = await start();
  await query(first.url, "CREATE TABLE mark AS SELECT 1 AS id");
  process.kill(await postmasterPid(first), "SIGKILL");
  const second = await start();
  expect(await query(second.url, "SELECT id FROM mark")).toEqual([{ id: 1 }]);
});

test("a process id recorded by a dead server and now another program's does not stop the start", async () => {
  made.copyTo(home);
  const first = await start();
  const record = await readFile(join(first.dataDirectory, "postmaster.pid"), "utf8");
  await first.stop();
  const stranger = spawn("sleep", ["60"], asRoot ? await stat(first.dataDirectory).then(({ uid }) => ({ uid })) : {});
  children.push(stranger);
  await writeFile(join(first.dataDirectory, "postmaster.pid"), record.replace(/^\d+/, String(stranger.pid)));
  const second = await start();
  expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect(stranger.exitCode).toBeNull();
});

test("two gateways on one directory share the server, and the last one stops it", async () => {
  const [one, two] = await Promise.all([startInOwnProcess(), startInOwnProcess()]);
  expect(two.url).toBe(one.url);
  await kill(one.child, "SIGTERM");
  expect(await query(two.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await kill(two.child, "SIGTERM");
  await eventuallyRefused(two.url);
});

test("Ctrl-C in a terminal, a signal to the whole process group, leaves the server to the gateway", async () => {
  made.copyTo(home);
  const { child, url } = await startInOwnProcess();
  const draining = once(child.stderr!, "data");
  process.kill(-child.pid!, "SIGINT");
  expect(String(await draining)).toBe("draining\n");
  await sleep(200);
  expect(await query(url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await kill(child, "SIGTERM");
  await eventuallyRefused(url);
});

test("a process that ends without stopping the server does not leave it running", async () => {
  made.copyTo(home);
  const { url } = await startInOwnProcess("exit");
  await eventuallyRefused(url);
});

test("a half-made cluster is set aside and made again", async () => {
  made.copyTo(home);
  const dataDirectory = join(home, ".data", "postgres");
  const first = await start();
  await first.stop();
  await rm(join(dataDirectory, "global", "pg_control"));
  const second = await start();
  expect(await query(second.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect(lines.join("\n")).toMatch(/set aside as .*: it is not a whole database cluster/);
});

test("the draft of a start that was killed is removed", async () => {
  const abandoned = `postgres.draft-${2 ** 22 + 1}`;
  await mkdir(join(home, ".data", abandoned), { recursive: true });
  await start();
  expect((await readdir(join(home, ".data"))).sort()).toEqual(["postgres", "postgres.log", "postgres.password"]);
});

test("a missing password file and a foreign major version are named, and nothing is overwritten", async () => {
  made.copyTo(home);
  const first = await start();
  await first.stop();
  const [data, password] = [first.dataDirectory, join(home, ".data", "postgres.password")];
  await rename(password, `${password}.away`);
  await expect(start()).rejects.toThrow(/postgres\.password is missing: put it back, or move .* away/);
  await rename(`${password}.away`, password);
  await writeFile(join(data, "PG_VERSION"), "12\n");
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 12, installed is 18/);
});

test("without the development dependency one line says to set DATABASE_URL", async () => {
  await expect(start({ packageName: "no-such-package" })).rejects.toThrow(
    /^DATABASE_URL is not set .*: set DATABASE_URL/,
  );
});

test("PostgreSQL never runs as root", async () => {
  const { dataDirectory } = await start();
  const { uid } = await stat(dataDirectory);
  expect(uid).not.toBe(0);
});

const describeAsRoot = asRoot
  ? describe
  : () => console.log("not run, because they need root: closed folders, accounts");

describeAsRoot("as root", () => {
  test("a closed folder is replaced by a reachable one that the next start finds again", async () => {
    await chmod(home, 0o700);
    const first = await start();
    expect(first.dataDirectory.startsWith(home)).toBe(false);
    expect(lines.join("\n")).toContain(`its data is in ${join(first.dataDirectory, "..")}`);
    await query(first.url, "CREATE TABLE mark AS SELECT 1 AS id");
    await first.stop();
    const second = await start();
    expect(second.dataDirectory).toBe(first.dataDirectory);
    expect(await query(second.url, "SELECT id FROM mark")).toEqual([{ id: 1 }]);
    await second.stop();
    await rm(join(home, ".data"), { recursive: true });
    const third = await start();
    expect(await query(third.url, "SELECT to_regclass('mark') AS found")).toEqual([{ found: null }]);
    await third.stop();
    await rm(join(first.dataDirectory, ".."), { recursive: true });
  });

  test("programs in a closed folder are run from a reachable copy that is made once", async () => {
    const installed = await locateBinaries();
    const version = `${installed.version}-test-${process.pid}`;
    const nobody = (await serverAccount(["nobody"]))!;
    await cp(installed.root, join(home, "native"), { recursive: true, verbatimSymlinks: true });
    await chmod(home, 0o700);
    const closed = {
      root: join(home, "native"),
      initdb: join(home, "native/bin/initdb"),
      postgres: join(home, "native/bin/postgres"),
      version,
    };
    const copy = await reachableBinaries(closed, nobody, (line) => lines.push(line));
    try {
      expect(copy.root.startsWith(home)).toBe(false);
      expect(lines).toEqual([
        `PostgreSQL's programs lie in a folder closed to nobody: running the copy in ${copy.root}`,
      ]);
      const made = await stat(copy.root);
      expect((await reachableBinaries(closed, nobody, (line) => lines.push(line))).root).toBe(copy.root);
      expect((await stat(copy.root)).ino).toBe(made.ino);
      // What a cleaner of temporary folders takes away is put back.
      await rm(join(copy.root, "share"), { recursive: true });
      await reachableBinaries(closed, nobody, (line) => lines.push(line));
      expect((await stat(join(copy.root, "share"))).isDirectory()).toBe(true);
    } finally {
      await rm(copy.root, { recursive: true });
    }
  });

  test("without the usual account, the next one on the list runs PostgreSQL", async () => {
    const server = await start({ accounts: ["no-such-account", "nobody"] });
    const [uid] = [execFileSync("id", ["-u", "nobody"], { encoding: "utf8" })];
    expect((await stat(server.dataDirectory)).uid).toBe(Number(uid));
    expect(await query(server.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
