import { LocalBell } from "../../src/cache/memory";
import type { Change } from "../../src/domain/changes";
import { METRICS } from "../../src/domain/metrics";
import type { Account, ChangesApi } from "../../src/services/api";
import { createChanges } from "../../src/services/changes/changes";
import { createCursors } from "../../src/services/changes/cursors";
import { progressTopic } from "../../src/services/changes/following";
import { PersonWatch } from "../../src/services/changes/watch";
import type { FeedRequest } from "../../src/services/ports/changes";

/** What an entry says by itself; the rest is filled in. */
export type Told = Pick<Change, "metric" | "day" | "type"> & Partial<Change>;

/** Feeds in memory behind the real service: tell it what changed. */
export interface FakeFeed {
  readonly changes: ChangesApi;
  /** Writes entries under the person's next version and rings. */
  tell(personId: string, ...entries: readonly Told[]): void;
  /** Rings for an account's progress. */
  progressed(personId: string, accountId: string): void;
  /** How often a stretch was read. */
  readonly asked: FeedRequest[];
}

/** Feeds of everybody, empty at first. */
export function fakeFeed(list: (personId: string) => Promise<readonly Account[]>): FakeFeed {
  const bell = new LocalBell();
  const feeds = new Map<string, Change[]>();
  const asked: FeedRequest[] = [];
  const versionOf = (personId: string) => feeds.get(personId)?.at(-1)?.version ?? "1";
  const changes = createChanges({
    async source(request) {
      asked.push(request);
      const { personId, after, metrics, providers, limit } = request;
      const isAfter = (one: Change) =>
        !after ||
        BigInt(one.version) > BigInt(after.version) ||
        (one.version === after.version && one.ordinal > after.ordinal);
      const entries = (feeds.get(personId) ?? []).filter(
        (one) =>
          isAfter(one) &&
          (one.metric === null || !metrics || metrics.includes(one.metric)) &&
          providers.includes(one.provider),
      );
      return { entries: entries.slice(0, limit), version: versionOf(personId), forgotten: null };
    },
    cursors: createCursors([Buffer.alloc(32, 7)]),
    versions: {
      current: async (id) => ({ version: versionOf(id), confirmed: true }),
      seen: versionOf,
      learned: () => undefined,
    },
    watch: new PersonWatch({
      source: async (ids) => new Map(ids.map((id) => [id, versionOf(id)])),
      bell,
      telemetry: { fault: () => undefined },
    }),
    bell,
    accounts: { list },
    telemetry: { fault: () => undefined },
    providers: ["oura"],
  });
  return {
    changes,
    asked,
    tell(personId, ...entries) {
      const version = String(BigInt(versionOf(personId)) + 1n);
      const defaults = { at: 1_790_000_300, provider: "oura", origin: "LIVE" } as const;
      const feed = feeds.get(personId) ?? [];
      feeds.set(personId, feed);
      for (const [index, entry] of entries.entries()) feed.push({ ...defaults, ...entry, version, ordinal: index + 1 });
      bell.ring("version", `${personId} ${version}`);
    },
    progressed: (personId, accountId) => bell.ring(progressTopic(personId), accountId),
  };
}

/** Every metric of a day, changed alike. */
export function wholeDay(day: Change["day"], type: Change["type"]): Told[] {
  return METRICS.map((metric) => ({ metric, day, type }));
}
