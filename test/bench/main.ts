import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CASES } from "./cases";
import { describeMachine } from "./machine";
import { readOptions } from "./options";
import { installPeers } from "./peer-packages";
import { quote } from "./readme";
import { describeTargets, type Results } from "./report";
import { run } from "./run";
import { ownStores } from "./world";

async function main(): Promise<void> {
  const begun = performance.now();
  const { scale, name, only, profile } = readOptions(process.argv.slice(2), Object.keys(CASES));
  const machine = describeMachine();
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}; ${machine.pinning}`,
  );
  const peersMissing = installPeers();
  if (peersMissing !== null) console.log(peersMissing);
  const executors = peersMissing === null ? (["mercurius", "apollo", "yoga"] as const) : (["apollo"] as const);
  const stores = await ownStores();
  if (stores.redisUrl === null) console.log("no redis-server here: the gateway keeps its cache in its own memory");
  try {
    const options = { scale, executors, peersMissing, profile };
    const { cases, memoryMb } = await run(stores, options, only, (line) => console.log(line));
    const seconds = Math.round((performance.now() - begun) / 1_000);
    const results: Results = { at: new Date().toISOString(), scale: name, machine, cases, memoryMb, seconds };
    const whole = name === "full" && only === null;
    const file = join(__dirname, whole ? "results.json" : "results-part.json");
    await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
    if (whole) quote(results);
    console.log(`${describeTargets(results)}\n${file}, ${seconds} s`);
  } finally {
    await stores.close();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
