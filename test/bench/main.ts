import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openBench } from "./bench";
import { CASES } from "./cases";
import { memoryOf } from "./child";
import { describeMachine } from "./machine";
import { readOptions } from "./options";
import { installPeers } from "./peer-packages";
import { type CaseResult, describeCase, describeTargets, type Results } from "./report";
import { ownStores } from "./world";

const FILE = join(__dirname, "results.json");

async function main(): Promise<void> {
  const begun = performance.now();
  const options = readOptions(process.argv.slice(2), Object.keys(CASES));
  const machine = describeMachine();
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}; ${machine.pinning}`,
  );
  const peersMissing = installPeers();
  if (peersMissing !== null) console.log(peersMissing);
  const stores = await ownStores();
  if (stores.redisUrl === null) console.log("no redis-server here: the gateway keeps its cache in its own memory");
  try {
    const bench = await openBench(stores, options.scale, peersMissing, options.profile);
    console.log(`${bench.people.all.length} people with ${options.scale.days} days each, ${since(begun)} s\n`);
    const cases: Record<string, CaseResult> = {};
    const memoryMb: Record<string, number> = {};
    try {
      for (const [name, run] of Object.entries(CASES)) {
        if (options.only !== null && !options.only.includes(name)) continue;
        const result = await run(bench);
        cases[name] = result;
        const memory = memoryOf((await bench.gateway("same")).pid);
        if (memory) memoryMb[name] = Math.round(memory.now);
        console.log(
          `${describeCase(name, result)}\n  – gateway's memory afterwards: ${memoryMb[name] ?? "–"} MB; ${since(begun)} s\n`,
        );
      }
    } finally {
      await bench.close();
    }
    const at = new Date().toISOString();
    const results: Results = { at, scale: options.name, machine, cases, memoryMb, seconds: since(begun) };
    await writeFile(FILE, `${JSON.stringify(results, null, 2)}\n`);
    console.log(`${describeTargets(results)}\n${FILE}, ${results.seconds} s`);
  } finally {
    await stores.close();
  }
}

function since(begun: number): number {
  return Math.round((performance.now() - begun) / 1_000);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
