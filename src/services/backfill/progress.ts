import { metricsOf } from "../../../providers/contract";
import { type Backfill, type MetricBackfill, together } from "../../domain/backfill";
import { type EndpointCoverage, knownAtAll } from "../../domain/coverage";
import { type DayRange, daysOf, rangeLength } from "../../domain/days";
import type { Metric } from "../../domain/metrics";
import type { Account } from "../../domain/people";
import type { AccountTimes, SyncRunPage } from "../../domain/sync-runs";
import type { HistoryApi } from "../api";
import type { ConfiguredProvider } from "../fetching/ask";
import type { BackfillStore } from "../ports/backfill";
import type { RecordStore } from "../ports/records";
import type { SyncRunStore, SyncRunsAsked } from "../ports/sync-runs";
import { resolve } from "../reading/questions";

/** Tells how far an account's history is fetched, what its runs came to, and when it was asked and had something new. */
export class HistoryService implements HistoryApi {
  constructor(
    private readonly parts: {
      readonly backfills: BackfillStore;
      readonly store: RecordStore;
      readonly runs: SyncRunStore;
      readonly providers: ReadonlyMap<string, ConfiguredProvider>;
    },
  ) {}

  /** @inheritdoc */
  async backfill(
    personId: string,
    accounts: readonly Account[],
  ): Promise<ReadonlyMap<string, readonly MetricBackfill[]>> {
    const ids = accounts.map(({ id }) => id);
    const rows = await this.parts.backfills.list(personId, ids);
    const range = spanOf(rows);
    if (!range) return new Map();
    const endpoints = [...new Set(rows.map(({ endpoint }) => endpoint))];
    const asked = { personId, accountIds: ids, endpoints, range, checkedSince: null, withRecords: false };
    const { coverage } = await this.parts.store.snapshot(asked);
    return new Map(
      accounts.map((account) => {
        const own = rows.filter(({ accountId }) => accountId === account.id);
        return [account.id, this.metrics(account, own, coverage)];
      }),
    );
  }

  /** @inheritdoc */
  runs(asked: SyncRunsAsked): Promise<SyncRunPage> {
    return this.parts.runs.list(asked);
  }

  /** @inheritdoc */
  times(personId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, AccountTimes>> {
    return this.parts.runs.times(personId, accountIds);
  }

  private metrics(
    account: Account,
    rows: readonly Backfill[],
    coverage: readonly EndpointCoverage[],
  ): readonly MetricBackfill[] {
    const configured = this.parts.providers.get(account.provider);
    if (!configured) return [];
    return metricsOf(configured.provider).flatMap((metric) => {
      const names = feeding(metric, configured, account);
      const fed = rows.filter(({ endpoint }) => names.includes(endpoint));
      return fed.length === 0 ? [] : (progressOf(metric, fed, coverage) ?? []);
    });
  }
}

/** The endpoints that make a metric of an account, as far as its grant covers them; none where it does not cover enough. */
function feeding(metric: Metric, configured: ConfiguredProvider, account: Account): readonly string[] {
  const resolved = resolve({ metric, method: null }, configured, account);
  return "source" in resolved ? resolved.source.endpoints.map(({ name }) => name) : [];
}

/** A day is done when all endpoints of the metric know it; days that one of them never answers for do not count. */
function progressOf(
  metric: Metric,
  rows: readonly Backfill[],
  coverage: readonly EndpointCoverage[],
): MetricBackfill | null {
  const start = rows
    .map(({ firstDay }) => firstDay)
    .sort()
    .at(-1);
  const end = rows.map(({ lastDay }) => lastDay).sort()[0];
  if (start === undefined || end === undefined || start > end) return null;
  const own = rows.map((row) =>
    coverage.find((one) => one.accountId === row.accountId && one.endpoint === row.endpoint),
  );
  const waits = rows.flatMap(({ retryAt }) => retryAt ?? []);
  return {
    metric,
    state: together(rows.map(({ state }) => state)),
    daysDone: daysOf({ start, end }).filter((day) => knownAtAll(own, day) !== null).length,
    daysTotal: rangeLength({ start, end }),
    retryAt: waits.length > 0 ? Math.max(...waits) : null,
  };
}

function spanOf(rows: readonly Backfill[]): DayRange | null {
  const start = rows.map(({ firstDay }) => firstDay).sort()[0];
  const end = rows
    .map(({ lastDay }) => lastDay)
    .sort()
    .at(-1);
  return start === undefined || end === undefined ? null : { start, end };
}
