import { isDeepStrictEqual } from "node:util";
import { linked } from "../../support/newcomer";
import type { Bench } from "../bench";
import { asContestant, type Contestant, type Question } from "../contestants";
import { daysUpTo, LAST_DAY } from "../dashboard";
import { type LoadClient, loadClient } from "../load";
import { median } from "../percentile";
import type { CaseResult, Target } from "../report";

/** Milliseconds that the provider waits before it answers a page. */
const LATENCIES = [0, 200];
/** People linked before anybody is counted: a gateway that runs has met some, and V8 has compiled what it does for them. */
const WARMING = 30;
/** Milliseconds that the gateway may add to the provider's slowest page. */
const ADDED_MS = 10;

/** Somebody of whom nothing is known, and how they ask. */
interface Asker {
  readonly contestant: Contestant;
  /** The contestant's own token for somebody new. */
  newcomer(): Promise<string>;
}

/** A first answer: milliseconds of it, and of the provider's slowest page for it. */
interface Time {
  readonly whole: number;
  readonly slowest: number;
}

/** The first dashboard after linking: nothing is known, every page is fetched. */
export async function coldProvider(bench: Bench): Promise<CaseResult> {
  const { world, scale, peers } = bench;
  const gateway = await bench.gateway("free");
  const range = daysUpTo(LAST_DAY, Math.min(30, scale.days));
  const client = loadClient("free");
  const targets: Target[] = [];
  const notes: string[] = [];
  let number = 0;
  const own: Asker = {
    contestant: asContestant(gateway),
    newcomer: async () => {
      const name = `newcomer-${number++}`;
      const token = await world.token(name);
      await linked(gateway, { token, user: name });
      return token;
    },
  };
  const leastWith = async (documents: "kept" | "read"): Promise<Asker> => ({
    contestant: await peers.least(documents),
    newcomer: () => world.providerToken(`newcomer-${number++}`),
  });
  const [kept, read] = [await leastWith("kept"), await leastWith("read")];
  const askers = [own, kept, read];
  const questionOf = async ({ newcomer }: Asker): Promise<Question> => {
    return { someone: { person: "", token: await newcomer() }, range };
  };
  try {
    const warmings = Math.min(WARMING, scale.coldPeople);
    for (const asker of askers) {
      for (let warming = 0; warming < warmings; warming++) {
        await askTimed(bench, client, asker.contestant, await questionOf(asker));
      }
    }
    for (const latency of LATENCIES) {
      const times = new Map<Asker, Time[]>(askers.map((asker) => [asker, []]));
      const questions: [Asker, Question][] = [];
      for (let person = 0; person < scale.coldPeople; person++) {
        for (const asker of askers) questions.push([asker, await questionOf(asker)]);
      }
      if (latency > 0) await world.provide({ kind: "data", effect: "delay", ms: latency });
      let late = 0;
      for (const [asker, question] of questions) {
        const time = await askTimed(bench, client, asker.contestant, question);
        if (time) times.get(asker)?.push(time);
        else late += 1;
      }
      await world.provideAsUsual();
      const mine = times.get(own) ?? [];
      if (mine.length === 0)
        throw new Error("cold from the provider: nobody had an answer before the gateway gave up waiting");
      if (late > 0)
        notes.push(`provider ${latency} ms away: ${late} more were told that it is slow, and are not counted`);
      const added = addedOf(mine);
      const [whole, slowest] = [median(mine.map((one) => one.whole)), median(mine.map((one) => one.slowest))];
      const name = `added to the provider's slowest page, provider ${latency} ms away`;
      targets.push({ name, got: median(added), wanted: ADDED_MS, better: "less", unit: " ms" });
      const atLeast = (asker: Asker) => {
        const limit = median(addedOf(times.get(asker) ?? []));
        return `${limit.toFixed(1)} ms added; gateway ${(median(added) / limit).toFixed(2)}×`;
      };
      notes.push(
        `provider ${latency} ms away: ${mine.length} people, median ${whole.toFixed(1)} ms, the provider's slowest page ${slowest.toFixed(1)} ms, added at most ${added.at(-1)?.toFixed(1)} ms`,
        `provider ${latency} ms away, the least work (pages, documents sealed, one statement, scores): ${atLeast(kept)}`,
        `provider ${latency} ms away, fetching the pages and reading their JSON alone: ${atLeast(read)}`,
      );
    }
  } finally {
    client.stop();
  }
  notes.push("the provider is the simulator in a process on the same cores; its pages are timed at its own door");
  return {
    title: "the first dashboard after linking (30 days × 4 metrics)",
    figures: [],
    targets,
    notes,
  };
}

/** Milliseconds added to the provider's slowest page, ascending. */
function addedOf(times: readonly Time[]): number[] {
  return times.map(({ whole, slowest }) => whole - slowest).sort((a, b) => a - b);
}

/** A first answer; null where the gateway waited no longer. Throws where the answer is not whole otherwise, or the second is another. */
async function askTimed(
  { world }: Bench,
  client: LoadClient,
  contestant: Contestant,
  question: Question,
): Promise<Time | null> {
  const ask = contestant.ask(question);
  await world.pages();
  const load = { url: contestant.url, asks: [ask], connections: 1, forMs: null, samples: 1 };
  const { p50: whole, samples, firstFailure } = await client.run(load);
  const pages = await world.pages();
  const first = samples[0]?.body ?? "";
  if (firstFailure !== null) throw new Error(`cold from the provider, ${contestant.name}: ${firstFailure}`);
  if (/"code":"PROVIDER_UNAVAILABLE"/.test(first)) return null;
  if (/"code":/.test(first) || !/"day":/.test(first))
    throw new Error(`a first answer is not whole: ${first.slice(0, 600)}`);
  const again = await client.run(load);
  if (!isDeepStrictEqual(JSON.parse(first), JSON.parse(again.samples[0]?.body ?? "")))
    throw new Error("a first answer is another than the second");
  return { whole, slowest: Math.max(...pages.map(({ ms }) => ms)) };
}
