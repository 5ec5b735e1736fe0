import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Queue, QueueState } from "../services/ports/queue";
import type { AttemptOutcome } from "./attempts";

const BUCKETS = [0.01, 0.05, 0.25, 1, 5, 20, 60, 300, 1_800];

/** Milliseconds for which a look at the queue serves every gauge. */
const LOOK_MS = 1_000;

/** Figures of the queue, the same from every process: they are read from the database when metrics are asked for, by one statement. */
export function measureQueue(registry: Registry, queue: Pick<Queue, "state">, onFault: (error: unknown) => void): void {
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
  gauge("gateway_jobs", "Jobs by task and state: waiting, running, aside.", ["task", "state"], (jobs, { tasks }) => {
    for (const { task, ...counts } of tasks) {
      for (const [name, count] of Object.entries(counts)) jobs.set({ task, state: name }, count);
    }
  });
  gauge("gateway_jobs_oldest_due_seconds", "How long the longest-waiting due job has been due.", [], (age, now) =>
    age.set(now.oldestDueSeconds ?? 0),
  );
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
