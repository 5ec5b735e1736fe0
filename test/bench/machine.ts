import { spawnSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

/** Cores that a process is kept to; `free`: any. */
export type Pin = "0" | "1" | "free";

let taskset: boolean | null = null;

/** Whether processes can be kept to cores here. */
export function hasTaskset(): boolean {
  taskset ??= cpus().length >= 2 && spawnSync("taskset", ["--cpu-list", "0", "true"]).status === 0;
  return taskset;
}

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly openFiles: number;
  /** How cores were shared, in one sentence. */
  readonly pinning: string;
}

/** The most files that a process may open: Node raises the soft limit to the hard one when it starts. */
export function openFileLimit(): number {
  const said = spawnSync("sh", ["-c", "ulimit -Hn"]).stdout?.toString().trim();
  return said === "unlimited" ? Number.MAX_SAFE_INTEGER : Number(said) || 1_024;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    openFiles: openFileLimit(),
    pinning: hasTaskset()
      ? "cases from memory and Redis with the server on core 0 and the client on core 1, the others with everything on any core"
      : "nothing is pinned (no taskset here, or a single core): server and client share every core",
  };
}
