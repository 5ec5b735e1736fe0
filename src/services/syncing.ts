import { type Endpoint, missingScopes } from "../../providers/contract";
import type { Requirement } from "../domain/coverage";
import { type CivilDay, type DayRange, daysOf } from "../domain/days";
import { AccountFenced, ReconnectRequired, UpstreamFailure, UserFacingError } from "../domain/errors";
import { isFuture } from "../domain/freshness";
import type { Account, Person, SyncingApi } from "./api";
import type { ConfiguredProvider } from "./fetching/ask";
import type { FlightOutcome, Flights } from "./fetching/flights";
import { sessionDaysFor } from "./fetching/task";
import type { DataVersions } from "./ports/versions";
import { awaitFlight, type Patience } from "./reading/patience";
import { type PersonStates, todayOf } from "./reading/person-state";
import { latestAnywhere, outOfReach } from "./reading/questions";

/** Someone who asks for a sync waits longer than someone who opens a screen. */
const PATIENCE: Patience = { silenceMs: 15_000, totalMs: 60_000 };

/** Fetches a range again now, past every cache, through the same flights as reading. */
export class SyncService implements SyncingApi {
  constructor(
    private readonly parts: {
      readonly versions: DataVersions;
      readonly states: PersonStates;
      readonly flights: Flights;
      readonly providers: ReadonlyMap<string, ConfiguredProvider>;
      readonly now: () => number;
    },
  ) {}

  /** @inheritdoc */
  async sync(
    person: Person,
    input: { provider: string; range: DayRange },
  ): Promise<{ account: Account; fetchedRecords: number }> {
    const { version } = await this.parts.versions.current(person.id);
    const state = await this.parts.states.at(person.id, version);
    const account = state.accounts.find((one) => one.provider === input.provider && one.status !== "DISCONNECTED");
    const configured = this.parts.providers.get(input.provider);
    if (!account || !configured) throw new UserFacingError("NOT_CONNECTED", "this wearable is not linked");
    if (account.status === "RECONNECT_REQUIRED") throw reconnect();
    const now = this.parts.now();
    const today = todayOf(state, now);
    const days = daysOf(input.range).filter((day) => !isFuture(day, today));
    const wanted = new Map<CivilDay, Requirement>(
      days.map((day) => [day, { checkedSince: now, settledSuffices: false }]),
    );
    const endpoints = grantedEndpoints(configured, account);
    const counts = await Promise.all(
      endpoints.map((endpoint) => {
        // Asked in one piece with what others need of it to be dated.
        const named = endpoints.some((one) => one.daysFrom === endpoint.name);
        const all = named ? sessionDaysFor(wanted) : wanted;
        const reached = [...all].filter(([day]) => !outOfReach(endpoint, day, latestAnywhere(now)));
        return this.bring(account, configured, endpoint, new Map(reached));
      }),
    );
    return { account, fetchedRecords: counts.reduce((sum, count) => sum + count, 0) };
  }

  private async bring(
    account: Account,
    configured: ConfiguredProvider,
    endpoint: Endpoint,
    wanted: ReadonlyMap<CivilDay, Requirement>,
  ): Promise<number> {
    if (wanted.size === 0) return 0;
    const flight = this.parts.flights.bring({ account, configured, endpoint, origin: "LIVE" }, wanted);
    return recordsOf(await awaitFlight(flight, PATIENCE));
  }
}

function grantedEndpoints(configured: ConfiguredProvider, account: Account): readonly Endpoint[] {
  return configured.provider.endpoints.filter(
    (endpoint) => missingScopes(configured.provider, endpoint, account.grantedScopes).length === 0,
  );
}

function recordsOf(outcome: FlightOutcome | "impatient"): number {
  if (outcome === "impatient")
    throw new UserFacingError("PROVIDER_UNAVAILABLE", "the provider has not answered in time");
  if ("records" in outcome) return outcome.records;
  const { error } = outcome;
  if (error instanceof ReconnectRequired) throw reconnect(error);
  if (error instanceof AccountFenced) {
    throw new UserFacingError("NOT_CONNECTED", "this wearable was unlinked or linked again while it was fetched", {
      cause: error,
    });
  }
  if (!(error instanceof UpstreamFailure)) throw error;
  if (error.kind === "UNAUTHORIZED") throw reconnect(error);
  const { retryAt } = error.details;
  throw new UserFacingError(error.kind === "RATE_LIMITED" ? "RATE_LIMITED" : "PROVIDER_UNAVAILABLE", error.message, {
    cause: error,
    ...(retryAt === undefined ? {} : { retryAt }),
  });
}

function reconnect(cause?: unknown): UserFacingError {
  return new UserFacingError("RECONNECT_REQUIRED", "the person has to link this wearable again", { cause });
}
