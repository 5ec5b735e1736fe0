import { setTimeout as sleep } from "node:timers/promises";
import { BulkLoad, type BulkSize, type Look } from "../support/bulk-load";
import type { Fault, FaultOptions, Figure } from "./fault";

/**
 * Oura's limit of 5,000 requests in 300 s scaled down to a tenth of the window and three fifths of the rate: both gateways, the vendor
 * and the readers have two cores between them, and what is to hold history up is the limit.
 */
const FULL = {
  ...{ accounts: 1_000, readers: 40, days: 90, quietSeconds: 40 },
  ...{ limit: { requests: 300, seconds: 30 }, lateSeconds: 0 },
};
/** Beside other tests a process may stand still for a second or two: requests that were spread over that time then reach the vendor at once. */
const SMALL = {
  ...{ accounts: 30, readers: 5, days: 90, quietSeconds: 3 },
  ...{ limit: { requests: 100, seconds: 10 }, lateSeconds: 2 },
};
/** Jobs under way at once; with fewer left the limit is no longer what holds them up. */
const UNDER_WAY = 16;
const USED = 0.95;
const PATIENCE_SECONDS = 900;

/** History of many accounts against the limit of their vendor, while people look at their wearables. */
export const fault: Fault = {
  name: "budget",
  title: "a thousand accounts linked at once, whose history two gateways fetch within the vendor's limit",
  run,
};

function run(options: FaultOptions): Promise<readonly Figure[]> {
  return measure(options.small ? SMALL : FULL, options);
}

/** Plays one size of it, with looks for so many seconds before. */
export async function measure(
  size: BulkSize & { readonly quietSeconds: number },
  { small, say }: FaultOptions,
): Promise<readonly Figure[]> {
  const load = await BulkLoad.start(size, say);
  try {
    // Compiles what first answers compile.
    await lookFor(load, small ? 1 : 10);
    const quiet = await lookFor(load, size.quietSeconds);
    say(`quiet: ${quiet.length} looks, p95 ${ms(p95(quiet))}`);
    return figures(size, small, quiet, await rush(load, say));
  } finally {
    await load.end();
  }
}

interface Rush {
  readonly looks: readonly Look[];
  /** While the limit held history up: until so few requests of history were left as may be under way at once. */
  readonly seconds: number;
  readonly answered: number;
  /** From beginning to end. */
  readonly refused: number;
  readonly asked: number;
  readonly states: Readonly<Record<string, number>>;
}

async function rush(load: BulkLoad, say: FaultOptions["say"]): Promise<Rush> {
  const from = now();
  await load.release();
  let over = false;
  const looking = load.look(() => over);
  try {
    for (let told = 1; (await load.waiting()) > 0; told++) {
      if (now() - from > PATIENCE_SECONDS) throw new Error(`jobs are left after ${PATIENCE_SECONDS} s`);
      if (told % 20 === 0) say(progress(load, from));
      await sleep(1_000);
    }
  } finally {
    over = true;
  }
  const looks = await looking;
  const asked = load.asked(from);
  const until = asked.filter(({ history }) => history).at(-UNDER_WAY)?.at ?? from;
  return {
    looks,
    seconds: until - from,
    answered: asked.filter(({ at, refused }) => at <= until && !refused).length,
    refused: asked.filter(({ refused }) => refused).length,
    asked: asked.length,
    states: await load.states(),
  };
}

function progress(load: BulkLoad, from: number): string {
  const asked = load.asked(from);
  const [history, refused] = [asked.filter((one) => one.history).length, asked.filter((one) => one.refused).length];
  return `${(now() - from).toFixed(0)} s: ${history} requests for history, ${asked.length - history} for looks, ${refused} refused`;
}

function figures({ limit }: BulkSize, small: boolean, quiet: readonly Look[], after: Rush): Figure[] {
  const used = after.answered / ((limit.requests * after.seconds) / limit.seconds);
  const [before, meanwhile] = [p95(quiet), p95(after.looks)];
  const issues = [...quiet, ...after.looks].flatMap((look) => look.issues);
  const refused = issues.filter((issue) => issue === "RATE_LIMITED");
  const failed = issues.filter((issue) => issue !== "RATE_LIMITED");
  const { DONE = 0, ...others } = after.states;
  const undone = Object.values(others).reduce((sum, count) => sum + count, 0);
  return [
    {
      name: "allowance used",
      value: `${(used * 100).toFixed(1)} % of ${limit.requests} in ${limit.seconds} s, over ${after.seconds.toFixed(0)} s`,
      target: `${USED * 100} % at least`,
      // How fast a machine is that other tests share is no matter of this one.
      reached: small || used >= USED,
    },
    {
      name: "answers 429",
      value: `${after.refused} of ${after.asked}`,
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
      name: "looks refused for the budget",
      value: `${refused.length}`,
      target: "0",
      // After the one 429 that there may be nobody asks before its time, and in the small play that is most of the time.
      reached: refused.length === 0 || (small && after.refused > 0),
    },
    {
      name: "looks with another issue",
      value: `${failed.length}${failed.length > 0 ? ` (${[...new Set(failed)].join(", ")})` : ""}`,
      target: "0",
      // On a machine that others use as well an answer may come after the patience of a look.
      reached: small || failed.length === 0,
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
