import type { Bench } from "../bench";
import { asContestant, type Contestant, type Question } from "../contestants";
import { daysUpTo, LAST_DAY } from "../dashboard";
import { justSynced, windowsIn } from "../people";
import { race } from "../race";
import type { CaseResult } from "../report";
import { boundByClient } from "./warm";

/** Of so many questions one is for days that nobody has asked for together. */
const ONE_IN = 20;
/** A step through the people that meets them all, as if by chance. */
const STRIDE = 619;

/** A crowd's day: everybody looks at the last 30 days again and again, and now and then at others. */
export async function mixed(bench: Bench): Promise<CaseResult> {
  const { world, people, peers, scale } = bench;
  await justSynced(world);
  const gateway = asContestant(await bench.gateway("0"));
  const contestants: Contestant[] = [gateway];
  for (const kind of peers.executors) contestants.push(await peers.executor(kind, people.all, "postgres", "0"));
  const length = Math.min(30, scale.days);
  const last = daysUpTo(LAST_DAY, length);
  const others = windowsIn(people.days, length).slice(1);
  const someone = (place: number) => people.all[(place * STRIDE) % people.all.length] ?? people.all[0]!;
  const warm: Question[] = people.all.map((one) => ({ someone: one, range: last }));
  const questions = Array.from({ length: scale.mixedQuestions }, (_, place): Question => {
    const other = place % ONE_IN === ONE_IN - 1;
    const range = other ? others[(place * STRIDE) % others.length] : last;
    return { someone: someone(place), range: range ?? last };
  });
  const figures = await race(world.admin, {
    contestants,
    questions: [...warm, ...questions],
    connections: 16,
    rounds: scale.rounds,
    roundMs: scale.roundMs,
    warmUpMs: null,
    warmUpMost: warm.length,
    clientPin: "1",
    fresh: true,
  });
  return {
    title: `${people.all.length} people, 95 % of the questions asked before, 5 % windows that nobody has asked for`,
    figures,
    targets: [],
    notes: ["the peers have their days from PostgreSQL", ...boundByClient(figures)],
  };
}
