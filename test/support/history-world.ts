import type { Provider } from "../../providers/contract";
import type { Database } from "../../src/db/database";
import { armBackfills, PgBackfillStore } from "../../src/db/repositories/backfills";
import { enqueue } from "../../src/db/repositories/jobs";
import { readPersonState } from "../../src/db/repositories/person-state";
import { PgReconcilingStore } from "../../src/db/repositories/reconciling";
import { PgSyncRunStore } from "../../src/db/repositories/sync-runs";
import type { Account } from "../../src/domain/people";
import { Backfiller } from "../../src/services/backfill/backfill";
import { planBackfill } from "../../src/services/backfill/plan";
import { HistoryService } from "../../src/services/backfill/progress";
import { progressTopic } from "../../src/services/changes/following";
import type { JobRequest, Task } from "../../src/services/ports/jobs";
import { Reconciler } from "../../src/services/reconciling/reconcile";
import { Turns } from "../../src/services/reconciling/turns";
import { startTestWorker, type TestWorker } from "./job-worker";
import type { Gateway, Someone, World } from "./reading-world";

/** What a process has beside reading: history, nightly turns, and a worker that does both. */
export interface History {
  readonly api: HistoryService;
  readonly tasks: readonly Task[];
  /** Links an account's history as linking does. */
  arm(someone: Someone, days: number): Promise<Account>;
  add(job: JobRequest): Promise<void>;
  /** Starts a worker; ended by {@link stop}. */
  work(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when no job is left that could run now or soon; fails after a while. */
  idle(withinMs?: number): Promise<void>;
  readonly rings: string[];
  readonly faults: unknown[];
}

/** History on top of a gateway of a test. `provider`: what the made-up vendor is taken for. */
export function historyOf(
  world: World,
  gateway: Gateway,
  { provider, now = () => Date.now() / 1_000 }: { provider: Provider; now?: () => number },
): History {
  const { database, store, flights, bell } = gateway;
  const providers = new Map([["acme", { provider, apiUrl: world.vendor.origin }]]);
  const personState = (personId: string) => readPersonState(database, personId);
  const backfills = new PgBackfillStore(database);
  const runs = new PgSyncRunStore(database);
  const parts = { personState, providers, store, flights, backfills, bell, now };
  const turns = new Turns({ store: new PgReconcilingStore(database), now, spreadSeconds: 0 });
  const tasks = [
    new Backfiller(parts).task(),
    turns.task(),
    new Reconciler({ ...parts, runs, tokens: world.tokens }).task(),
  ];
  const rings: string[] = [];
  const faults: unknown[] = [];
  let worker: TestWorker | null = null;
  const add = (job: JobRequest) => database.application((tx) => enqueue(tx, job));
  return {
    api: new HistoryService({ backfills, store, runs, providers }),
    tasks,
    rings,
    faults,
    add,
    async arm(someone, days) {
      bell.listen(progressTopic(someone.person.id), (message) => void rings.push(message));
      const { accounts, offsetMinutes } = await personState(someone.person.id);
      const account = accounts.find(({ id }) => id === someone.accountId)!;
      const configured = providers.get("acme")!;
      const plan = planBackfill(configured, account, days, { now: now(), offsetMinutes });
      await database.person(someone.person.id, (tx) => armBackfills(tx, account, plan));
      return account;
    },
    async work() {
      const onFault = (_where: string, error: unknown) => void faults.push(error);
      worker = await startTestWorker(database, tasks, { concurrency: { live: 1, bulk: 4 }, onFault });
    },
    async stop() {
      await worker?.end();
      worker = null;
    },
    idle: (withinMs) => noJobs(database, withinMs),
  };
}

/** Waits until no job is left that may still be tried. */
export async function noJobs(database: Database, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const open = await database.directory<{ task: string }>(
      "SELECT task_identifier AS task FROM graphile_worker.jobs WHERE attempts < max_attempts OR locked_at IS NOT NULL",
      [],
    );
    if (open.length === 0) return;
    if (performance.now() > deadline) throw new Error(`jobs are left: ${open.map(({ task }) => task).join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
