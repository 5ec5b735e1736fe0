import type { Attempt } from "../../src/services/ports/jobs";
import { type History, historyOf } from "./history-world";
import { acme } from "./reading-acme";
import { type Gateway, type GatewayOptions, type Someone, World } from "./reading-world";

/** A gateway with history. */
export interface HistoryProcess {
  readonly gateway: Gateway;
  readonly history: History;
}

/** Gives the tests of a file a world of their own, empty before each; answers what starts gateways with history on it, all ended behind each test. */
export function historiesForTests(created: (world: World) => void): {
  start(options?: GatewayOptions): Promise<HistoryProcess>;
} {
  let world: World;
  const histories: History[] = [];
  beforeAll(async () => {
    world = await World.create();
    created(world);
  });
  afterEach(async () => {
    await Promise.all(histories.splice(0).map((history) => history.stop()));
    await world.rows("DELETE FROM graphile_worker._private_jobs");
    await world.reset();
  });
  afterAll(() => world.close());
  return {
    async start(options = {}) {
      const gateway = await world.gateway(options);
      const { provider = acme, now } = options;
      const history = historyOf(world, gateway, { provider, ...(now ? { now } : {}) });
      histories.push(history);
      return { gateway, history };
    },
  };
}

/** Every request of the vendor's log, by endpoint, window and cursor. */
export function asked(world: World): string[] {
  return world.vendor.calls.map(({ endpoint, from, to, cursor }) => `${endpoint} ${from} ${to} ${cursor ?? ""}`);
}

/** Days of an account that were committed more than once, by endpoint. */
export function committedTwice(world: World, accountId: string): Promise<unknown[]> {
  return world.rows(
    `SELECT endpoint, day::date::text, count(*)::int
     FROM fetches, unnest(days) AS r, generate_series(lower(r), upper(r) - 1, '1 day') AS day
     WHERE account_id = $1 GROUP BY 1, 2 HAVING count(*) > 1`,
    [accountId],
  );
}

/** One step of an endpoint's history outside of the queue, by a job that knows of the pages that are kept by now. */
export async function step(
  world: World,
  history: History,
  someone: Someone,
  endpoint: string,
  over: Partial<Attempt> = {},
): Promise<void> {
  const task = history.tasks.find(({ name }) => name === "backfill");
  const [kept] = await world.rows<{ pages: number }>(
    `SELECT count(*)::int AS pages FROM fetched_pages WHERE account_id = $1 AND endpoint = $2
     GROUP BY started_at ORDER BY started_at DESC LIMIT 1`,
    [someone.accountId, endpoint],
  );
  const payload = { person: someone.person.id, account: someone.accountId, endpoint, pages: kept?.pages ?? 0 };
  await task?.run(payload, { number: 1, last: false, signal: new AbortController().signal, ...over });
}
