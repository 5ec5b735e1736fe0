import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "../bench";
import { ClientProcess } from "../client-process";
import { asContestant, type Contestant, type Question } from "../contestants";
import { daysUpTo, LAST_DAY } from "../dashboard";
import { loadClient } from "../load";
import { openFileLimit } from "../machine";
import { justSynced } from "../people";
import { memoryOf } from "../processes";
import { askOnce, checkAnswer, spread } from "../race";
import type { CaseResult } from "../report";
import type { Crowd, CrowdResult } from "../servers/crowd";

/** Files that a process has open beside the connections, at most. */
const OTHER_FILES = 500;
const CHECKED = 20;
const FEW_CONNECTIONS = 16;
const SETTLED_MS = 2_000;

/** Asks every question once, over as many connections as a proxy would keep. */
async function askEach(contestant: Contestant, questions: readonly Question[]): Promise<void> {
  const client = loadClient("free");
  const asks = questions.map((question) => contestant.ask(question));
  await client
    .run({ url: contestant.url, asks, connections: FEW_CONNECTIONS, forMs: null })
    .finally(() => client.stop());
}

/** As many open connections as apps in the hand: each asks its dashboard every 15 s. */
export async function connections(bench: Bench): Promise<CaseResult> {
  const { world, people, scale } = bench;
  await justSynced(world);
  const gateway = await bench.freshGateway("free");
  const range = daysUpTo(LAST_DAY, Math.min(30, scale.days));
  const contestant = asContestant(gateway);
  const questions = people.all.map((someone) => ({ someone, range }));
  await askEach(contestant, questions);
  const wanted = Math.min(scale.openConnections, openFileLimit() - OTHER_FILES);
  const client = new ClientProcess<Crowd, CrowdResult>("servers/crowd.ts", "free");
  const result = await client
    .run({
      url: contestant.url,
      asks: questions.map((question) => contestant.ask(question)),
      connections: wanted,
      everyMs: scale.everyMs,
      questions: 3,
    })
    .finally(() => client.stop());
  const peak = memoryOf(gateway.pid)?.peak ?? Number.NaN;
  // What an overloaded gateway answers as stale is not what is compared here.
  await sleep(SETTLED_MS);
  for (const question of spread(questions, CHECKED)) {
    await checkAnswer(world.admin, contestant, question, await askOnce(contestant, question));
  }
  const { perSecond, p50, p99, longest, failures, firstFailure, open, reopened, clientCpu } = result;
  const round = (value: number) => value.toFixed(value < 10 ? 1 : 0);
  return {
    title: `${wanted} open connections of ${people.all.length} people, each one dashboard every ${scale.everyMs / 1_000} s (${Math.round(perSecond)} a second) on all cores`,
    figures: [],
    targets: [
      { name: "p99", got: p99, wanted: 250, better: "less", unit: " ms" },
      { name: "failures", got: failures, wanted: 0, better: "less", unit: "" },
      { name: "memory at its most", got: peak, wanted: 512, better: "less", unit: " MB" },
    ],
    notes: [
      "everybody's dashboard was asked once before, over a few connections: what is measured is every day, not the first second after a start",
      `${result.answers} answers, p50 ${round(p50)} ms, longest ${round(longest)} ms, from the moment that a question was due`,
      `${open} connections open at once, ${reopened} opened again; the client took ${Math.round(clientCpu * 100)} % of a core`,
      ...(wanted < scale.openConnections
        ? [`ulimit -n allows ${wanted} connections, not ${scale.openConnections}`]
        : []),
      ...(firstFailure === null ? [] : [`first failure: ${firstFailure}`]),
    ],
  };
}
