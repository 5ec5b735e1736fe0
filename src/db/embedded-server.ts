import { type ChildProcess, spawn } from "node:child_process";
import { chown, open, readFile, readlink, realpath, rm, stat, truncate } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { childOptions, type ServerAccount } from "./embedded-account";
import type { Binaries } from "./embedded-binaries";
import { isAlive } from "./embedded-cluster";

/** Marks the connection by which every gateway on a data directory shows that it still needs the server. */
const keeperName = "wearables-gateway keeper";

const pollMs = 20;
const startDeadlineMs = 60_000;
const stopDeadlineMs = 20_000;

/** What is needed to run the server of one cluster. */
export interface ServerOptions {
  readonly directory: string;
  readonly binaries: Binaries;
  readonly account: ServerAccount | undefined;
  readonly adminPassword: string;
  /** Port on 127.0.0.1; a free one when undefined. */
  readonly port: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** A server that answers, with the connection that keeps it ours. */
export interface RunningServer {
  readonly port: number;
  readonly keeper: Client;
  /** Fast shutdown, awaited; leaves the server to another gateway that still holds a keeper connection. */
  stop(): Promise<void>;
}

interface PidFile {
  readonly pid: number;
  readonly port: number;
  /** False while it starts, recovers or stops. */
  readonly ready: boolean;
}

/**
 * Attaches to the server that still runs on the directory (the process that started it was killed), else starts one in a
 * process group of its own, so that Ctrl-C in a terminal reaches the gateway alone, which stops it after draining.
 *
 * @throws Error with the last FATAL line of PostgreSQL's log where it does not start.
 */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    const attached = await attach(options, deadline);
    if (attached !== undefined) return attached;
    const started = await start(options, deadline);
    if ("keeper" in started) return started;
    // The memory of a killed server lives until its last child is gone; another gateway may be starting right now.
    const passing = /lock file|shared memory block|could not bind|Address already in use/.test(started.fatal);
    if (!passing || options.port !== undefined || Date.now() > deadline) {
      throw new Error(`PostgreSQL does not start on ${options.directory}: ${started.fatal}; or set DATABASE_URL`);
    }
    await sleep(200);
  }
}

async function attach(options: ServerOptions, deadline: number): Promise<RunningServer | undefined> {
  for (;;) {
    const found = await readPidFile(options.directory);
    if (found === undefined) return undefined;
    if (!(await isPostmaster(found.pid, options.directory))) {
      // PostgreSQL itself takes any living process of its account under the recorded id for a server.
      if (isAlive(found.pid)) await rm(join(options.directory, "postmaster.pid"), { force: true });
      return undefined;
    }
    const keeper = found.ready ? await connect(options, found.port) : undefined;
    if (keeper !== undefined) {
      if (options.port === undefined || options.port === found.port) {
        options.log(`attached to the PostgreSQL that still runs on ${options.directory} (port ${found.port})`);
        return running(options, keeper, found.port, found.pid);
      }
      await keeper.end();
      options.log(`restarting the PostgreSQL that still runs on ${options.directory} on port ${options.port}`);
      await shutDown(options.directory, found.pid);
      return undefined;
    }
    if (Date.now() > deadline) {
      options.log(`the PostgreSQL that still runs on ${options.directory} does not answer: stopping it`);
      await shutDown(options.directory, found.pid);
      return undefined;
    }
    await sleep(pollMs);
  }
}

async function start(options: ServerOptions, deadline: number): Promise<RunningServer | { fatal: string }> {
  const port = options.port ?? (await freePort());
  const log = `${options.directory}.log`;
  const logged = await trimmedSize(log);
  const child = await launch(options, port, log);
  const letGo = endWithProcess(child.pid);
  try {
    return (await answering(options, child, port, deadline)) ?? { fatal: await fatalLine(log, logged) };
  } finally {
    letGo();
  }
}

/** Waits for the first answer of the server that was just launched; undefined where it has ended. */
async function answering(
  options: ServerOptions,
  child: ChildProcess,
  port: number,
  deadline: number,
): Promise<RunningServer | { fatal: string } | undefined> {
  while (child.exitCode === null && child.signalCode === null) {
    // Another server may answer on this port: only what the child recorded itself proves that it got it.
    const recorded = await readPidFile(options.directory);
    if (recorded?.pid === child.pid && recorded?.ready) {
      const keeper = await connect(options, port);
      if (keeper !== undefined && child.pid !== undefined) return running(options, keeper, port, child.pid);
    }
    if (Date.now() > deadline) {
      child.kill("SIGQUIT");
      return { fatal: `no answer within ${startDeadlineMs / 1000} s` };
    }
    await sleep(pollMs);
  }
  return undefined;
}

