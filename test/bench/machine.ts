import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
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

const KERNEL_COUNTS = "/proc/stat";
/** Places of the ticks that make up all of the processors' time, and of those that the hypervisor gave to other machines. */
const [ALL_TICKS, STOLEN] = [8, 7];

/** What the kernel has counted so far; empty where it does not tell. @see https://man7.org/linux/man-pages/man5/proc_stat.5.html */
export function kernelCounts(): string {
  return existsSync(KERNEL_COUNTS) ? readFileSync(KERNEL_COUNTS, "utf8") : "";
}

/** The part of the processors' time between two looks at the kernel's counts, in a hundred, that other machines had; null where nobody can tell. */
export function stolenPercent(before: string, after: string): number | null {
  const [first, last] = [ticksOf(before), ticksOf(after)];
  const passed = last.map((ticks, place) => ticks - (first[place] ?? 0));
  const all = passed.slice(0, ALL_TICKS).reduce((sum, ticks) => sum + ticks, 0);
  return all > 0 ? ((passed[STOLEN] ?? 0) / all) * 100 : null;
}

function ticksOf(counts: string): number[] {
  const [, ticks = ""] = /^cpu +([\d ]+)$/m.exec(counts) ?? [];
  return ticks.split(" ").filter(Boolean).map(Number);
}
