import type { EntityManager } from "typeorm";
import type { Config } from "./config";
import type { Database } from "./db/database";
import { armBackfills, knownOffset, PgBackfillStore } from "./db/repositories/backfills";
import { enqueue } from "./db/repositories/jobs";
import { readPersonState } from "./db/repositories/person-state";
import { PgReconcilingStore } from "./db/repositories/reconciling";
import type { PgSyncRunStore } from "./db/repositories/sync-runs";
import type { Account } from "./services/api";
import { Backfiller } from "./services/backfill/backfill";
import { planBackfill } from "./services/backfill/plan";
import { HistoryService } from "./services/backfill/progress";
import type { ConfiguredProvider } from "./services/fetching/ask";
import type { Flights } from "./services/fetching/flights";
import type { Bell } from "./services/ports/cache";
import type { Schedule, Task } from "./services/ports/jobs";
import type { RecordStore } from "./services/ports/records";
import type { Tokens } from "./services/ports/tokens";
import { Reconciler } from "./services/reconciling/reconcile";
import { CATCH_UP, RECONCILE, Turns } from "./services/reconciling/turns";

/** What fetching history and looking again every night are made of. */
export interface HistoryParts {
  readonly config: Pick<Config, "backfillDays" | "syncCron">;
  readonly database: Database;
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly store: RecordStore;
  readonly runs: PgSyncRunStore;
  readonly flights: Flights;
  readonly tokens: Tokens;
  readonly bell: Bell;
  readonly now: () => number;
}

/** History after linking and the nightly second look: their tasks and schedule, and what is told of them. */
export interface History {
  readonly api: HistoryService;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  /** Adds what a worker that starts has to catch up with. */
  catchUp(): Promise<void>;
}

/** Inside the transaction that links an account: asks for its history. */
export function askForHistory(
  { backfillDays }: Pick<Config, "backfillDays">,
  providers: ReadonlyMap<string, ConfiguredProvider>,
  now: () => number,
): (tx: EntityManager, account: Account) => Promise<void> {
  return async (tx, account) => {
    const configured = providers.get(account.provider);
    if (!configured) return;
    const offsetMinutes = await knownOffset(tx, account.personId);
    await armBackfills(tx, account, planBackfill(configured, account, backfillDays, { now: now(), offsetMinutes }));
  };
}

/** Builds {@link History}. */
export function openHistory(parts: HistoryParts): History {
  const { config, database, providers, store, runs, flights, tokens, bell, now } = parts;
  const personState = (personId: string) => readPersonState(database, personId);
  const backfills = new PgBackfillStore(database);
  const backfiller = new Backfiller({ personState, providers, store, flights, backfills, bell, now });
  const turns = new Turns({ store: new PgReconcilingStore(database), now });
  const reconciler = new Reconciler({ personState, providers, store, flights, tokens, backfills, runs, now });
  return {
    api: new HistoryService({ backfills, store, runs, providers }),
    tasks: [backfiller.task(), turns.task(), reconciler.task()],
    schedules: [{ task: RECONCILE, cron: config.syncCron }],
    catchUp: () => database.application((tx) => enqueue(tx, CATCH_UP)),
  };
}
