import type { Bench } from "../bench";
import { asContestant, type Contestant, EXECUTORS, type Question } from "../contestants";
import { justSynced, outdate, windowsIn } from "../people";
import { race } from "../race";
import type { CaseResult } from "../report";
import type { World } from "../world";
import { ratio, times } from "./warm";

const CONNECTIONS = 16;
/** A step through the windows that meets them all. */
const STRIDE = 37;

/** One window of 30 days for each person, spread over their days. */
export function oneWindowEach({ people, scale }: Bench): Question[] {
  const windows = windowsIn(people.days, Math.min(30, scale.days));
  return people.all.map((someone, place) => ({
    someone,
    range: windows[(place * STRIDE) % windows.length] ?? people.days,
  }));
}

/** Makes everything that the gateway holds of anybody useless, in every layer. */
export async function forgetAll(world: World): Promise<void> {
  await world.redis?.flushdb();
  await outdate(world.admin);
}

/** Every person once, nothing cached: the days come from PostgreSQL. */
export async function coldPg(bench: Bench): Promise<CaseResult> {
  const { world, peers, people, scale } = bench;
  await justSynced(world);
  const gateway = asContestant(await bench.freshGateway("free", false));
  const contestants: Contestant[] = [gateway, await peers.sqlJson(people.all, "free")];
  const notes: string[] = [];
  if (peers.executors.includes("mercurius")) {
    contestants.push(await peers.executor("mercurius", people.all, "postgres", "free"));
  } else notes.push(`left out: Mercurius: ${peers.missing}`);
  const postgraphile = await peers.postgraphile("free");
  if (typeof postgraphile === "string") notes.push(`left out: PostGraphile 5: ${postgraphile}`);
  else contestants.push(postgraphile);
  const figures = await race(world.admin, {
    contestants,
    questions: oneWindowEach(bench),
    connections: CONNECTIONS,
    rounds: scale.rounds,
    roundMs: null,
    warmUpMs: null,
    clientPin: "free",
    before: async (contestant) => {
      if (contestant === gateway) await forgetAll(world);
    },
  });
  notes.push(
    "the gateway's caches are off: no Redis, no kept answers, no days held",
    `the aim beyond: ${times(figures, "JSON built in SQL").toFixed(2)} of JSON built in SQL (aim 0.7)`,
    "the peers read typed tables of the same days, without row-level security; the gateway reads its own records",
  );
  return {
    title: `each of ${people.all.length} people once, a window of 30 of ${scale.days} days, caches off`,
    figures,
    targets: ratio(figures, EXECUTORS.mercurius, 1.5),
    notes,
  };
}