async function launch(options: ServerOptions, port: number, log: string): Promise<ChildProcess> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    log_timezone: "UTC",
    timezone: "UTC",
    jit: "off",
    // Details and statements of failed queries quote rows.
    log_error_verbosity: "terse",
    log_min_error_statement: "panic",
    ...options.settings,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const output = await open(log, "a", 0o600);
  try {
    if (options.account !== undefined) await chown(log, options.account.uid, options.account.gid);
    const child = spawn(options.binaries.postgres, ["-D", options.directory, ...args], {
      ...childOptions(options.account),
      cwd: "/",
      detached: true,
      stdio: ["ignore", output.fd, output.fd],
    });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    return child;
  } finally {
    await output.close();
  }
}

function running(options: ServerOptions, keeper: Client, port: number, pid: number): RunningServer {
  let stopping: Promise<void> | undefined;
  const letGo = endWithProcess(pid);
  keeper.on("error", (error) => {
    if (stopping === undefined) options.log(`the connection to the embedded PostgreSQL was lost: ${error.name}`);
  });
  const stop = async () => {
    const shared = await othersNeedIt(keeper);
    await keeper.end().catch((error: Error) => options.log(`closing the keeper connection failed: ${error.name}`));
    letGo();
    if (shared) options.log("PostgreSQL is left running: another gateway uses it");
    else await shutDown(options.directory, pid);
  };
  return {
    port,
    keeper,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** An unexpected end of the process must not leak the server; an orderly one stops it before. Answers how the server is let go. */
function endWithProcess(pid: number | undefined): () => void {
  const onExit = () => {
    if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGINT");
  };
  process.once("exit", onExit);
  return () => process.off("exit", onExit);
}

async function othersNeedIt(keeper: Client): Promise<boolean> {
  const query = "SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()";
  return keeper.query(query, [keeperName]).then(
    ({ rowCount }) => (rowCount ?? 0) > 0,
    // The server is gone or does not answer: nobody else can be using it.
    () => false,
  );
}

/** Fast shutdown, then an immediate one: waits until the process is gone and its pid file with it. */
async function shutDown(directory: string, pid: number): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
    if (!(await isPostmaster(pid, directory))) return;
    process.kill(pid, signal);
    const deadline = Date.now() + stopDeadlineMs;
    while (Date.now() < deadline) {
      if (!(await isPostmaster(pid, directory))) return;
      await sleep(pollMs);
    }
  }
  throw new Error(`the PostgreSQL process ${pid} on ${directory} could not be stopped`);
}

/** Whether `pid` is a living server of this directory: a recycled id and a zombie are not. */
async function isPostmaster(pid: number, directory: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform !== "linux") return (await readPidFile(directory))?.pid === pid;
  // PostgreSQL's main process changes into its data directory; a zombie has no working directory.
  return readlink(`/proc/${pid}/cwd`).then(
    async (cwd) => cwd === (await realpath(directory)),
    () => false,
  );
}

/** Lines of postmaster.pid: 1 process id, 4 port, 8 status. @see https://www.postgresql.org/docs/18/storage-file-layout.html */
async function readPidFile(directory: string): Promise<PidFile | undefined> {
  const text = await readFile(join(directory, "postmaster.pid"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const lines = text.split("\n");
  const pid = Number.parseInt(lines[0] ?? "", 10);
  const port = Number.parseInt(lines[3] ?? "", 10);
  return pid > 0 ? { pid, port, ready: lines[7]?.trim() === "ready" } : undefined;
}

/** A keeper connection, or undefined while the server does not accept any (not yet up, recovering, stopping). */
async function connect(options: ServerOptions, port: number): Promise<Client | undefined> {
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password: options.adminPassword,
    database: "postgres",
    application_name: keeperName,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
    keepAlive: true,
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end();
    const code = (error as { code?: unknown }).code;
    if (code === "28P01") {
      throw new Error(
        `the password file does not belong to the cluster in ${options.directory}: put the right one back`,
      );
    }
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Why PostgreSQL ended: the last FATAL line that its log got since it was `from` bytes long. */
async function fatalLine(log: string, from: number): Promise<string> {
  const lines = (await readFile(log)).subarray(from).toString().trim().split("\n");
  const fatal = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? "";
  return fatal.replace(/^.*?(FATAL|PANIC):\s*/, "");
}

/** Size of the log in bytes, after it was emptied if it had grown beyond a megabyte. */
async function trimmedSize(log: string): Promise<number> {
  const size = await stat(log).then(
    (found) => found.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return 0;
      throw error;
    },
  );
  if (size <= 1_000_000) return size;
  await truncate(log);
  return 0;
}
