import type { Bench } from "../bench";
import { asContestant, type Contestant, EXECUTORS } from "../contestants";
import { daysUpTo, LAST_DAY } from "../dashboard";
import { justSynced } from "../people";
import { askOnce, type Figures, race } from "../race";
import type { CaseResult, Target } from "../report";

/** How often the gateway answers while another answers once; NaN where the other was left out. */
export function times(figures: readonly Figures[], name: string): number {
  const [own] = figures;
  const other = figures.find(({ contestant }) => contestant === name);
  return own && other ? own.perSecond / other.perSecond : Number.NaN;
}

/** The same of answers per second of processor time of server and PostgreSQL. */
function perCpu(figures: readonly Figures[], name: string): number {
  const cost = (one: Figures | undefined) => (one ? one.cpuMs + one.postgresMs : Number.NaN);
  return cost(figures.find(({ contestant }) => contestant === name)) / cost(figures[0]);
}

/** A target that is a ratio of answers per second to a contestant that took part. */
export function ratio(figures: readonly Figures[], name: string, wanted: number): readonly Target[] {
  if (!figures.some(({ contestant }) => contestant === name)) return [];
  const byCpu = perCpu(figures, name);
  return [{ name: `times ${name}`, got: times(figures, name), wanted, better: "more", unit: "×", byCpu }];
}

/** Whether the client was the one that was measured. */
export function boundByClient(figures: readonly Figures[]): string[] {
  const busy = figures.filter(({ clientCpu }) => clientCpu > 0.9).map(({ contestant }) => contestant);
  return busy.length > 0
    ? [`the client used over 90 % of its core against ${busy.join(", ")}: the server can do more`]
    : [];
}

/** The same dashboard again and again: 30 days, four metrics, nothing changed. */
export async function warm(bench: Bench): Promise<CaseResult> {
  const { world, people, peers, scale } = bench;
  await justSynced(world);
  const range = daysUpTo(LAST_DAY, Math.min(30, scale.days));
  const questions = people.origins.map((someone) => ({ someone, range }));
  const gateway = asContestant(await bench.gateway("0"));
  const bodies: [string, string][] = [];
  for (const question of questions) bodies.push([question.someone.token, await askOnce(gateway, question)]);
  const contestants: Contestant[] = [gateway, await peers.bare(bodies, "0")];
  for (const kind of peers.executors) contestants.push(await peers.executor(kind, people.origins, "memory", "0"));
  const { rounds, roundMs, warmUpMs } = scale;
  const figures = await race(world.admin, {
    contestants,
    questions,
    connections: 16,
    rounds,
    roundMs,
    warmUpMs,
    clientPin: "1",
  });
  return {
    title: "one dashboard again and again, nothing changed (30 days × 4 metrics)",
    figures,
    targets: [
      ...ratio(figures, "bare node:http", 0.7),
      ...ratio(figures, EXECUTORS.apollo, 25),
      ...ratio(figures, EXECUTORS.mercurius, 5),
    ],
    notes: [
      ...(peers.missing === null ? [] : [`left out: Mercurius, Yoga: ${peers.missing}`]),
      ...boundByClient(figures),
    ],
  };
}
