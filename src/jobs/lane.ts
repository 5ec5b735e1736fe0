import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from "graphile-worker";
import type { Pool } from "pg";
import type { Schedule, Task } from "../services/ports/jobs";
import { type AttemptParts, attempting } from "./attempts";
import type { Presence } from "./presence";

/** What a lane is made of. `concurrency`: jobs at a time. */
export interface LaneParts extends AttemptParts {
  readonly pool: Pool;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  readonly concurrency: number;
  readonly presence: Presence;
}

/** Milliseconds before a runner that ended by itself is started again. */
const RESTART_MS = 2_000;

/** Failures to take a job, one after the other, after which a runner is given up: each of its workers has failed some times. */
const MAX_FAILURES = 12;

/** Its lines quote payloads. */
const silent = new Logger(() => () => undefined);

/** Works off the jobs of some tasks by a runner of graphile-worker, and by another one where that one ends. */
export class Lane {
  private readonly stopping = new AbortController();
  private runner: Runner | null = null;
  private workerId = "";
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly parts: LaneParts) {}

  /** Begins to take jobs as soon as the presence admits; rejects where the queue is out of reach. */
  async start(): Promise<void> {
    const first = await this.begin();
    this.ended = this.keep(first);
  }

  /** Takes no more jobs, and settles when those under way are done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.runner) await this.end(this.runner);
    await this.ended;
  }

  private async begin(): Promise<Runner> {
    const { parts } = this;
    const events: WorkerEvents = new EventEmitter();
    let workerId = "";
    events.once("pool:create", ({ workerPool }) => {
      workerId = workerPool.id;
      this.workerId = workerId;
    });
    const runner = await run({
      pgPool: parts.pool,
      concurrency: parts.concurrency,
      noHandleSignals: true,
      logger: silent,
      events,
      taskList: Object.fromEntries(parts.tasks.map((task) => [task.name, attempting(parts, task)])) as TaskList,
      crontab: crontab(parts),
      // Asked before every job: the place to hold a worker until its process is known to live.
      forbiddenFlags: async () => {
        await parts.presence.admit(workerId);
        return null;
      },
      // Without a batch, an outage while a job is being completed would leave it locked, and go unheard.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    });
    this.runner = runner;
    this.giveUpFailing(runner, events);
    if (this.stopping.signal.aborted) await this.end(runner);
    return runner;
  }

  private async end(runner: Runner): Promise<void> {
    await runner.stop().catch((error: unknown) => this.parts.onFault("stopping a runner", error));
  }

  /** A runner whose first look at the names of tasks failed keeps that failure for ever, and takes no job any more. */
  private giveUpFailing(runner: Runner, events: WorkerEvents): void {
    let failures = 0;
    const succeeded = () => {
      failures = 0;
    };
    events.on("worker:getJob:empty", succeeded);
    events.on("job:start", succeeded);
    events.on("worker:getJob:error", ({ error }) => {
      failures += 1;
      if (failures !== MAX_FAILURES || this.stopping.signal.aborted) return;
      this.parts.onFault("taking jobs", error);
      void this.end(runner);
    });
  }

  private async keep(first: Runner): Promise<void> {
    const { presence, onFault } = this.parts;
    for (let runner: Runner | null = first; runner; runner = await this.beginAgain()) {
      await runner.promise.catch((error: unknown) => onFault("a runner of jobs", error));
      if (this.stopping.signal.aborted) return;
      presence.dismiss(this.workerId);
    }
  }

  private async beginAgain(): Promise<Runner | null> {
    while (!this.stopping.signal.aborted) {
      await sleep(RESTART_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) break;
      try {
        return await this.begin();
      } catch (error) {
        this.parts.onFault("starting a runner of jobs again", error);
      }
    }
    return null;
  }
}

function crontab({ tasks, schedules }: LaneParts): string {
  const ofLane = new Set(tasks.map(({ name }) => name));
  return schedules
    .filter(({ task }) => ofLane.has(task))
    .map(({ cron, task, catchUpSeconds = 3_600 }) => {
      const fill = catchUpSeconds < 60 ? "" : `&fill=${Math.floor(catchUpSeconds / 60)}m`;
      return `${cron} ${task} ?max=5${fill}`;
    })
    .join("\n");
}
