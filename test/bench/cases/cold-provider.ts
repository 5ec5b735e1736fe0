import { isDeepStrictEqual } from "node:util";
import { linked } from "../../support/newcomer";
import type { Bench } from "../bench";
import { asContestant, type Question } from "../contestants";
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

/** The first dashboard after linking: nothing is known, every page is fetched. */
export async function coldProvider(bench: Bench): Promise<CaseResult> {
  const { world, scale } = bench;
  const gateway = await bench.gateway("free");
  const range = daysUpTo(LAST_DAY, Math.min(30, scale.days));
  const client = loadClient("free");
  const targets: Target[] = [];
  const notes: string[] = [];
  let number = 0;
  const newcomer = async (): Promise<Question> => {
    const name = `newcomer-${number++}`;
    const token = await world.token(name);
    await linked(gateway, { token, user: name });
    return { someone: { person: "", token }, range };
  };
  try {
    const warmings = Math.min(WARMING, scale.coldPeople);
    for (let warming = 0; warming < warmings; warming++) await askTimed(bench, client, await newcomer());
    for (const latency of LATENCIES) {
      const questions: Question[] = [];
      while (questions.length < scale.coldPeople) questions.push(await newcomer());
      if (latency > 0) await world.provide({ kind: "data", effect: "delay", ms: latency });
      const times: { whole: number; slowest: number }[] = [];
      let late = 0;
      for (const question of questions) {
        const time = await askTimed(bench, client, question);
        if (time) times.push(time);
        else late += 1;
      }
      await world.provideAsUsual();
      if (times.length === 0)
        throw new Error("cold from the provider: nobody had an answer before the gateway gave up waiting");
      if (late > 0)
        notes.push(`provider ${latency} ms away: ${late} more were told that it is slow, and are not counted`);
      const added = times.map(({ whole, slowest }) => whole - slowest).sort((a, b) => a - b);
      const [whole, slowest] = [median(times.map((one) => one.whole)), median(times.map((one) => one.slowest))];
      const name = `added to the provider's slowest page, provider ${latency} ms away`;
      targets.push({ name, got: median(added), wanted: ADDED_MS, better: "less", unit: " ms" });
      notes.push(
        `provider ${latency} ms away: ${times.length} people, median ${whole.toFixed(1)} ms, the provider's slowest page ${slowest.toFixed(1)} ms, added at most ${added.at(-1)?.toFixed(1)} ms`,
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

/**
 * Milliseconds of a first answer, and of the provider's slowest page for it; null where the gateway waited no longer. Throws where the
 * answer is not whole otherwise, or the second is another.
 */
async function askTimed(bench: Bench, client: LoadClient, question: Question) {
  const contestant = asContestant(await bench.gateway("same"));
  const ask = contestant.ask(question);
  await bench.world.pages();
  const load = { url: contestant.url, asks: [ask], connections: 1, forMs: null, samples: 1 };
  const { p50: whole, samples, firstFailure } = await client.run(load);
  const pages = await bench.world.pages();
  const again = await client.run(load);
  const [first, second] = [samples[0]?.body ?? "", again.samples[0]?.body ?? ""];
  if (firstFailure !== null) throw new Error(`cold from the provider: ${firstFailure}`);
  if (/"code":"PROVIDER_UNAVAILABLE"/.test(first)) return null;
  if (/"code":/.test(first) || !/"day":/.test(first))
    throw new Error(`a first answer is not whole: ${first.slice(0, 600)}`);
  if (!isDeepStrictEqual(JSON.parse(first), JSON.parse(second)))
    throw new Error("a first answer is another than the second");
  return { whole, slowest: Math.max(...pages.map(({ ms }) => ms)) };
}
