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
  /** Milliseconds between two questions of an open connection. */
  readonly everyMs: number;
  /** People whose dashboards are read from Redis. */
  readonly redisPeople: number;
  /** The most questions of the mixed case. */
  readonly mixedQuestions: number;
  /** Cold answers from the provider, per latency. */
  readonly coldPeople: number;
  /** People whose year is ingested. */
  readonly ingestPeople: number;
  /** People in the database at the end of the growth case, and the days that each of those who are added has. */
  readonly grownPeople: number;
  readonly grownDays: number;
  /** People whose answers are timed in the growth case. */
  readonly grownSample: number;
  /** Whether servers and client are kept to cores of their own, as far as the machine can. */
  readonly pinned: boolean;
}

/** The scales by name: what the README quotes, what shows within minutes whether all of it still runs, and what a test can wait for. */
export const SCALES: Readonly<Record<"full" | "quick" | "smoke", Scale>> = {
  full: {
    origins: 8,
    people: 1_000,
    days: 366,
    rounds: 5,
    roundMs: 3_000,
    warmUpMs: 3_000,
    executedPeople: 40,
    openConnections: 10_000,
    everyMs: 15_000,
    redisPeople: 500,
    mixedQuestions: 60_000,
    coldPeople: 30,
    ingestPeople: 15,
    grownPeople: 100_000,
    grownDays: 7,
    grownSample: 100,
    pinned: true,
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
    everyMs: 3_000,
    redisPeople: 60,
    mixedQuestions: 4_000,
    coldPeople: 6,
    ingestPeople: 3,
    grownPeople: 2_000,
    grownDays: 7,
    grownSample: 20,
    pinned: true,
  },
  smoke: {
    origins: 2,
    people: 6,
    days: 40,
    rounds: 1,
    roundMs: 200,
    warmUpMs: 100,
    executedPeople: 2,
    openConnections: 20,
    everyMs: 500,
    redisPeople: 4,
    mixedQuestions: 100,
    coldPeople: 1,
    ingestPeople: 1,
    grownPeople: 20,
    grownDays: 3,
    grownSample: 3,
    pinned: false,
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
