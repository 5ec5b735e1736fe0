import { type History, historyOf } from "./history-world";
import { acme } from "./reading-acme";
import type { Gateway, GatewayOptions, World } from "./reading-world";

/** A gateway with history. */
export interface HistoryProcess {
  readonly gateway: Gateway;
  readonly history: History;
}

/** Gateways with history on one world, all ended by `reset`. */
export function historyProcesses(world: () => World): {
  start(options?: GatewayOptions): Promise<HistoryProcess>;
  reset(): Promise<void>;
} {
  const histories: History[] = [];
  return {
    async start(options = {}) {
      const gateway = await world().gateway(options);
      const { provider = acme, now } = options;
      const history = historyOf(world(), gateway, { provider, ...(now ? { now } : {}) });
      histories.push(history);
      return { gateway, history };
    },
    async reset() {
      await Promise.all(histories.splice(0).map((history) => history.stop()));
      await world().rows("DELETE FROM graphile_worker._private_jobs");
      await world().reset();
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
