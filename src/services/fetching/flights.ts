import { knownDay, meets, type Requirement } from "../../domain/coverage";
import type { CivilDay } from "../../domain/days";
import { UpstreamFailure } from "../../domain/errors";
import type { Bell } from "../ports/cache";
import type { FlightKey, FlightLeases, Lease } from "../ports/flights";
import type { RecordStore } from "../ports/records";
import type { Telemetry } from "../ports/telemetry";
import type { StretchFetcher } from "./fetch-stretch";
import type { FlightTask } from "./task";

/** Milliseconds between two looks at a lease that another process holds, and between two renewals of our own. */
const LOOK_EVERY_MS = 100;
const RENEW_EVERY_MS = 1_000;

/** How a flight ended: with how many records read, or with what went wrong. */
export type FlightOutcome = { readonly records: number } | { readonly error: unknown };

/** Days by how recently they must have been checked. */
export type Wanted = ReadonlyMap<CivilDay, Requirement>;

/** Work under way that a caller can wait for and whose silence it can measure. */
export interface Flight {
  readonly outcome: Promise<FlightOutcome>;
  /** Milliseconds since something last arrived. */
  silentForMs(): number;
}

class Progress {
  private last = performance.now();
  private moved = false;
  readonly mark = (): void => {
    this.last = performance.now();
    this.moved = true;
  };
  follow(silentForMs: number): void {
    this.last = performance.now() - silentForMs;
  }
  silentForMs(): number {
    return performance.now() - this.last;
  }
  takeMoved(): boolean {
    const moved = this.moved;
    this.moved = false;
    return moved;
  }
}

/**
 * Brings days of an endpoint up to date, one flight per (account, endpoint) at a time over all processes. Waiters share the outcome
 * and read what is known again. Nobody's impatience ends a flight.
 */
export class Flights {
  private readonly underway = new Map<string, { outcome: Promise<FlightOutcome>; progress: Progress }>();

  constructor(
    private readonly parts: {
      readonly leases: FlightLeases;
      readonly store: RecordStore;
      readonly bell: Bell;
      readonly telemetry: Telemetry;
      readonly fetcher: StretchFetcher;
    },
  ) {}

  /** Sees to it that the days are known as required. */
  bring(task: FlightTask, wanted: Wanted): Flight {
    const progress = new Progress();
    const outcome = this.until(task, wanted, progress);
    return {
      outcome,
      silentForMs: () => this.underway.get(nameOf(keyOf(task)))?.progress.silentForMs() ?? progress.silentForMs(),
    };
  }

  /** Resolves when no flight of this process is under way. */
  async drained(): Promise<void> {
    while (this.underway.size > 0)
      await Promise.allSettled([...this.underway.values()].map((flight) => flight.outcome));
  }

  private async until(task: FlightTask, wanted: Wanted, progress: Progress): Promise<FlightOutcome> {
    const name = nameOf(keyOf(task));
    for (let first = true; ; first = false) {
      const others = this.underway.get(name);
      if (others) {
        const outcome = await others.outcome;
        if ("error" in outcome) return outcome;
      }
      // Right after somebody's flight the days may be known already; at first the caller has just looked.
      if (others || !first) {
        const missing = await this.missing(task, wanted).catch((error: unknown) => ({ error }));
        if ("error" in missing) return missing;
        if (missing.length === 0) return { records: 0 };
        if (this.underway.has(name)) continue;
      }
      const flown = this.fly(task, wanted, progress);
      const outcome = flown.then((end) => end ?? { records: 0 });
      this.underway.set(name, { outcome, progress });
      const end = await flown.finally(() => this.underway.delete(name));
      if (end) return end;
    }
  }

  /** One flight under the lease; null where another process flew and this one only waited. Never rejects. */
  private async fly(task: FlightTask, wanted: Wanted, progress: Progress): Promise<FlightOutcome | null> {
    const key = keyOf(task);
    const slug = task.configured.provider.slug;
    try {
      const lease = await this.parts.leases.acquire(key);
      if (!lease) {
        await this.awaitOther(key, progress);
        return null;
      }
      const outcome = await this.underLease(task, wanted, lease, progress);
      this.parts.telemetry.flight(slug, task.endpoint.name, "ok");
      return outcome;
    } catch (error) {
      this.parts.telemetry.flight(slug, task.endpoint.name, outcomeName(error));
      return { error };
    }
  }

  private async underLease(task: FlightTask, wanted: Wanted, lease: Lease, progress: Progress): Promise<FlightOutcome> {
    const key = keyOf(task);
    const renewal = setInterval(() => {
      this.parts.leases
        .renew(key, lease.owner, progress.takeMoved())
        .catch((error: unknown) => this.parts.telemetry.fault("renewing a lease", error));
    }, RENEW_EVERY_MS);
    try {
      const missing = await this.missing(task, wanted);
      return { records: await this.parts.fetcher.fetch(task, missing, lease, progress.mark) };
    } finally {
      clearInterval(renewal);
      await this.parts.leases
        .release(key, lease.owner)
        .catch((error: unknown) => this.parts.telemetry.fault("releasing a lease", error));
      this.parts.bell.ring(nameOf(key), "landed");
    }
  }

  private async awaitOther(key: FlightKey, progress: Progress): Promise<void> {
    let rung = false;
    const stop = this.parts.bell.listen(nameOf(key), () => {
      rung = true;
    });
    try {
      for (;;) {
        for (let waited = 0; waited < LOOK_EVERY_MS && !rung; waited += 10) await pause(10);
        const view = await this.parts.leases.view(key);
        if (!view) return;
        rung = false;
        progress.follow(view.silentForMs);
      }
    } finally {
      stop();
    }
  }

  private async missing(task: FlightTask, wanted: Wanted): Promise<CivilDay[]> {
    const days = [...wanted.keys()].sort();
    const [start, end] = [days[0], days.at(-1)];
    if (start === undefined || end === undefined) return [];
    const since = Math.min(...[...wanted.values()].map((requirement) => requirement.checkedSince));
    const snapshot = await this.parts.store.snapshot({
      personId: task.account.personId,
      accountIds: [task.account.id],
      endpoints: [task.endpoint.name],
      range: { start, end },
      checkedSince: since,
      withRecords: false,
    });
    const coverage = snapshot.coverage.find((one) => one.endpoint === task.endpoint.name);
    return days.filter((day) => !meets(knownDay(coverage, day), wanted.get(day) as Requirement));
  }
}

function outcomeName(error: unknown): string {
  if (error instanceof UpstreamFailure) return error.kind;
  return error instanceof Error ? error.name : "error";
}

function keyOf(task: FlightTask): FlightKey {
  return { personId: task.account.personId, accountId: task.account.id, endpoint: task.endpoint.name };
}

function nameOf(key: FlightKey): string {
  return `flight ${key.accountId} ${key.endpoint}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
