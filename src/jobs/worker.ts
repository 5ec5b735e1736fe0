import { type Task as GraphileTask, Logger, type Runner, run, type TaskList } from "graphile-worker";
import type { Pool } from "pg";
import { type JobRequest, type Lane, Postponed, type Schedule, type Task } from "../services/ports/jobs";

/** What working off jobs needs. `concurrency`: jobs at a time by lane. */
export interface WorkerParts {
  readonly pool: Pool;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  readonly concurrency: Readonly<Record<Lane, number>>;
  readonly add: (request: JobRequest) => Promise<void>;
  readonly onFault: (where: string, error: unknown) => void;
}

/** A worker that runs. */
export interface Worker {
  /** Takes no more jobs and waits for those under way. */
  stop(): Promise<void>;
}

const silent = new Logger(() => () => undefined);

/** Works off the jobs of both lanes, and calls tasks by the clock. */
export async function startWorker(parts: WorkerParts): Promise<Worker> {
  const stopping = new AbortController();
  const runners: Runner[] = [];
  for (const lane of ["live", "bulk"] as const) {
    runners.push(
      await run({
        pgPool: parts.pool,
        concurrency: parts.concurrency[lane],
        noHandleSignals: true,
        logger: silent,
        taskList: taskList(parts, lane, stopping.signal),
        crontab: crontab(parts, lane),
      }),
    );
  }
  return {
    async stop() {
      stopping.abort();
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}

function taskList(parts: WorkerParts, lane: Lane, signal: AbortSignal): TaskList {
  const entries = parts.tasks
    .filter((task) => task.lane === lane)
    .map((task) => [task.name, handler(parts, task, signal)]);
  return Object.fromEntries(entries) as TaskList;
}

function handler(parts: WorkerParts, task: Task, signal: AbortSignal): GraphileTask {
  return async (payload, { job }) => {
    try {
      await task.run(payload, { number: job.attempts, last: job.attempts >= job.max_attempts, signal });
    } catch (error) {
      if (!(error instanceof Postponed)) {
        parts.onFault(`job ${task.name}`, error);
        throw error;
      }
      const again = { task: task.name, payload: payload as JobRequest["payload"], runAt: error.until };
      await parts.add({ ...again, priority: job.priority, ...(job.key === null ? {} : { key: job.key }) });
    }
  };
}

function crontab({ tasks, schedules }: WorkerParts, lane: Lane): string {
  const ofLane = new Set(tasks.filter((task) => task.lane === lane).map(({ name }) => name));
  return schedules.flatMap(({ cron, task }) => (ofLane.has(task) ? [`${cron} ${task} ?max=5`] : [])).join("\n");
}
