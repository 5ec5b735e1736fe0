import { LocalCounts } from "./cache/budget-memory";
import { RedisCounts } from "./cache/budget-redis";
import { LocalBell, LocalPauses } from "./cache/memory";
import { RedisPauses } from "./cache/pauses-redis";
import { RedisBell, RedisCache, RedisLink } from "./cache/redis";
import { RedisAnswers } from "./cache/redis-answers";
import type { Config } from "./config";
import type { Probe } from "./http/health";
import type { Undoing } from "./open-database";
import type { AnswerStore } from "./services/ports/answers";
import type { RequestCounts } from "./services/ports/budgets";
import type { Bell, Cache, Pauses } from "./services/ports/cache";
import type { GatewayTelemetry } from "./telemetry";

/** What processes share as long as they can reach each other, and how to see whether they can. */
export interface CacheParts {
  /** Null where there is only this process. */
  readonly cache: Cache | null;
  /** Null where there is only this process. */
  readonly answers: AnswerStore | null;
  readonly bell: Bell;
  readonly pauses: Pauses;
  readonly counts: RequestCounts;
  readonly probes: readonly Probe[];
}

/** The cache, bell and pauses of the settings: in Redis, or in this process where none is set. */
export function openCache(config: Config, telemetry: GatewayTelemetry, closing: Undoing): CacheParts {
  if (config.redisUrl === null) {
    const counts = new LocalCounts(telemetry.budget.used);
    const local = { cache: null, bell: new LocalBell(), pauses: new LocalPauses() };
    return { ...local, answers: null, counts, probes: [] };
  }
  const onFault = (error: unknown) => telemetry.fault("reaching Redis", error);
  const link = new RedisLink(config.redisUrl, onFault);
  const bell = new RedisBell(link, config.redisUrl, onFault);
  const pauses = new RedisPauses(link, bell, () => Date.now() / 1_000);
  closing.add(() => {
    pauses.close();
    bell.close();
    link.client.disconnect();
  });
  const counts = new RedisCounts(link, telemetry.budget.used);
  closing.add(() => counts.close());
  const check = async () => {
    if (!(await link.reachable())) throw new Error("Redis does not answer");
  };
  return {
    cache: new RedisCache(link),
    answers: new RedisAnswers(link),
    bell,
    pauses,
    counts,
    probes: [{ name: "redis", required: false, check }],
  };
}
