import { setTimeout as sleep } from "node:timers/promises";
import { type GatewayProcess, startGateway, temporaryDirectory } from "../support/gateway-process";
import { type HarnessDatabase, harnessDatabase } from "../support/harness-database";
import { differences, HistoryRows } from "../support/history-rows";
import { linked } from "../support/newcomer";
import { dataCalls, startVendor, type Vendor } from "../support/vendor";
import type { Fault, FaultOptions, Figure } from "./fault";

interface Size {
  readonly days: number;
  readonly kills: number;
  /** Kills after which the gateway's own patience with the dead is waited out instead of cut short. */
  readonly waitedOut: number;
  readonly pageSize: number;
}

const FULL: Size = { days: 365, kills: 50, waitedOut: 5, pageSize: 5 };
// Pages so small that there are some left to kill in, however much is fetched while a busy machine starts the next process.
const SMALL: Size = { days: 120, kills: 3, waitedOut: 0, pageSize: 2 };
/** Milliseconds that the vendor takes for an answer, so that many pages are under way when the process dies. */
const VENDOR_MS = 150;
/** The most requests that a process sends before it is killed. */
const MOST_REQUESTS = 11;
const PATIENCE_MS = 120_000;
const PERSON = "year";

/** A history that is fetched by processes that die again and again. */
export const fault: Fault = { name: "backfill", title: "kill -9 at random moments of a one-year backfill", run };

interface Run {
  readonly requests: readonly string[];
  readonly rows: ReadonlyMap<string, readonly string[]>;
  readonly told: readonly string[];
  readonly kills: number;
}

async function run({ small, say }: FaultOptions): Promise<readonly Figure[]> {
  const size = small ? SMALL : FULL;
  const vendor = await startVendor();
  vendor.simulator.change({ pageSize: size.pageSize });
  try {
    const quiet = await play(vendor, { ...size, kills: 0 }, say);
    say(`undisturbed: ${quiet.requests.length} requests`);
    const disturbed = await play(vendor, size, say);
    return figures(size, quiet, disturbed, say);
  } finally {
    await vendor.simulator.stop();
  }
}

function figures(size: Size, quiet: Run, disturbed: Run, say: FaultOptions["say"]): Figure[] {
  const unequal = differences(quiet.rows, disturbed.rows);
  for (const line of unequal) say(line);
  const rows = [...quiet.rows.values()].reduce((sum, { length }) => sum + length, 0);
  const twice = repeats(disturbed.requests);
  const all = [...twice.values()].reduce((sum, count) => sum + count, 0);
  const missed = new Set(quiet.requests.filter((request) => !disturbed.requests.includes(request)));
  const most = Math.max(0, ...twice.values());
  return [
    {
      name: "kill -9 while it went on",
      value: `${disturbed.kills}`,
      target: `${size.kills}`,
      reached: disturbed.kills === size.kills,
    },
    {
      name: "tables that differ from an undisturbed run",
      value: `${unequal.length} of ${quiet.rows.size} (${rows} rows)`,
      target: `0 of ${quiet.rows.size}`,
      reached: unequal.length === 0 && rows > size.days,
    },
    {
      name: "requests repeated, per kill and endpoint",
      value: `${(most / Math.max(1, disturbed.kills)).toFixed(2)} at most (${all} of ${disturbed.requests.length} in all)`,
      target: "1 page or less",
      reached: most <= disturbed.kills && missed.size === 0,
    },
    {
      name: "metrics told as whole",
      value: disturbed.told.join(", "),
      target: quiet.told.join(", "),
      reached:
        disturbed.told.join() === quiet.told.join() &&
        disturbed.told.every((line) => line.endsWith(`DONE ${size.days}/${size.days}`)),
    },
  ];
}

/** How many requests of each endpoint were made before. */
function repeats(requests: readonly string[]): ReadonlyMap<string, number> {
  const [seen, twice] = [new Set<string>(), new Map<string, number>()];
  for (const request of requests) {
    const endpoint = request.split(" ")[0] ?? "";
    if (seen.has(request)) twice.set(endpoint, (twice.get(endpoint) ?? 0) + 1);
    seen.add(request);
  }
  return twice;
}

