import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Lane as LaneName, Schedule, Task } from "../services/ports/jobs";
import type { WorkerProcesses } from "../services/ports/worker-processes";
import type { AttemptOutcome } from "./attempts";
import { Lane } from "./lane";
import { Presence, type PresenceTiming, TIMING } from "./presence";

/** What working off jobs needs. `concurrency`: jobs at a time by lane; `stopWithin`: milliseconds for jobs under way when stopping. */
export interface WorkerParts {
  readonly pool: Pool;
  readonly processes: WorkerProcesses;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  readonly concurrency: Readonly<Record<LaneName, number>>;
  readonly onFault: (where: string, error: unknown) => void;
  readonly onAttempt: (task: string, outcome: AttemptOutcome, seconds: number) => void;
  readonly timing?: PresenceTiming;
  readonly stopWithin?: number;
}

/** A worker that runs. */
export interface Worker {
  /** Rejects while it can take no jobs: the queue is out of reach, or the other processes do not know that this one lives. */
  reachable(): Promise<void>;
  /** Takes no more jobs, gives those under way up to 10 s, and puts the rest back for others. */
  stop(): Promise<void>;
}

/** Jobs under way have so long when the process stops, in milliseconds. */
const STOP_MS = 10_000;

/** So long may putting jobs back take; where the database is away, the other processes do it later. */
const LEAVE_MS = 3_000;

/** Works off the jobs of both lanes, and calls tasks by the clock. */
export async function startWorker(parts: WorkerParts): Promise<Worker> {
  const { timing = TIMING, stopWithin = STOP_MS, processes, onFault, schedules } = parts;
  const presence = new Presence({ processes, timing, onFault });
  const lanes = (["live", "bulk"] as const).flatMap((name) => {
    const tasks = parts.tasks.filter(({ lane }) => lane === name);
    return tasks.length === 0
      ? []
      : [new Lane({ ...parts, presence, tasks, schedules, concurrency: parts.concurrency[name] })];
  });
  const stopNow = async () => {
    const done = Promise.all(lanes.map((lane) => lane.stop()));
    presence.stop();
    await Promise.race([done, sleep(stopWithin, undefined, { ref: false })]);
    await Promise.race([presence.leave(), sleep(LEAVE_MS, undefined, { ref: false })]);
  };
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= stopNow();
    return stopped;
  };
  try {
    await presence.start();
    for (const lane of lanes) await lane.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { reachable: () => presence.confirm(), stop };
}
