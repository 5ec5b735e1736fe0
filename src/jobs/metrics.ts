import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Task } from "../services/ports/jobs";
import type { Queue, QueueState } from "../services/ports/queue";
import type { AttemptOutcome } from "./attempts";

const BUCKETS = [0.01, 0.05, 0.25, 1, 5, 20, 60, 300, 1_800];

/** Milliseconds for which a look at the queue serves every gauge. */
const LOOK_MS = 1_000;

/** What measuring the queue needs. `tasks`: all that jobs may name, also where this process does not work them off. */
export interface QueueMeasuring {
  readonly registry: Registry;
  readonly queue: Pick<Queue, "state">;
  readonly tasks: readonly Pick<Task, "name" | "lane">[];
  readonly onFault: (error: unknown) => void;
}

/** Figures of the queue, the same from every process: they are read from the database when metrics are asked for, by one statement. */
export function measureQueue({ registry, queue, tasks, onFault }: QueueMeasuring): void {
  const lanes = new Map(tasks.map(({ name, lane }) => [name, lane]));
  // Jobs of a task that this version does not know wait in the queue all the same.
  const laneOf = (task: string) => lanes.get(task) ?? "unknown";
  let look: { readonly at: number; readonly state: Promise<QueueState | null> } | null = null;
  const state = (): Promise<QueueState | null> => {
    if (look === null || performance.now() - look.at > LOOK_MS) {
      const asked = queue.state().catch((error: unknown) => {
        onFault(error);
        return null;
      });
      look = { at: performance.now(), state: asked };
    }
    return look.state;
  };
  const gauge = (name: string, help: string, labelNames: string[], set: (gauge: Gauge, state: QueueState) => void) => {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const now = await state();
        // Nothing rather than an old figure where the database is away.
        this.reset();
        if (labelNames.length === 0) this.remove();
        if (now) set(this, now);
      },
    });
  };
  const ofTask = ["lane", "task"];
  gauge("gateway_jobs", "Jobs by lane, task and state: waiting, running, aside.", [...ofTask, "state"], (jobs, now) => {
    for (const { task, waiting, running, aside } of now.tasks) {
      const labels = { lane: laneOf(task), task };
      for (const [state, count] of Object.entries({ waiting, running, aside })) jobs.set({ ...labels, state }, count);
    }
  });
  gauge("gateway_jobs_oldest_due_seconds", "How long the longest-waiting due job has been due.", ofTask, (age, now) => {
    for (const { task, oldestDueSeconds } of now.tasks) age.set({ lane: laneOf(task), task }, oldestDueSeconds ?? 0);
  });
  gauge("gateway_schedule_last_run_timestamp_seconds", "When the clock last called a task.", ["task"], (last, now) => {
    for (const { task, lastRunAt } of now.schedules) if (lastRunAt !== null) last.set({ task }, lastRunAt);
  });
  gauge("gateway_worker_processes", "Processes that work off jobs.", [], (alive, now) => alive.set(now.processes));
}

/** Counts and times the attempts of this process. */
export function measureAttempts(registry: Registry): (task: string, outcome: AttemptOutcome, seconds: number) => void {
  const registers = [registry];
  const labelNames = ["task", "outcome"];
  const help = "Attempts of jobs, by outcome: done, failed, put back, aside.";
  const attempts = new Counter({ name: "gateway_job_attempts_total", help, labelNames, registers });
  const durations = new Histogram({
    name: "gateway_job_attempt_duration_seconds",
    help: "Time that attempts of jobs took.",
    labelNames: ["task"],
    buckets: BUCKETS,
    registers,
  });
  return (task, outcome, seconds) => {
    attempts.inc({ task, outcome });
    durations.observe({ task }, seconds);
  };
}
