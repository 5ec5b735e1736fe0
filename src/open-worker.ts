import { Pool } from "pg";
import type { Database } from "./db/database";
import { sweepExpired } from "./db/repositories/housekeeping";
import { enqueue } from "./db/repositories/jobs";
import { startWorker } from "./jobs/worker";
import type { Undoing } from "./open-database";
import type { Schedule, Task } from "./services/ports/jobs";
import type { GatewayTelemetry } from "./telemetry";

/** Jobs at a time in one process, by lane. */
const CONCURRENCY = { live: 4, bulk: 4 } as const;

/** What the worker of a process is made of. */
export interface WorkerSettings {
  readonly database: Database;
  readonly telemetry: GatewayTelemetry;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
}

/** Starts to work off jobs, housekeeping among them. */
export async function openWorker(
  { database, telemetry, tasks, schedules }: WorkerSettings,
  closing: Undoing,
): Promise<void> {
  const pool = new Pool({
    connectionString: database.url,
    max: CONCURRENCY.live + CONCURRENCY.bulk,
    application_name: "gateway jobs",
  });
  const onError = (error: unknown) => telemetry.fault("the connections of the job queue", error);
  pool.on("error", onError);
  pool.on("connect", (client) => client.on("error", onError));
  closing.add(() => pool.end());
  const worker = await startWorker({
    pool,
    tasks: [...tasks, housekeeping(database)],
    schedules: [...schedules, { task: "housekeeping", cron: "17 * * * *" }],
    concurrency: CONCURRENCY,
    add: (request) => database.application((tx) => enqueue(tx, request)),
    onFault: (where, error) => telemetry.fault(where, error),
  });
  closing.add(() => worker.stop());
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
