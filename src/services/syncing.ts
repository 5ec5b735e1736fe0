import { randomUUID } from "node:crypto";
import type { Requirement } from "../domain/coverage";
import { type CivilDay, type DayRange, daysOf } from "../domain/days";
import { AccountFenced, ReconnectRequired, UpstreamFailure, UserFacingError } from "../domain/errors";
import { isFuture } from "../domain/freshness";
import type { SyncRunError } from "../domain/sync-runs";
import type { Account, Person, SyncingApi } from "./api";
import type { ConfiguredProvider } from "./fetching/ask";
import type { FlightOutcome, Flights } from "./fetching/flights";
import { bringAll } from "./fetching/round";
import type { SyncRunStore } from "./ports/sync-runs";
import type { DataVersions } from "./ports/versions";
import { awaitFlight, type Patience } from "./reading/patience";
import { type PersonStates, todayOf } from "./reading/person-state";
import { recordRun, runErrorOf } from "./sync-runs";

/** Someone who asks for a sync waits longer than someone who opens a screen. */
const PATIENCE: Patience = { silenceMs: 15_000, totalMs: 60_000 };

/** What an endpoint's part of a sync came to. */
interface Outcome {
  readonly endpoint: string;
  readonly outcome: FlightOutcome | "impatient";
}

/** Fetches a range again now, past every cache, through the same flights as reading. */
export class SyncService implements SyncingApi {
  constructor(
    private readonly parts: {
      readonly versions: DataVersions;
      readonly states: PersonStates;
      readonly flights: Flights;
      readonly runs: SyncRunStore;
      readonly providers: ReadonlyMap<string, ConfiguredProvider>;
      readonly now: () => number;
    },
  ) {}

  /** @inheritdoc */
  async sync(
    person: Person,
    input: { provider: string; range: DayRange },
  ): Promise<{ account: Account; fetchedRecords: number; failure: UserFacingError | null }> {
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
    const outcomes = await this.round(account, configured, input.range, wanted, now);
    const failures = outcomes.flatMap(({ outcome }) => failureOf(outcome) ?? []);
    const [failure = null] = failures;
    if (failure && failures.length === outcomes.length) throw failure;
    const records = outcomes.map(({ outcome }) =>
      outcome !== "impatient" && "records" in outcome ? outcome.records : 0,
    );
    return { account, fetchedRecords: records.reduce((sum, count) => sum + count, 0), failure };
  }

  /** Asks every endpoint; what one of them fails at takes nothing from the others. */
  private async round(
    account: Account,
    configured: ConfiguredProvider,
    range: DayRange,
    wanted: ReadonlyMap<CivilDay, Requirement>,
    now: number,
  ): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const run = { id: randomUUID(), personId: account.personId, accountId: account.id, range } as const;
    await recordRun(this.parts.runs, { ...run, trigger: "REQUESTED" }, async () => {
      const round = { account, configured, origin: "LIVE", runId: run.id, now } as const;
      const asked = bringAll(this.parts.flights, round, () => wanted).map(async ({ endpoint, flight }) => ({
        endpoint: endpoint.name,
        outcome: await awaitFlight(flight, PATIENCE),
      }));
      outcomes.push(...(await Promise.all(asked)));
      return outcomes.flatMap(errorOf);
    });
    return outcomes;
  }
}

function errorOf({ endpoint, outcome }: Outcome): SyncRunError[] {
  if (outcome === "impatient") {
    const message = "the provider has not answered in time";
    return [{ endpoint, code: "PROVIDER_UNAVAILABLE", message, retryAt: null }];
  }
  return "error" in outcome ? [runErrorOf(endpoint, outcome.error)] : [];
}

/** What the person has to be told; null where nothing. Throws what is no failure of the provider or the account. */
function failureOf(outcome: FlightOutcome | "impatient"): UserFacingError | null {
  if (outcome === "impatient") {
    return new UserFacingError("PROVIDER_UNAVAILABLE", "the provider has not answered in time");
  }
  if ("records" in outcome) return null;
  const { error } = outcome;
  if (error instanceof ReconnectRequired) return reconnect(error);
  if (error instanceof AccountFenced) {
    return new UserFacingError("NOT_CONNECTED", "this wearable was unlinked or linked again while it was fetched", {
      cause: error,
    });
  }
  if (!(error instanceof UpstreamFailure)) throw error;
  if (error.kind === "UNAUTHORIZED") return reconnect(error);
  const { retryAt } = error.details;
  return new UserFacingError(error.kind === "RATE_LIMITED" ? "RATE_LIMITED" : "PROVIDER_UNAVAILABLE", error.message, {
    cause: error,
    ...(retryAt === undefined ? {} : { retryAt }),
  });
}

function reconnect(cause?: unknown): UserFacingError {
  return new UserFacingError("RECONNECT_REQUIRED", "the person has to link this wearable again", { cause });
}
