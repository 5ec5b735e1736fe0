import type { Bench } from "../bench";
import { asContestant, type Contestant, type Question } from "../contestants";
import { daysUpTo, YESTERDAY } from "../dashboard";
import { addPeople, justSynced } from "../people";
import { type Figures, race, spread } from "../race";
import type { CaseResult } from "../report";
import { forgetAll, oneWindowEach } from "./cold-pg";

const LENGTHS = [1, 30, 90, 366];
/** Alone, so that it is the way of one question that is timed and no queue. */
const CONNECTIONS = 1;

/** Each question once, one after the other: nothing cached, or everything. */
async function alone(
  bench: Bench,
  way: "cold" | "warm",
  questions: readonly Question[],
  more: readonly Contestant[] = [],
): Promise<readonly Figures[]> {
  const gateway = asContestant(await bench.gateway("free"));
  return race(bench.world.admin, {
    contestants: [gateway, ...more],
    questions,
    connections: CONNECTIONS,
    rounds: Math.min(3, bench.scale.rounds),
    roundMs: null,
    warmUpMs: null,
    clientPin: "free",
    before: async (contestant) => {
      if (contestant === gateway && way === "cold") await forgetAll(bench);
    },
  });
}

/** How the warm way and the cold one from PostgreSQL grow with the days asked for, and with the people in the database. */
export async function growth(bench: Bench): Promise<CaseResult> {
  const { world, people, peers, scale } = bench;
  await justSynced(world);
  const limit = await peers.sqlJson(people.all, "free");
  const some = spread(people.all, scale.grownSample);
  const byLength: Figures[] = [];
  for (const length of LENGTHS.filter((one) => one <= scale.days)) {
    const range = daysUpTo(YESTERDAY, length);
    const questions = some.map((someone) => ({ someone, range }));
    const days = `${length} day${length > 1 ? "s" : ""}`;
    const named = (one: Figures, way: string) => ({ ...one, contestant: `${one.contestant}, ${way}, ${days}` });
    for (const one of await alone(bench, "cold", questions, [limit])) byLength.push(named(one, "cold"));
    for (const one of await alone(bench, "warm", questions)) byLength.push(named(one, "warm"));
  }
  const questions = spread(oneWindowEach(bench), scale.grownSample);
  const [few] = await alone(bench, "cold", questions);
  const added = scale.grownPeople - people.all.length;
  const begun = performance.now();
  await addPeople(world, people, { count: added, days: scale.grownDays });
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const [many] = await alone(bench, "cold", questions);
  if (!few || !many) throw new Error("expected figures of the gateway");
  const rename = (one: Figures, count: number) => ({ ...one, contestant: `gateway, cold, 30 days, ${count} people` });
  const { rows } = await world.admin.query<{ size: string }>(
    "SELECT pg_size_pretty(pg_database_size(current_database())) AS size",
  );
  return {
    title: `warm, and cold from PostgreSQL, one question after the other, ${some.length} people`,
    compared: false,
    figures: [...byLength, rename(few, people.all.length), rename(many, scale.grownPeople)],
    targets: [
      {
        name: `p50 with ${scale.grownPeople} people, times that with ${people.all.length}`,
        got: many.p50 / few.p50,
        wanted: 1.3,
        better: "less",
        unit: "×",
      },
    ],
    notes: [
      `${added} people were added with ${scale.grownDays} days each, beside ${people.all.length} with ${scale.days}; the database has ${rows[0]?.size} (${seconds} s to fill)`,
    ],
  };
}
