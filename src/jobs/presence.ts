import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerProcesses, WorkerSession } from "../services/ports/worker-processes";

/** When a process is believed to be dead. Milliseconds. */
export interface PresenceTiming {
  /** Between two looks for the dead. */
  readonly sweepEvery: number;
  /** For how long a process must have been without its lock to be given up: time to come back after its connection, or PostgreSQL, went away. */
  readonly grace: number;
  /** After how long without its lock a process tells what it runs to stop; less than `grace`, so that it does before another begins. */
  readonly abandonAfter: number;
  /** Before the first attempt to take the lock again; longer before each further one, up to eight times as long. */
  readonly retryAfter: number;
}

/** A job of a process that is killed is free after 20 s at most: two looks that are at least the grace apart. */
export const TIMING: PresenceTiming = { sweepEvery: 10_000, grace: 9_000, abandonAfter: 7_000, retryAfter: 250 };

/**
 * After so many milliseconds a job that a worker of this process is said to have taken, and that none runs, was taken by a statement
 * whose answer got lost; and for so long one that has ended may still be on its way to being told so.
 */
const UNKNOWN_AFTER_MS = 10_000;

/** What presence needs. */
export interface PresenceParts {
  readonly processes: WorkerProcesses;
  readonly timing: PresenceTiming;
  readonly onFault: (where: string, error: unknown) => void;
}

/**
 * That this process lives, told to the others by a lock that PostgreSQL frees with the process's connection, and their deaths learned.
 *
 * A process that has lost its lock cannot know what the others believe of it. So it takes no job until it has the lock again, and where
 * that lasts too long it tells what it runs to stop: by then the others may have freed those jobs, and run them.
 */
export class Presence {
  private readonly workerIds = new Set<string>();
  private readonly stopping = new AbortController();
  private readonly attempts = new Set<AbortController>();
  private readonly jobIds = new Set<string>();
  private session: WorkerSession | null = null;
  private named = new Set<string>();
  private waiting: (() => void)[] = [];
  private ended: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: PresenceParts) {}

  /** Enters for the first time; rejects where that cannot be done. */
  async start(): Promise<void> {
    const first = await this.parts.processes.enter(null, []);
    this.stand(first, new Set());
    this.ended = Promise.all([this.stay(first), this.sweep()]);
  }

  /** Rejects where the others do not know now that this process lives. */
  async confirm(): Promise<void> {
    if (this.session === null) throw new Error("the lock of this worker process is not held");
    await this.session.confirm();
  }

  /** Runs an attempt of a job. The signal: the process is stopping, or the job may have been freed and taken by another process. */
  async during<T>(jobId: string, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.attempts.add(controller);
    this.jobIds.add(jobId);
    if (this.stopping.signal.aborted) controller.abort();
    try {
      return await attempt(controller.signal);
    } finally {
      this.attempts.delete(controller);
      setTimeout(() => this.jobIds.delete(jobId), UNKNOWN_AFTER_MS).unref();
    }
  }

  /** Waits until jobs may be taken by a worker of this process: the lock is held and the worker named, and none that is no more. Settles at once when stopping. */
  async admit(workerId: string): Promise<void> {
    this.workerIds.add(workerId);
    while (!this.stopping.signal.aborted) {
      const { session } = this;
      if (session && equal(this.named, this.workerIds)) return;
      if (session) await this.name(session);
      else await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The worker is no more; what it may have left is free for others as soon as the next one that is admitted has said so. */
  dismiss(workerId: string): void {
    this.workerIds.delete(workerId);
  }

  /** Tells what runs to stop, and lets nobody wait for admission any more. */
  stop(): void {
    this.stopping.abort();
    this.abandon();
    this.announce();
  }

  /** Leaves: whatever the workers still hold is put back first. */
  async leave(): Promise<void> {
    this.stop();
    try {
      await this.parts.processes.putAllBack([...this.workerIds]);
    } catch (error) {
      this.parts.onFault("putting jobs back while stopping", error);
    }
    await this.session?.close(true);
    await this.ended;
  }

  private announce(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private stand(session: WorkerSession | null, named: Set<string>): void {
    this.session = session;
    this.named = named;
    this.announce();
  }

  private async name(session: WorkerSession): Promise<void> {
    const ids = [...this.workerIds];
    try {
      await session.name(ids);
      if (this.session === session) this.named = new Set(ids);
    } catch (error) {
      this.parts.onFault("naming workers", error);
      await Promise.race([session.over, this.pause(this.parts.timing.retryAfter)]);
    }
  }

  /** Keeps the lock, taking it again whenever it is lost. */
  private async stay(first: WorkerSession): Promise<void> {
    for (let session = first; ; ) {
      await session.over;
      this.stand(null, new Set());
      if (this.stopping.signal.aborted) return;
      this.parts.onFault("the lock of this worker process", new Error("its session has ended"));
      const again = await this.again(session);
      if (again === null) return;
      session = again;
    }
  }

  private async again(lost: WorkerSession): Promise<WorkerSession | null> {
    const { processes, timing, onFault } = this.parts;
    const abandonment = setTimeout(() => this.abandon(), lost.confirmedAt() + timing.abandonAfter - Date.now());
    try {
      for (
        let wait = timing.retryAfter;
        !this.stopping.signal.aborted;
        wait = Math.min(2 * wait, 8 * timing.retryAfter)
      ) {
        const ids = [...this.workerIds];
        try {
          const session = await processes.enter(lost.processId, ids);
          if (session.givenUp) this.abandon();
          if (this.stopping.signal.aborted) {
            await session.close(true);
            return null;
          }
          this.stand(session, new Set(ids));
          return session;
        } catch (error) {
          onFault("taking the lock of this worker process again", error);
          await this.pause(wait);
        }
      }
      return null;
    } finally {
      clearTimeout(abandonment);
    }
  }

  private abandon(): void {
    for (const attempt of this.attempts) attempt.abort();
  }

  private async sweep(): Promise<void> {
    const { processes, timing, onFault } = this.parts;
    while (!this.stopping.signal.aborted) {
      try {
        if (this.session) {
          await processes.sweep(timing.grace);
          await processes.putBackUnknown([...this.workerIds], [...this.jobIds], UNKNOWN_AFTER_MS);
        }
      } catch (error) {
        onFault("freeing the jobs of dead processes", error);
      }
      await this.pause(timing.sweepEvery);
    }
  }

  private async pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}

function equal(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return some.size === others.size && [...some].every((one) => others.has(one));
}
