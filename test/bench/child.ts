import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { programArguments } from "../support/program";
import { hasTaskset, type Pin } from "./machine";

/** A process of the benchmark: a server that listens, or the client. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The first line that it wrote, as JSON. */
  readonly hello: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** How a process is started. `program` and `args` without the pinning. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly pin: Pin;
  readonly readyWithinMs?: number;
}

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** How a TypeScript file of this folder is run. */
export function script(file: string): { program: string; args: string[] } {
  return { program: process.execPath, args: programArguments(join("test/bench", file)) };
}

/** Program and arguments that keep a process to the cores of a pin, where `taskset` is there. */
export function pinned(program: string, args: readonly string[], pin: Pin): [string, string[]] {
  if (pin === "free" || !hasTaskset()) return [program, [...args]];
  return ["taskset", ["--cpu-list", pin, program, ...args]];
}

/** Starts a process and waits for its first line of JSON; rejects with what it wrote to stderr where it ends before. */
export async function launch({ program, args, env = {}, pin, readyWithinMs = 60_000 }: Launch): Promise<Child> {
  const [command, all] = pinned(program, args, pin);
  const { PATH = "", HOME = "/tmp" } = process.env;
  const child = spawn(command, all, {
    env: { PATH, HOME, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  living.add(child);
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors = (errors + data).slice(-4_000);
  });
  const gone = once(child, "exit").then(() => void living.delete(child));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const hello = await Promise.race([
    once(lines, "line").then(([line]) => JSON.parse(String(line)) as Record<string, unknown>),
    once(child, "exit").then(() => null),
    new Promise<null>((resolve) => setTimeout(() => resolve(null), readyWithinMs).unref()),
  ]);
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await gone;
    clearTimeout(late);
  };
  if (hello === null || child.pid === undefined) {
    child.kill("SIGKILL");
    throw new Error(`${args.at(-1)} did not start:\n${errors}`);
  }
  return { pid: child.pid, process: child, hello, stop };
}
