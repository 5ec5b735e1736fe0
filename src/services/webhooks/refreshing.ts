import { randomUUID } from "node:crypto";
import { type Endpoint, missingScopes } from "../../../providers/contract";
import type { Requirement } from "../../domain/coverage";
import { addDays, type CivilDay, daysOf } from "../../domain/days";
import { ReconnectRequired, UpstreamFailure } from "../../domain/errors";
import { isFuture, todaySpan } from "../../domain/freshness";
import type { SyncRunError } from "../../domain/sync-runs";
import type { Flights } from "../fetching/flights";
import { sessionDaysFor } from "../fetching/task";
import type { SyncRunStore } from "../ports/sync-runs";
import type { EventOutcome, WaitingEvent } from "../ports/webhook-inbox";
import { demand, latestAnywhere, outOfReach } from "../reading/questions";
import { recordRun, runErrorOf } from "../sync-runs";
import type { AccountAt, Locating } from "./locating";

/** How many days are read again where nothing tells which. */
const RECENT_DAYS = 7;

/** What became of an event on one account: an outcome, or what went wrong, to be tried again. */
export type Refreshed = EventOutcome | { readonly error: unknown };

/** Brings what events tell of up to date on one account: each endpoint is read once, for all days that any of them concerns. */
export class Refreshing {
  constructor(
    private readonly parts: {
      readonly locating: Locating;
      readonly flights: Flights;
      readonly runs: SyncRunStore;
      /** The wearer's latest known offset in minutes east of UTC. */
      readonly offsetOf: (personId: string) => Promise<number | null>;
      readonly now: () => number;
    },
  ) {}

  /** What became of each event. Never rejects for what the provider does. */
  async refresh(at: AccountAt, events: readonly WaitingEvent[]): Promise<ReadonlyMap<WaitingEvent, Refreshed>> {
    try {
      const wanted = await this.wanted(at, events);
      const ends = await this.bring(at, wanted);
      return new Map(events.map((event) => [event, endOf(event.event.endpoints.map((name) => ends.get(name)))]));
    } catch (error) {
      const end = ended(error);
      return new Map(events.map((event) => [event, end]));
    }
  }

  /** The days of each endpoint, to be checked later than the newest of the events came. */
  private async wanted(
    at: AccountAt,
    events: readonly WaitingEvent[],
  ): Promise<Map<Endpoint, Map<CivilDay, Requirement>>> {
    const days = await this.parts.locating.daysOf(
      at,
      events.map(({ event }) => event),
    );
    const now = this.parts.now();
    const today = todaySpan(now, await this.parts.offsetOf(at.account.personId));
    const recent = daysOf({ start: addDays(today.earliest, 1 - RECENT_DAYS), end: today.latest });
    const wanted = new Map<Endpoint, Map<CivilDay, Requirement>>();
    for (const { event, receivedSeconds } of events) {
      const found = [...(days.get(event) ?? [])];
      // A traveller's today may lie ahead of the zone that is known of them.
      const about = (found.length > 0 ? found : recent).filter((day) => !isFuture(day, todaySpan(now, null)));
      const requirement = { checkedSince: receivedSeconds, settledSuffices: false };
      for (const endpoint of at.configured.provider.endpoints.filter(({ name }) => event.endpoints.includes(name))) {
        const reached = about.filter((day) => !outOfReach(endpoint, day, latestAnywhere(now)));
        const onto = wanted.get(endpoint) ?? new Map<CivilDay, Requirement>();
        demand(onto, new Map(reached.map((day) => [day, requirement])));
        wanted.set(endpoint, onto);
      }
    }
    return wanted;
  }

  private async bring(
    { account, configured }: AccountAt,
    wanted: ReadonlyMap<Endpoint, Map<CivilDay, Requirement>>,
  ): Promise<ReadonlyMap<string, Refreshed>> {
    for (const [endpoint, days] of wanted) {
      // Asked in one piece with what others need of it to be dated.
      const sessions = [...wanted].find(([{ name }]) => name === endpoint.daysFrom);
      if (sessions) demand(sessions[1], sessionDaysFor(days));
    }
    const ends = new Map<string, Refreshed>();
    const asked = [...wanted].filter(([endpoint, days]) => {
      const granted = missingScopes(configured.provider, endpoint, account.grantedScopes).length === 0;
      ends.set(endpoint.name, granted ? "BROUGHT" : "SCOPE_MISSING");
      return granted && days.size > 0;
    });
    const days = asked.flatMap(([, of]) => [...of.keys()]).sort();
    const [start, end] = [days[0], days.at(-1)];
    if (start === undefined || end === undefined) return ends;
    const run = { id: randomUUID(), personId: account.personId, accountId: account.id, range: { start, end } } as const;
    await recordRun(this.parts.runs, { ...run, trigger: "WEBHOOK" }, async () => {
      const flown = asked.map(async ([endpoint, of]): Promise<readonly SyncRunError[]> => {
        const task = { account, configured, endpoint, origin: "LIVE", runId: run.id } as const;
        const outcome = await this.parts.flights.bring(task, of).outcome;
        if (!("error" in outcome)) return [];
        ends.set(endpoint.name, ended(outcome.error));
        return [runErrorOf(endpoint.name, outcome.error)];
      });
      return (await Promise.all(flown)).flat();
    });
    return ends;
  }
}

function ended(error: unknown): Refreshed {
  if (error instanceof ReconnectRequired) return "RECONNECT_REQUIRED";
  if (error instanceof UpstreamFailure && error.kind === "UNAUTHORIZED") return "RECONNECT_REQUIRED";
  if (error instanceof UpstreamFailure && error.kind === "SCOPE_MISSING") return "SCOPE_MISSING";
  return { error };
}

const BEST_FIRST: readonly EventOutcome[] = [
  "BROUGHT",
  "RECONNECT_REQUIRED",
  "SCOPE_MISSING",
  "DISCONNECTED",
  "UNKNOWN_USER",
];

/** One end of several: what failed has to be tried again; else the best that was done for anybody counts. None: IGNORED. */
export function endOf(ends: readonly (Refreshed | undefined)[]): Refreshed {
  const failed = ends.find((end) => typeof end === "object");
  return failed ?? BEST_FIRST.find((outcome) => ends.includes(outcome)) ?? "IGNORED";
}