/** Links somebody, and fetches their history with processes that are killed. */
async function play(vendor: Vendor, size: Size, say: FaultOptions["say"]): Promise<Run> {
  const database = await harnessDatabase();
  const stage = new Stage(vendor, database, size, say);
  try {
    return await stage.play();
  } finally {
    await stage.end();
    await database.end();
  }
}

class Stage {
  private gateway: GatewayProcess | null = null;
  private looking: HistoryRows | null = null;
  private directory = "";
  private kills = 0;

  constructor(
    private readonly vendor: Vendor,
    private readonly database: HarnessDatabase,
    private readonly size: Size,
    private readonly say: FaultOptions["say"],
  ) {}

  async play(): Promise<Run> {
    const { simulator } = this.vendor;
    this.directory = await temporaryDirectory();
    const first = await this.start();
    const looking = await HistoryRows.open(this.database.adminUrl);
    this.looking = looking;
    simulator.resetCalls();
    // Without kills nothing has to be under way for long.
    if (this.size.kills > 0) simulator.faults.add({ kind: "data", effect: "delay", ms: VENDOR_MS });
    await linked(first, { token: `demo:${PERSON}`, user: PERSON });
    let gateway = first;
    while (this.kills < this.size.kills && (await this.sends(1 + Math.floor(Math.random() * MOST_REQUESTS), looking))) {
      await sleep(Math.random() * VENDOR_MS);
      await gateway.stop("SIGKILL");
      this.kills += 1;
      if (this.kills > this.size.waitedOut) await looking.believeDead();
      if (this.kills % 10 === 0) this.say(`killed ${this.kills} times after ${dataCalls(simulator).length} requests`);
      gateway = await this.start();
    }
    simulator.faults.clear();
    await this.until(() => looking.whole());
    return {
      requests: dataCalls(simulator).map(({ endpoint, query }) => `${endpoint} ${JSON.stringify(query)}`),
      rows: await looking.snapshot(),
      told: await told(gateway),
      kills: this.kills,
    };
  }

  async end(): Promise<void> {
    await this.gateway?.stop("SIGKILL");
    await this.looking?.close();
  }

  private async start(): Promise<GatewayProcess> {
    const env = {
      DATABASE_URL: this.database.url,
      BACKFILL_DAYS: String(this.size.days),
      LOG_LEVEL: "error",
      ...this.vendor.env,
    };
    const port = this.gateway?.port;
    this.gateway = await startGateway({
      env,
      dataDirectory: this.directory,
      ...(port === undefined ? {} : { port }),
    });
    return this.gateway;
  }

  /** Waits until so many requests more have come; false where the history is whole before. */
  private async sends(requests: number, looking: HistoryRows): Promise<boolean> {
    const enough = dataCalls(this.vendor.simulator).length + requests;
    let whole = false;
    await this.until(async () => {
      if (dataCalls(this.vendor.simulator).length >= enough) return true;
      whole = await looking.whole();
      return whole;
    });
    return !whole;
  }

  private async until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (performance.now() > deadline)
        throw new Error(
          `nothing went on for ${PATIENCE_MS} ms\n${await this.looking?.state()}\n${this.gateway?.output()}`,
        );
      await sleep(15);
    }
  }
}

/** What the person is told of it, by metric. */
async function told(gateway: GatewayProcess): Promise<readonly string[]> {
  const query = "{ viewer { accounts { backfill { metric state daysDone daysTotal } } } }";
  const { data } = await gateway.graphql(query, {}, `demo:${PERSON}`);
  const { accounts } = data.viewer as unknown as {
    accounts: readonly {
      backfill: readonly { metric: string; state: string; daysDone: number; daysTotal: number }[];
    }[];
  };
  return accounts.flatMap(({ backfill }) =>
    backfill.map(({ metric, state, daysDone, daysTotal }) => `${metric} ${state} ${daysDone}/${daysTotal}`),
  );
}
