import { Pool } from "pg";
import type { Database } from "../../src/db/database";
import { PromptClient } from "../../src/db/prompt-client";
import { enqueue } from "../../src/db/repositories/jobs";
import { createWorkerProcesses } from "../../src/db/repositories/worker-processes";
import type { AttemptOutcome } from "../../src/jobs/attempts";
import { startWorker, type Worker, type WorkerParts } from "../../src/jobs/worker";
import type { JobRequest, Task } from "../../src/services/ports/jobs";

/** Deaths noticed within a second instead of twenty. */
export const QUICK = { sweepEvery: 400, grace: 500, abandonAfter: 400, retryAfter: 50 } as const;

/** A worker in this process, and what it told. */
export interface TestWorker extends Worker {
  readonly attempts: { task: string; outcome: AttemptOutcome }[];
  readonly faults: { where: string; error: unknown }[];
  /** Ends the worker and its connections; a second time nothing is left to end. */
  end(): Promise<void>;
}

/** Starts a worker on a database, with quick timing unless told otherwise. */
export async function startTestWorker(
  database: Database,
  tasks: readonly Task[],
  parts: Partial<WorkerParts> = {},
): Promise<TestWorker> {
  const pool = new Pool({
    Client: PromptClient,
    connectionString: database.url,
    max: 6,
    application_name: "gateway jobs",
  });
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const attempts: TestWorker["attempts"] = [];
  const faults: TestWorker["faults"] = [];
  const worker = await startWorker({
    pool,
    processes: createWorkerProcesses(database),
    tasks,
    schedules: [],
    concurrency: { live: 4, bulk: 4 },
    onFault: (where, error) => faults.push({ where, error }),
    onAttempt: (task, outcome) => attempts.push({ task, outcome }),
    timing: QUICK,
    ...parts,
  });
  let closed: Promise<unknown> | null = null;
  return {
    ...worker,
    attempts,
    faults,
    async end() {
      await worker.stop();
      closed ??= Promise.race([pool.end(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
      await closed;
    },
  };
}

/** Adds a job as the gateway does. */
export function add(database: Database, request: JobRequest): Promise<void> {
  return database.application((tx) => enqueue(tx, request));
}

/** A task of the live lane. */
export function task(name: string, run: Task["run"]): Task {
  return { name, lane: "live", run };
}

/** Waits until something holds; fails with what it was waiting for. */
export async function until(what: string, holds: () => unknown, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The jobs in the queue, without their payloads. */
export function jobsOf(database: Database): Promise<
  {
    task: string;
    key: string | null;
    attempts: number;
    locked: boolean;
    error: string | null;
    flags: object | null;
    inSeconds: number;
  }[]
> {
  return database.directory(
    `SELECT task_identifier AS task, key, attempts::int AS attempts, locked_at IS NOT NULL AS locked, last_error AS error, flags,
       extract(epoch FROM run_at - now())::float8 AS "inSeconds" FROM graphile_worker.jobs ORDER BY id`,
    [],
  );
}
