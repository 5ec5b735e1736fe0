import { knownDay, meets, type Requirement } from "../../domain/coverage";
import type { CivilDay } from "../../domain/days";
import { UpstreamFailure } from "../../domain/errors";
import type { Bell } from "../ports/cache";
import type { FlightKey, FlightLeases, Lease } from "../ports/flights";
import type { RecordStore } from "../ports/records";
import type { Telemetry } from "../ports/telemetry";
import type { StretchFetcher } from "./fetch-stretch";
import { type FlightTask, sessionDaysFor } from "./task";
import { Urgency } from "./urgency";

/** Milliseconds between two looks at a lease that another process holds. */
const LOOK_EVERY_MS = 100;
/** Milliseconds between two renewals of a lease of our own, and between two where something has arrived since. */
const RENEW_EVERY_MS = 1_000;
const TELL_EVERY_MS = 200;
/** Rung by a process in which somebody waits for another's flight. */
const HURRY = "hurry";

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
  private askedAt: number | null = null;
  /** A request is sent to the provider. */
  readonly asked = (): void => {
    this.askedAt = performance.now();
  };
  /** Milliseconds since the provider was asked; null where it was not. */
  askedMsAgo(): number | null {
    return this.askedAt === null ? null : performance.now() - this.askedAt;
  }
  /** Something has arrived, or nothing has for some milliseconds. */
  readonly mark = (silentForMs = 0): void => {
    this.last = performance.now() - silentForMs;
  };
  silentForMs(): number {
    return performance.now() - this.last;
  }
}

/** A flight of this process: `begunAt` by its own monotonic clock, and the days that it has asked for. */
interface Flying {
  readonly progress: Progress;
  readonly urgency: Urgency;
  readonly grantNumber: number;
  asked: { readonly begunAt: number; readonly days: readonly CivilDay[] } | null;
}

/**
 * Brings days of an endpoint up to date, one flight per (account, endpoint) at a time over all processes. Waiters share the outcome
 * and read what is known again. Nobody's impatience ends a flight.
 */
