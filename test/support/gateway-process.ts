import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ClientError, GraphQLClient } from "graphql-request";
import type { AnswerData } from "./answers";
import { freePort } from "./free-port";
import { programArguments } from "./program";

/** The project's folder. */
export const PROJECT = resolve(__dirname, "../..");

/** One error of a GraphQL answer. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string };
}

/** A GraphQL answer as it came over HTTP; `status` of HTTP. */
export interface Answer {
  readonly status: number;
  readonly data: AnswerData;
  readonly errors: readonly AnswerError[];
}

/** A gateway in a process of its own. */
export interface GatewayProcess {
  /** Where it is reached: `http://localhost:<port>`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly child: ChildProcess;
  /** Milliseconds from the spawn to the first good answer of /readyz. */
  readonly startedInMs: number;
  /** Everything it has written to stdout and stderr. */
  output(): string;
  /** Asks over HTTP by graphql-request; never throws for what the gateway answers. `token`: after `Bearer `. */
  graphql(query: string, variables?: Record<string, unknown>, token?: string): Promise<Answer>;
  /** Sends SIGTERM (or another signal) and waits for the end; answers the exit code, null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** How a gateway is started. */
export interface GatewayOptions {
  /** Its settings. Nothing of the test's own environment but PATH and HOME reaches it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Port; a free one by default. */
  readonly port?: number;
  /** A data directory that outlives the process; by default one of its own, removed at its end. */
  readonly dataDirectory?: string;
  /** Program and arguments, and the folder to run in. Default: this project without npm in between, so that signals reach it. */
  readonly command?: { readonly program: string; readonly args: readonly string[]; readonly cwd: string };
  readonly readyWithinMs?: number;
}

/** How a process that was expected to fail ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) kill(child, "SIGKILL");
});

/** A data directory that PostgreSQL's own user can reach. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "gateway-e2e-"));
  await chmod(directory, 0o755);
  return directory;
}

/** Starts a gateway and waits until it is ready; rejects with its output where it ends or takes too long. */
export async function startGateway(options: GatewayOptions = {}): Promise<GatewayProcess> {
  const port = options.port ?? (await freePort());
  const own = options.dataDirectory === undefined ? await temporaryDirectory() : null;
  const dataDirectory = options.dataDirectory ?? own ?? "";
  const begun = performance.now();
  // Most tests count what the vendors are asked: history is fetched where a test turns it on.
  const quiet = { PORT: String(port), DATA_DIR: dataDirectory, BACKFILL_DAYS: "0" };
  const { child, written } = launch(options, { ...quiet, ...options.env });
  const url = `http://localhost:${port}`;
  const gone = once(child, "exit").then(async ([code]) => {
    await groupGone(child);
    running.delete(child);
    if (own) await rm(own, { recursive: true, force: true });
    return code as number | null;
  });
  const stop = (signal: NodeJS.Signals = "SIGTERM") => {
    kill(child, signal);
    return gone;
  };
  await untilReady(url, child, options.readyWithinMs ?? 60_000).catch(async (error: Error) => {
    await stop("SIGKILL");
    throw new Error(`${error.message}\n${written.all}`);
  });
  return {
    url,
    port,
    pid: child.pid ?? 0,
    child,
    startedInMs: performance.now() - begun,
    output: () => written.all,
    graphql: (query, variables, token) => ask(`${url}/graphql`, query, variables, token),
    stop,
  };
}

/** Runs a gateway that is expected to end by itself. */
export async function runGateway(env: Readonly<Record<string, string>>): Promise<Ended> {
  const directory = await temporaryDirectory();
  const { child, written } = launch({}, { PORT: String(await freePort()), DATA_DIR: directory, ...env });
  const late = setTimeout(() => kill(child, "SIGKILL"), 60_000);
  const [code] = await once(child, "close");
  clearTimeout(late);
  running.delete(child);
  await rm(directory, { recursive: true, force: true });
  return { code, stdout: written.out, stderr: written.err };
}

/** Ends several gateways that may have ended already. */
export async function stopAll(...gateways: readonly (GatewayProcess | undefined)[]): Promise<void> {
  await Promise.all(gateways.map((gateway) => gateway?.stop()));
}

function launch(options: GatewayOptions, env: Readonly<Record<string, string>>) {
  const { PATH = "", HOME = "/tmp" } = process.env;
  const direct = { program: process.execPath, args: programArguments("src/main.ts"), cwd: PROJECT };
  const { program, args, cwd } = options.command ?? direct;
  // A group of its own, so that a signal meets what npm starts as well.
  const child = spawn(program, args, {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running.add(child);
  const written = { out: "", err: "", all: "" };
  child.stdout?.on("data", (data) => {
    written.out += data;
    written.all += data;
  });
  child.stderr?.on("data", (data) => {
    written.err += data;
    written.all += data;
  });
  return { child, written };
}

function kill(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** npm ends at once where a signal meets the group; what it started may still be stopping. */
async function groupGone(child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (kill(child, 0)) {
    if (performance.now() > deadline) kill(child, "SIGKILL");
    await sleep(20);
  }
}

async function untilReady(url: string, child: ChildProcess, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with status ${child.exitCode}`);
    const ready = await fetch(`${url}/readyz`).then(
      (response) => response.status === 200,
      () => false,
    );
    if (ready) return;
    await sleep(25);
  }
  throw new Error(`the gateway was not ready within ${withinMs} ms`);
}

async function ask(url: string, query: string, variables?: Record<string, unknown>, token?: string): Promise<Answer> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const client = new GraphQLClient(url, { headers, errorPolicy: "all" });
  try {
    const { data, errors, status } = await client.rawRequest<AnswerData>(query, variables);
    return { status, data, errors: (errors ?? []) as readonly AnswerError[] };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const { data, errors, status } = error.response;
    return { status, data: data as AnswerData, errors: (errors ?? []) as unknown as readonly AnswerError[] };
  }
}
