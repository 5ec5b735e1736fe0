import type { Bench } from "../bench";
import { asContestant, type Contestant, EXECUTORS } from "../contestants";
import { daysUpTo, LAST_DAY, TOUCH_QUERY } from "../dashboard";
import { justSynced, outdate, windowsIn } from "../people";
import { race } from "../race";
import type { CaseResult } from "../report";
import { boundByClient, ratio } from "./warm";

async function executors(
  { peers }: Bench,
  people: Parameters<Bench["peers"]["executor"]>[1],
  from: "memory" | "postgres",
) {
  const started: Contestant[] = [];
  for (const kind of peers.executors) started.push(await peers.executor(kind, people, from, "0"));
  return started;
}

/** Windows of 30 days that nobody asked for before, over days that are all in the cache: no finished answer helps. */
export async function executed(bench: Bench): Promise<CaseResult> {
  const { world, people, scale } = bench;
  await justSynced(world);
  const some = people.all.slice(0, scale.executedPeople);
  const gateway = await bench.gateway("0");
  for (const { token } of some) await gateway.graphql(TOUCH_QUERY, { range: people.days }, token);
  const windows = windowsIn(people.days, Math.min(30, scale.days));
  const questions = windows.flatMap((range) => some.map((someone) => ({ someone, range })));
  const contestants = [asContestant(gateway), ...(await executors(bench, some, "memory"))];
  const { rounds, roundMs, warmUpMs } = scale;
  const settings = {
    contestants,
    questions,
    connections: 16,
    rounds,
    roundMs,
    warmUpMs,
    clientPin: "1",
    fresh: true,
  } as const;
  const figures = await race(world.admin, settings);
  return {
    title: `every window of ${people.days.start} to ${people.days.end} once, ${some.length} people, all days cached`,
    figures,
    targets: ratio(figures, EXECUTORS.mercurius, 1.2),
    notes: ["the peers hold the same days in their own memory", ...boundByClient(figures)],
  };
}

/** Everybody's data has changed since they asked last. */
export async function changed(bench: Bench): Promise<CaseResult> {
  const { world, people, scale } = bench;
  await justSynced(world);
  const range = daysUpTo(LAST_DAY, Math.min(30, scale.days));
  const questions = people.all.map((someone) => ({ someone, range }));
  const gateway = asContestant(await bench.gateway("0"));
  const contestants = [gateway, ...(await executors(bench, people.all, "postgres"))];
  const figures = await race(world.admin, {
    contestants,
    questions,
    connections: 16,
    rounds: Math.min(3, scale.rounds),
    roundMs: null,
    warmUpMs: null,
    clientPin: "1",
    before: async (contestant) => {
      if (contestant === gateway) await outdate(world.admin);
    },
  });
  return {
    title: `each of ${questions.length} people once, their data version raised before (30 days × 4 metrics)`,
    figures,
    targets: [],
    notes: [
      "a peer has no copy that could be outdated: it runs its four statements each time",
      ...boundByClient(figures),
    ],
  };
}
