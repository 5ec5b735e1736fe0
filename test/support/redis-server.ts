import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port";

/** A Redis (or Valkey) server without persistence that lives as long as a test needs it. */
export interface ThrowawayRedis {
  /** Address of logical database 0, for example `redis://127.0.0.1:40123`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Sends a signal: SIGSTOP makes the server silent, SIGCONT lets it go on, SIGKILL takes it away. */
  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL" | "SIGTERM"): void;
  /** Ends the server, stopped or not, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Settings of a throwaway server. */
export interface RedisOptions {
  /** Number of logical databases, 16 by default. */
  readonly databases?: number;
  /** Port on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** File into which the server writes its process id. */
  readonly pidFile?: string;
}

/** How to get a server program, in one line. */
export const howToGetRedis =
  "the tests need a Redis server: install redis-server or valkey-server (Debian: apt-get install redis-server, macOS: brew install redis) or set REDIS_URL";

/** Path of `redis-server` or `valkey-server` in PATH, or undefined. */
export async function findRedisProgram(path = process.env.PATH ?? ""): Promise<string | undefined> {
  for (const name of ["redis-server", "valkey-server"]) {
    for (const folder of path.split(delimiter).filter(Boolean)) {
      const file = join(folder, name);
      const found = await access(file, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (found) return file;
    }
  }
  return undefined;
}

/**
 * Starts a server on 127.0.0.1, on a free port or on the `port` of one that was stopped.
 *
 * @throws Error in one line that says how to get the program where there is none.
 */
export async function startRedis(options: RedisOptions = {}): Promise<ThrowawayRedis> {
  const program = await findRedisProgram();
  if (program === undefined) throw new Error(howToGetRedis);
  const port = options.port ?? (await freePort());
  const settings = {
    port,
    bind: "127.0.0.1",
    databases: options.databases ?? 16,
    save: "",
    appendonly: "no",
    loglevel: "warning",
    dir: tmpdir(),
    ...(options.pidFile === undefined ? {} : { pidfile: options.pidFile }),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "ignore"] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const onExit = () => child.kill("SIGKILL");
  process.once("exit", onExit);
  const stop = async () => {
    child.kill("SIGKILL");
    await gone;
    process.off("exit", onExit);
  };
  try {
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    await untilReady(child, port);
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    signal: (signal) => {
      child.kill(signal);
    },
    stop,
  };
}

/** Whether a server on this port of 127.0.0.1 answers PING within `timeoutMs`. */
export function answersPing(port: number, timeoutMs = 500, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => done(false));
    socket.once("error", () => done(false));
    socket.once("connect", () => socket.write("PING\r\n"));
    // A server that wants a password first is there, too.
    socket.once("data", (data) => done(/^(\+PONG|-NOAUTH)/.test(data.toString())));
  });
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`redis-server on port ${port} ended with status ${child.exitCode}`);
    if (await answersPing(port)) return;
    await sleep(10);
  }
  throw new Error(`redis-server on port ${port} did not answer within 10 s`);
}
