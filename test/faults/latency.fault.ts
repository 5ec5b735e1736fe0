import { LatencyWorld } from "../support/latency";
import type { Fault, FaultOptions, Figure } from "./fault";

const TARGET_MS = 1_000;

/** How gateways are run: which roles each process has. Without Redis, so that nothing but PostgreSQL tells one process of another. */
const WAYS = [
  { name: "one process", roles: ["api,worker"] },
  { name: "api and worker apart", roles: ["api", "worker"] },
] as const;

/** From a vendor's webhook to the event at a connected client, one at a time with nothing else to do. */
export const fault: Fault = {
  name: "latency",
  title: "signed webhooks one at a time with nothing else to do, and how long until a connected client is told",
  run,
};

async function run({ small, say }: FaultOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { name, roles } of WAYS) {
    const took = await measured(roles, small ? 10 : 200);
    const told = `p50 ${at(took, 0.5)}, p95 ${at(took, 0.95)}, longest ${at(took, 1)} (${took.length} webhooks)`;
    say(`${name}: ${told}`);
    const reached = small || quantile(took, 0.95) <= TARGET_MS;
    figures.push({ name: `webhook to event, ${name}`, value: told, target: `p95 ${TARGET_MS} ms at most`, reached });
  }
  return figures;
}

async function measured(roles: readonly string[], times: number): Promise<readonly number[]> {
  const world = await LatencyWorld.start(roles);
  try {
    const took: number[] = [];
    while (took.length < times) took.push(await world.measure());
    return took.sort((a, b) => a - b);
  } finally {
    await world.end();
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

function at(sorted: readonly number[], share: number): string {
  return `${Math.round(quantile(sorted, share))} ms`;
}
