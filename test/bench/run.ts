import { type BenchOptions, openBench } from "./bench";
import { CASES } from "./cases";
import { kernelCounts, stolenPercent } from "./machine";
import { memoryOf } from "./processes";
import { type CaseResult, describeCase } from "./report";
import type { Stores } from "./world";

/** What a run came to: its cases by name, and the gateway's resident megabytes after each. */
export interface Run {
  readonly cases: Readonly<Record<string, CaseResult>>;
  readonly memoryMb: Readonly<Record<string, number>>;
}

/** Plays cases one after the other and tells of each; `only`: their names, null for all. Throws where an answer is wrong. */
export async function run(
  stores: Stores,
  options: BenchOptions,
  only: readonly string[] | null,
  say: (line: string) => void,
): Promise<Run> {
  const begun = performance.now();
  const since = () => `${Math.round((performance.now() - begun) / 1_000)} s`;
  const bench = await openBench(stores, options);
  say(`${bench.people.all.length} people with ${options.scale.days} days each, ${since()}\n`);
  const cases: Record<string, CaseResult> = {};
  const memoryMb: Record<string, number> = {};
  try {
    for (const [name, play] of Object.entries(CASES)) {
      if (only !== null && !only.includes(name)) continue;
      const before = kernelCounts();
      const played = await play(bench);
      const result = { ...played, notes: [...played.notes, ...disturbance(before)] };
      cases[name] = result;
      const memory = memoryOf((await bench.gateway("same")).pid);
      if (memory) memoryMb[name] = Math.round(memory.now);
      say(
        `${describeCase(name, result)}\n  – gateway's memory afterwards: ${memoryMb[name] ?? "unknown"} MB; ${since()}\n`,
      );
    }
  } finally {
    await bench.close();
  }
  return { cases, memoryMb };
}

/** A machine that others share shows it: what they had is missing from the figures. */
function disturbance(before: string): string[] {
  const stolen = stolenPercent(before, kernelCounts());
  return stolen === null ? [] : [`other machines had ${stolen.toFixed(0)} % of the processors' time meanwhile`];
}
