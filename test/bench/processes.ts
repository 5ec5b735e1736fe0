import { readdirSync, readFileSync } from "node:fs";

/** Resident memory of a process in megabytes: now, and the most so far; null where the system does not tell. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1_024;
    return { now: of("VmRSS"), peak: of("VmHWM") };
  } catch {
    // Gone, or no /proc here.
    return null;
  }
}

/** Clock ticks a second in /proc; Linux has fixed them for programs. @see man 5 proc, /proc/pid/stat */
const TICKS = 100;

/** The fields of /proc/pid/stat after the name, which may hold anything; null where there is no such process, or no /proc. */
function statOf(pid: number | string): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // Gone, or no /proc here.
    return null;
  }
}

const ticks = (stat: readonly string[], fields: readonly number[]) =>
  fields.reduce((sum, field) => sum + Number(stat[field]), 0);
const [PARENT, OWN, ENDED_CHILDREN] = [1, [11, 12], [13, 14]];

/** Milliseconds of processor time that a process has used; NaN where the system does not tell. */
export function cpuOf(pid: number): number {
  const stat = statOf(pid);
  return stat ? (ticks(stat, OWN) * 1_000) / TICKS : Number.NaN;
}

/** Milliseconds of processor time of a process and its children, those included that have ended. */
export function cpuOfFamily(pid: number): number {
  const own = statOf(pid);
  if (!own) return Number.NaN;
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(statOf)
    .filter((stat) => stat?.[PARENT] === String(pid));
  const all = children.reduce((sum, stat) => sum + (stat ? ticks(stat, OWN) : 0), 0);
  return ((ticks(own, [...OWN, ...ENDED_CHILDREN]) + all) * 1_000) / TICKS;
}
