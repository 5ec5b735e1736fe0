import { Pool } from "pg";
import type { Database } from "./db/database";
import { PromptClient } from "./db/prompt-client";
import { sweepExpired } from "./db/repositories/housekeeping";
import { createWorkerProcesses } from "./db/repositories/worker-processes";
import { measureAttempts, measureQueue } from "./jobs/metrics";
import { startWorker, type Worker } from "./jobs/worker";
import type { Undoing } from "./open-database";
import type { Schedule, Task } from "./services/ports/jobs";
import type { Queue } from "./services/ports/queue";
import type { GatewayTelemetry } from "./telemetry";

/** Jobs at a time in one process, by lane. */
const CONCURRENCY = { live: 4, bulk: 4 } as const;

/** Connections of a process to take and complete jobs by, the two that listen for new ones among them. */
const CONNECTIONS = 6;

const TIMEOUT_MS = 30_000;

/** What jobs of a gateway are made of. */
export interface WorkSettings {
  readonly database: Database;
  readonly telemetry: GatewayTelemetry;
  readonly queue: Queue;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  /** Whether this process works off jobs; otherwise it measures the queue only. */
  readonly working: boolean;
}

/** Measures the job queue, and where the process is to work, starts to work off jobs, housekeeping among them. */
export async function openWorker(settings: WorkSettings, closing: Undoing): Promise<Worker | null> {
  const { database, telemetry, queue } = settings;
  const tasks = [...settings.tasks, housekeeping(database)];
  const schedules = [...settings.schedules, { task: "housekeeping", cron: "17 * * * *" }];
  const onFault = (error: unknown) => telemetry.fault("measuring the job queue", error);
  measureQueue({ registry: telemetry.registry, queue, tasks, onFault });
  if (!settings.working) return null;
  const pool = new Pool({
    Client: PromptClient,
    connectionString: database.url,
    max: CONNECTIONS,
    application_name: "gateway jobs",
    connectionTimeoutMillis: 5_000,
    statement_timeout: TIMEOUT_MS,
    // A server that has fallen silent does not cancel anything.
    query_timeout: TIMEOUT_MS,
    keepAlive: true,
  });
  const onError = (error: unknown) => telemetry.fault("the connections of the job queue", error);
  pool.on("error", onError);
  pool.on("connect", (client) => client.on("error", onError));
  closing.add(() => ended(pool));
  const worker = await startWorker({
    pool,
    processes: createWorkerProcesses(database),
    tasks,
    schedules,
    concurrency: CONCURRENCY,
    onFault: (where, error) => telemetry.fault(where, error),
    onAttempt: measureAttempts(telemetry.registry),
  });
  closing.add(() => worker.stop());
  return worker;
}

/** Waits at most a second: a runner that could not stop in time may still hold a connection. */
async function ended(pool: Pool): Promise<void> {
  await Promise.race([pool.end(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
}

function housekeeping(database: Database): Task {
  return {
    name: "housekeeping",
    lane: "bulk",
    async run() {
      await sweepExpired(database);
    },
  };
}
