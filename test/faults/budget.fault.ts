import { setTimeout as sleep } from "node:timers/promises";
import { BulkLoad, type BulkSize, type Look } from "../support/bulk-load";
import type { Fault, FaultOptions, Figure } from "./fault";

/** Oura's limit of 5,000 requests in 300 s, on a tenth of the window. */
const FULL = { accounts: 1_000, readers: 40, days: 90, limit: { requests: 500, seconds: 30 }, quietSeconds: 40 };
const SMALL = { accounts: 30, readers: 5, days: 90, limit: { requests: 100, seconds: 10 }, quietSeconds: 3 };
/** Jobs under way at once; with fewer left the limit is no longer what holds them up. */
const UNDER_WAY = 16;
const PATIENCE_SECONDS = 900;
/** In the small version, which shares its machine with other tests. */
const SMALL_USED = 0.6;

/** History of many accounts against the limit of their vendor, while people look at their wearables. */
export const fault: Fault = {
  name: "budget",
  title: "a thousand accounts linked at once, whose history two gateways fetch within the vendor's limit",
  run,
};

async function run({ small, say }: FaultOptions): Promise<readonly Figure[]> {
  const size = small ? SMALL : FULL;
  const load = await BulkLoad.start(size, say);
  try {
    // Compiles what first answers compile.
    await lookFor(load, small ? 1 : 10);
    const quiet = await lookFor(load, size.quietSeconds);
    say(`quiet: ${quiet.length} looks, p95 ${ms(p95(quiet))}`);
    return figures(size, small, quiet, await rush(load, size, say));
  } finally {
    await load.end();
  }
}

interface Rush {
  readonly looks: readonly Look[];
  readonly seconds: number;
  readonly answered: number;
  readonly refused: number;
  readonly states: Readonly<Record<string, number>>;
}

async function rush(load: BulkLoad, { limit }: BulkSize, say: FaultOptions["say"]): Promise<Rush> {
  const from = now();
  await load.release();
  let over = false;
  const looking = load.look(() => over);
  try {
    for (let left = await load.waiting(), told = 0; left > UNDER_WAY; left = await load.waiting()) {
      if (now() - from > PATIENCE_SECONDS) throw new Error(`${left} jobs are left after ${PATIENCE_SECONDS} s`);
      if (++told % 20 === 0) say(progress(load, from, left));
      await sleep(500);
    }
  } finally {
    over = true;
  }
  const until = now();
  const looks = await looking;
  say(
    `all but ${UNDER_WAY} jobs are done after ${(until - from).toFixed(0)} s; ${limit.requests} in ${limit.seconds} s`,
  );
  while ((await load.waiting()) > 0 && now() - until < 60) await sleep(200);
  return { looks, seconds: until - from, ...load.asked(from, until), states: await load.states() };
}

function progress(load: BulkLoad, from: number, left: number): string {
  const { answered, refused } = load.asked(from, now());
  return `${(now() - from).toFixed(0)} s: ${answered} requests answered, ${refused} refused, ${left} jobs left`;
}

function figures({ limit }: BulkSize, small: boolean, quiet: readonly Look[], after: Rush): Figure[] {
  const used = after.answered / ((limit.requests * after.seconds) / limit.seconds);
  const [before, meanwhile] = [p95(quiet), p95(after.looks)];
  const failed = [...quiet, ...after.looks].flatMap(({ issues }) => issues);
  const { DONE = 0, ...others } = after.states;
  const undone = Object.values(others).reduce((sum, count) => sum + count, 0);
  const target = small ? SMALL_USED : 0.95;
  return [
    {
      name: "allowance used",
      value: `${(used * 100).toFixed(1)} % of ${limit.requests} in ${limit.seconds} s, over ${after.seconds.toFixed(0)} s`,
      target: `${target * 100} % at least`,
      reached: used >= target,
    },
    {
      name: "answers 429",
      value: `${after.refused} of ${after.answered + after.refused}`,
      target: "none after the first",
      reached: after.refused <= 1,
    },
    {
      name: "p95 of looks meanwhile",
      value: `${ms(meanwhile)} (${after.looks.length} looks; quiet ${ms(before)})`,
      target: `${ms(2 * before)} at most`,
      reached: small || meanwhile <= 2 * before,
    },
    {
      name: "looks with an issue",
      value: `${failed.length}${failed.length > 0 ? ` (${[...new Set(failed)].join(", ")})` : ""}`,
      target: "0",
      reached: failed.length === 0,
    },
    {
      name: "histories not fetched to the end",
      value: `${undone} of ${undone + DONE}`,
      target: `0 of ${undone + DONE}`,
      reached: undone === 0 && DONE > 0,
    },
  ];
}

async function lookFor(load: BulkLoad, seconds: number): Promise<readonly Look[]> {
  const until = now() + seconds;
  return load.look(() => now() >= until);
}

function p95(looks: readonly Look[]): number {
  const sorted = looks.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN;
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
const now = () => Date.now() / 1_000;
