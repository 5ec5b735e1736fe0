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

/** A runner under way. `closed`: it takes no more jobs. `idle`: those that it had are over, too. `told`: it says that it has ended. */
interface Running {
  readonly workerId: string;
  readonly end: () => Promise<void>;
  readonly told: Promise<void>;
  readonly closed: Promise<void>;
  readonly idle: Promise<void>;
}

/** Its lines quote payloads. */
const silent = new Logger(() => () => undefined);

/** Works off the jobs of some tasks by a runner of graphile-worker, and by another one where that one ends. */
export class Lane {
  private readonly stopping = new AbortController();
  private readonly leaving = new Set<Promise<void>>();
  private running: Running | null = null;
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
    await this.running?.end();
    await this.ended;
    await Promise.all(this.leaving);
  }

  private async begin(): Promise<Running> {
    const { parts } = this;
    const events: WorkerEvents = new EventEmitter();
    const over = overOf(events);
    let workerId = "";
    events.once("pool:create", ({ workerPool }) => {
      workerId = workerPool.id;
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
    const end = this.endingOnce(runner);
    this.giveUpFailing(end, events);
    const told = runner.promise.catch((error: unknown) => parts.onFault("a runner of jobs", error));
    this.running = { workerId, end, told, ...over };
    if (this.stopping.signal.aborted) await end();
    return this.running;
  }

  private endingOnce(runner: Runner): () => Promise<void> {
    let ended: Promise<void> | null = null;
    return () => {
      ended ??= runner.stop().catch((error: unknown) => this.parts.onFault("stopping a runner", error));
      return ended;
    };
  }

  /** A runner whose first look at the names of tasks failed keeps that failure for ever, and takes no job any more. */
  private giveUpFailing(end: () => Promise<void>, events: WorkerEvents): void {
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
      void end();
    });
  }

  /** The next runner begins as soon as one takes no more jobs: those that it has under way may last, and it may fail to tell its end. */
  private async keep(first: Running): Promise<void> {
    for (let running: Running | null = first; running; running = await this.beginAgain()) {
      await Promise.race([running.told, running.closed]);
      if (this.stopping.signal.aborted) return running.told;
      this.leave(running);
    }
  }

  private leave({ workerId, end, idle }: Running): void {
    void end();
    const left = idle.then(() => {
      this.parts.presence.dismiss(workerId);
      this.leaving.delete(left);
    });
    this.leaving.add(left);
  }

  private async beginAgain(): Promise<Running | null> {
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

/** Told by its workers, as a runner in which two jobs could not be completed never says that it has ended. */
function overOf(events: WorkerEvents): Pick<Running, "closed" | "idle"> {
  const closed = new Promise<void>((resolve) => events.once("pool:gracefulShutdown", () => resolve()));
  let workers = 0;
  events.on("worker:create", () => {
    workers += 1;
  });
  const idle = new Promise<void>((resolve) => {
    events.on("worker:stop", () => {
      workers -= 1;
      if (workers === 0) resolve();
    });
  });
  return { closed, idle };
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