export class Flights {
  private readonly underway = new Map<string, { readonly flying: Flying; readonly outcome: Promise<FlightOutcome> }>();

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
      silentForMs: () =>
        this.underway.get(nameOf(keyOf(task)))?.flying.progress.silentForMs() ?? progress.silentForMs(),
    };
  }

  /** Resolves when no flight of this process is under way. */
  async drained(): Promise<void> {
    while (this.underway.size > 0)
      await Promise.allSettled([...this.underway.values()].map((flight) => flight.outcome));
  }

  private async until(task: FlightTask, wanted: Wanted, progress: Progress): Promise<FlightOutcome> {
    const name = nameOf(keyOf(task));
    const cameAt = performance.now();
    const open = new Map(wanted);
    for (let first = true; ; first = false) {
      const others = this.underway.get(name);
      if (others) {
        if (task.origin === "LIVE") others.flying.urgency.hurry();
        const outcome = await others.outcome;
        // What became of a flight for a linking that is over says nothing to the one after it.
        if ("error" in outcome && others.flying.grantNumber === task.account.grantNumber) return outcome;
        // Days asked for after this caller came are new enough, whatever the clocks of gateway and database say.
        const { asked } = others.flying;
        if ("records" in outcome && asked && asked.begunAt >= cameAt) for (const day of asked.days) open.delete(day);
      }
      // Right after somebody's flight the days may be known already; at first the caller has just looked.
      if (others || !first) {
        const missing = await this.look(task, open).catch((error: unknown) => ({ error }));
        if ("error" in missing) return missing;
        if (missing.days.length === 0) return { records: 0 };
        if (this.underway.has(name)) continue;
      }
      const end = await this.takeOff(name, task, open, progress);
      if (end) return end;
    }
  }

  private async takeOff(
    name: string,
    task: FlightTask,
    wanted: Wanted,
    progress: Progress,
  ): Promise<FlightOutcome | null> {
    progress.mark();
    const urgency = new Urgency(task.origin);
    const flying: Flying = { progress, urgency, grantNumber: task.account.grantNumber, asked: null };
    const flown = this.fly(task, wanted, flying).finally(() => this.underway.delete(name));
    this.underway.set(name, { flying, outcome: flown.then((end) => end ?? { records: 0 }) });
    return flown;
  }

  /** One flight under the lease; null where another process flew and this one only waited. Never rejects. */
  private async fly(task: FlightTask, wanted: Wanted, flying: Flying): Promise<FlightOutcome | null> {
    const key = keyOf(task);
    const slug = task.configured.provider.slug;
    try {
      const lease = await this.parts.leases.acquire(key);
      if (!lease) {
        flying.urgency.onHurry(() => this.parts.bell.ring(nameOf(key), HURRY));
        await this.awaitOther(key, flying.progress);
        return null;
      }
      const outcome = await this.underLease(task, wanted, lease, flying);
      this.parts.telemetry.flight(slug, task.endpoint.name, "ok");
      return outcome;
    } catch (error) {
      this.parts.telemetry.flight(slug, task.endpoint.name, outcomeName(error));
      return { error };
    }
  }

  private async underLease(task: FlightTask, wanted: Wanted, lease: Lease, flying: Flying): Promise<FlightOutcome> {
    const key = keyOf(task);
    const { progress } = flying;
    const renewal = this.keepRenewed(key, lease, progress);
    const deaf = this.parts.bell.listen(nameOf(key), (message) => message === HURRY && flying.urgency.hurry());
    let landed = false;
    try {
      const { days, offsetMinutes } = await this.look(task, wanted);
      await this.sessionsFirst(task, days, wanted, flying);
      flying.asked = { begunAt: performance.now(), days };
      const landing = () => ({ askedMsAgo: progress.askedMsAgo() });
      const { mark: onProgress, asked: onAsked } = progress;
      const watch = { onProgress, onAsked, urgency: flying.urgency, landing, offsetMinutes };
      const records = await this.parts.fetcher.fetch(task, days, lease, watch);
      // The last commit has given the lease back.
      landed = days.length > 0;
      return { records };
    } finally {
      deaf();
      clearInterval(renewal);
      if (!landed) {
        await this.parts.leases
          .release(key, lease.owner, progress.askedMsAgo())
          .catch((error: unknown) => this.parts.telemetry.fault("releasing a lease", error));
      }
      this.parts.bell.ring(nameOf(key), "landed");
    }
  }

  /** Documents that name a sleep session get its day: the sessions of these days have to be known before. */
  private async sessionsFirst(
    task: FlightTask,
    days: readonly CivilDay[],
    wanted: Wanted,
    { progress, urgency }: Flying,
  ): Promise<void> {
    const { daysFrom } = task.endpoint;
    const endpoint = task.configured.provider.endpoints.find((one) => one.name === daysFrom);
    if (!endpoint || days.length === 0) return;
    const asked = new Map([...wanted].filter(([day]) => days.includes(day)));
    const flight = this.bring({ ...task, endpoint }, sessionDaysFor(asked));
    urgency.onHurry(() => this.underway.get(nameOf(keyOf({ ...task, endpoint })))?.flying.urgency.hurry());
    const following = setInterval(() => progress.mark(flight.silentForMs()), LOOK_EVERY_MS);
    const outcome = await flight.outcome.finally(() => clearInterval(following));
    if ("error" in outcome) throw outcome.error;
    progress.mark();
  }

  private keepRenewed(key: FlightKey, lease: Lease, progress: Progress): NodeJS.Timeout {
    let renewedAt = performance.now();
    return setInterval(() => {
      const sinceRenewal = performance.now() - renewedAt;
      const silentForMs = progress.silentForMs();
      if (sinceRenewal < RENEW_EVERY_MS && silentForMs > sinceRenewal) return;
      renewedAt = performance.now();
      this.parts.leases
        .renew(key, lease.owner, silentForMs)
        .catch((error: unknown) => this.parts.telemetry.fault("renewing a lease", error));
    }, TELL_EVERY_MS);
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
        progress.mark(view.silentForMs);
      }
    } finally {
      stop();
    }
  }

  /** The days that are not known as required, and the wearer's latest known offset in minutes east of UTC. */
  private async look(task: FlightTask, wanted: Wanted): Promise<{ days: CivilDay[]; offsetMinutes: number | null }> {
    const days = [...wanted.keys()].sort();
    const [start, end] = [days[0], days.at(-1)];
    if (start === undefined || end === undefined) return { days: [], offsetMinutes: null };
    const requirements = [...wanted.values()];
    const ageMatters = requirements.some((requirement) => !requirement.settledSuffices);
    const snapshot = await this.parts.store.snapshot({
      personId: task.account.personId,
      accountIds: [task.account.id],
      endpoints: [task.endpoint.name],
      range: { start, end },
      checkedSince: ageMatters ? Math.min(...requirements.map((requirement) => requirement.checkedSince)) : null,
      withRecords: false,
    });
    const coverage = snapshot.coverage.find((one) => one.endpoint === task.endpoint.name);
    const missing = days.filter((day) => !meets(knownDay(coverage, day), wanted.get(day) as Requirement));
    return { days: missing, offsetMinutes: snapshot.offsetMinutes };
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
