import type { Bench } from "../bench";
import { asContestant, type Contestant, EXECUTORS } from "../contestants";
import { bodyOf, DASHBOARD_QUERY, daysUpTo, LAST_DAY, TOUCH_QUERY } from "../dashboard";
import { loadClient } from "../load";
import { justSynced, outdate } from "../people";
import { race } from "../race";
import type { CaseResult } from "../report";
import { fillRedis } from "../servers/peer-services";
import { boundByClient } from "./warm";

const CONNECTIONS = 16;

/** What another process has left in Redis; the one that answers has nothing of it in its own memory. */
export async function coldRedis(bench: Bench): Promise<CaseResult> {
  const { world, peers, people, scale } = bench;
  const title = "each of some people once, what another process has left there (30 days × 4 metrics)";
  if (world.redis === null) {
    return { title, figures: [], targets: [], notes: ["left out: there is no redis-server here"] };
  }
  await justSynced(world);
  const some = people.all.slice(0, scale.redisPeople);
  const range = daysUpTo(LAST_DAY, Math.min(30, scale.days));
  const process = await bench.gateway("0");
  const records = asContestant(process, "gateway, records in Redis");
  const answers = asContestant(process, "gateway, answers in Redis");
  const contestants: Contestant[] = [records, answers];
  await fillRedis(world.redis, world.admin, some);
  for (const kind of peers.executors) contestants.push(await peers.executor(kind, some, "redis", "0"));
  const other = await world.gateway({ pin: "free" });
  const client = loadClient("free");
  const leave = async (query: string) => {
    await outdate(world.admin);
    const once = some.map(({ token }) => ({ token, body: bodyOf(range, query) }));
    // Answers are there for others from the second time on that they are asked for.
    const asks = [...once, ...once];
    const url = asContestant(other).url;
    const { failures, firstFailure } = await client.run({ url, asks, connections: CONNECTIONS, forMs: null });
    if (failures > 0) throw new Error(`filling Redis: ${firstFailure}`);
  };
  try {
    const figures = await race(world.admin, {
      contestants,
      questions: some.map((someone) => ({ someone, range })),
      connections: CONNECTIONS,
      rounds: Math.min(3, scale.rounds),
      roundMs: null,
      warmUpMs: null,
      clientPin: "1",
      before: async (contestant) => {
        if (contestant === records) await leave(TOUCH_QUERY);
        if (contestant === answers) await leave(DASHBOARD_QUERY);
      },
    });
    const notes = peers.missing === null ? [] : [`left out: ${EXECUTORS.mercurius}: ${peers.missing}`];
    return { title, figures, targets: [], notes: [...notes, ...boundByClient(figures)] };
  } finally {
    client.stop();
    await other.stop();
  }
}
