/** How large a run is. Times in milliseconds. */
export interface Scale {
  /** People that link and are filled through the gateway, and all people. */
  readonly origins: number;
  readonly people: number;
  /** Days that everybody has. */
  readonly days: number;
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** People that each get answers of every window of their year. */
  readonly executedPeople: number;
  readonly openConnections: number;
  /** Milliseconds for which the connections are held; each asks every 15 s. */
  readonly holdMs: number;
  /** Cold answers from the provider, per latency. */
  readonly coldPeople: number;
  /** People in the database, with and without a year of days, at the end of the growth case. */
  readonly grownPeople: number;
}

/** The scales by name: what the README quotes, and what shows within two minutes whether all of it still runs. */
export const SCALES: Readonly<Record<"full" | "quick", Scale>> = {
  full: {
    origins: 8,
    people: 1_000,
    days: 365,
    rounds: 5,
    roundMs: 3_000,
    warmUpMs: 3_000,
    executedPeople: 60,
    openConnections: 10_000,
    holdMs: 45_000,
    coldPeople: 30,
    grownPeople: 100_000,
  },
  quick: {
    origins: 3,
    people: 60,
    days: 120,
    rounds: 3,
    roundMs: 600,
    warmUpMs: 600,
    executedPeople: 20,
    openConnections: 500,
    holdMs: 8_000,
    coldPeople: 6,
    grownPeople: 2_000,
  },
};

/** What was asked for on the command line. */
export interface Options {
  readonly scale: Scale;
  readonly name: "full" | "quick";
  /** Names of cases; null for all. */
  readonly only: readonly string[] | null;
  /** A folder for a CPU profile of each gateway, or null. */
  readonly profile: string | null;
}

/** Reads `--quick`, `--only a,b` and `--profile <folder>`; throws where there is anything else, or a case of no such name. */
export function readOptions(args: readonly string[], cases: readonly string[]): Options {
  let [quick, only, profile]: [boolean, readonly string[] | null, string | null] = [false, null, null];
  const left = [...args];
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === "--quick") quick = true;
    else if (name === "--only") only = (left.shift() ?? "").split(",").filter(Boolean);
    else if (name === "--profile") profile = left.shift() ?? null;
    else throw new RangeError(`expected --quick, --only <cases> or --profile <folder>, got ${name}`);
  }
  const unknown = only?.filter((one) => !cases.includes(one)) ?? [];
  if (unknown.length > 0) throw new RangeError(`expected cases out of ${cases.join(", ")}; got ${unknown.join(", ")}`);
  const name = quick ? "quick" : "full";
  return { scale: SCALES[name], name, only, profile };
}
