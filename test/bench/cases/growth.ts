import type { Bench } from "../bench";
import { asContestant, type Contestant, type Question } from "../contestants";
import { daysUpTo, LAST_DAY } from "../dashboard";
import { addPeople, justSynced, type Someone } from "../people";
import { type Figures, race, spread } from "../race";
import type { CaseResult } from "../report";
import { forgetAll, oneWindowEach } from "./cold-pg";

const LENGTHS = [1, 30, 90, 366];
/** Alone, so that it is the way of one question that is timed and no queue. */
const CONNECTIONS = 1;

/** Questions once each, one after the other, to gateways in turn; `before`: what makes one forget. */
async function alone(
  { world, scale }: Bench,
  contestants: readonly Contestant[],
  questions: readonly Question[],
  before: (contestant: Contestant) => Promise<void>,
): Promise<readonly Figures[]> {
  const rounds = Math.min(3, scale.rounds);
  const settings = { connections: CONNECTIONS, rounds, roundMs: null, warmUpMs: null, clientPin: "free" } as const;
  return race(world.admin, { ...settings, contestants, questions, before });
}

/** Warm, and cold from PostgreSQL, by the days asked for. */
async function byLength(bench: Bench, some: readonly Someone[]): Promise<readonly Figures[]> {
  const { world, scale, peers, people } = bench;
  const gateway = asContestant(await bench.gateway("free"));
  const limit = await peers.sqlJson(people.all, "free");
  const figures: Figures[] = [];
  for (const length of LENGTHS.filter((one) => one <= scale.days)) {
    const questions = some.map((someone) => ({ someone, range: daysUpTo(LAST_DAY, length) }));
    const cold = await alone(bench, [gateway, limit], questions, async (contestant) => {
      if (contestant === gateway) await forgetAll(world);
    });
    const warm = await alone(bench, [gateway], questions, async () => undefined);
    const named = (way: string) => (one: Figures) => ({
      ...one,
      contestant: `${one.contestant}, ${way}, ${length} day${length > 1 ? "s" : ""}`,
    });
    figures.push(...cold.map(named("cold")), ...warm.map(named("warm")));
  }
  return figures;
}

/** Two gateways in turn, one on the database as it is, one on a copy with many more people. */
async function byPeople(bench: Bench): Promise<{ few: Figures; many: Figures; note: string }> {
  const { world, people, scale } = bench;
  const copy = await world.copied();
  const begun = performance.now();
  const count = scale.grownPeople - people.all.length;
  await addPeople(copy, people, { count, days: scale.grownDays });
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const { rows } = await copy.admin.query<{ size: string }>(
    "SELECT pg_size_pretty(pg_database_size(current_database())) AS size",
  );
  const small = asContestant(await bench.freshGateway("free"), `gateway, cold, 30 days, ${people.all.length} people`);
  const large = asContestant(
    await copy.gateway({ pin: "free" }),
    `gateway, cold, 30 days, ${scale.grownPeople} people`,
  );
  const questions = spread(oneWindowEach(bench), scale.grownSample);
  const [few, many] = await alone(bench, [small, large], questions, (one) => forgetAll(one === small ? world : copy));
  if (!few || !many) throw new Error("expected figures of both databases");
  const note = `${count} people with ${scale.grownDays} days each were added beside ${people.all.length} with ${scale.days}: ${rows[0]?.size}, filled in ${seconds} s`;
  return { few, many, note };
}

/** How the warm way and the cold one from PostgreSQL grow with the days asked for, and with the people in the database. */
export async function growth(bench: Bench): Promise<CaseResult> {
  const { world, people, scale } = bench;
  await justSynced(world);
  const some = spread(people.all, scale.grownSample);
  const lengths = await byLength(bench, some);
  const { few, many, note } = await byPeople(bench);
  return {
    title: `warm, and cold from PostgreSQL, one question after the other, ${some.length} people`,
    compared: false,
    figures: [...lengths, few, many],
    targets: [
      {
        name: `p50 with ${scale.grownPeople} people, times that with ${people.all.length}`,
        got: many.p50 / few.p50,
        wanted: 1.3,
        better: "less",
        unit: "×",
      },
    ],
    notes: [note],
  };
}
