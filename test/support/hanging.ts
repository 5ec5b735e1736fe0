import { setTimeout as sleep } from "node:timers/promises";
import { daysAgo } from "./four-metrics";
import { askFour, type Clouds, type FourAnswers, linkFour, type WearableName } from "./four-wearables";
import { type GatewayProcess, startGateway } from "./gateway-process";
import { harnessDatabase } from "./harness-database";

/** Milliseconds, each the median of as many cold answers of 30 days as were asked for. */
export interface HangingTimes {
  /** All four wearables answer. */
  readonly usual: number;
  /** One of them hangs, and nobody knows it yet. */
  readonly first: number;
  /** It hangs, and its circuit is open. */
  readonly open: number;
  /** Oura alone, while nothing hangs, while the other hangs, and while its circuit is open. */
  readonly alone: { readonly usual: number; readonly first: number; readonly open: number };
  /** The longest answer of Oura alone while the other hung. */
  readonly longestAlone: number;
}

/** Milliseconds of silence after which a request of a flight fails, and a little more. */
const CIRCUIT_OPENS_AFTER_MS = 15_500;
const RANGE = { start: daysAgo(30), end: daysAgo(1) };

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * Measures a gateway of its own, over HTTP, with one wearable hanging: every answer is of a person whose days nothing knows yet.
 * `check` sees each answer that the hanging wearable was part of. `rounds`: at most 4, for the first ones must come before the circuit opens.
 */
export async function measureHanging(
  rounds: number,
  hanging: WearableName,
  check: (answers: FourAnswers) => void,
): Promise<HangingTimes> {
  const database = await harnessDatabase();
  const starting = startGateway({ env: { DATABASE_URL: database.url } });
  const gateway = await starting.catch(async (error: Error) => {
    await database.end();
    throw error;
  });
  try {
    const people = new People(gateway);
    // Compiles what a first answer compiles.
    for (let warming = 0; warming < 2; warming++) await timed(gateway, await people.next(), null);
    const cold = await people.several(6 * rounds);
    const take = () => cold.shift() ?? "";
    const series = async (
      providers: readonly string[] | null,
      seen: (answers: FourAnswers) => void = () => undefined,
    ) => {
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) times.push(await timed(gateway, take(), providers, seen));
      return times;
    };
    const usual = await series(null);
    const aloneUsual = await series(["OURA"]);
    await people.clouds?.fault(hanging, { effect: "hang" });
    const begun = performance.now();
    const first = await series(null, check);
    const aloneFirst = await series(["OURA"]);
    await sleep(Math.max(0, begun + CIRCUIT_OPENS_AFTER_MS - performance.now()));
    const open = await series(null, check);
    const aloneOpen = await series(["OURA"]);
    return {
      usual: median(usual),
      first: median(first),
      open: median(open),
      alone: { usual: median(aloneUsual), first: median(aloneFirst), open: median(aloneOpen) },
      longestAlone: Math.max(...aloneFirst, ...aloneOpen),
    };
  } finally {
    await gateway.stop();
    await database.end();
  }
}

class People {
  clouds: Clouds | null = null;
  private count = 0;
  constructor(private readonly gateway: GatewayProcess) {}

  /** A person with all four wearables; the token. */
  async next(): Promise<string> {
    const name = `hanging-${this.count++}`;
    this.clouds = await linkFour(this.gateway, { token: `demo:${name}`, user: name });
    return `demo:${name}`;
  }

  async several(count: number): Promise<string[]> {
    const tokens: string[] = [];
    while (tokens.length < count) tokens.push(await this.next());
    return tokens;
  }
}

async function timed(
  gateway: GatewayProcess,
  token: string,
  providers: readonly string[] | null,
  check: (answers: FourAnswers) => void = () => undefined,
): Promise<number> {
  const begun = performance.now();
  const answers = await askFour(gateway, { range: RANGE, providers }, token);
  const took = performance.now() - begun;
  check(answers);
  return took;
}
