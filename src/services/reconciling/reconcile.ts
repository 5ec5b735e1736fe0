import type { Endpoint } from "../../../providers/contract";
import { type EndpointCoverage, knownDay, meets, type Requirement } from "../../domain/coverage";
import { addDays, type CivilDay, type DayRange, daysOf } from "../../domain/days";
import { AccountFenced, ReconnectRequired, UpstreamFailure } from "../../domain/errors";
import { dayEnd, todaySpan } from "../../domain/freshness";
import type { Account } from "../../domain/people";
import type { SyncRunError } from "../../domain/sync-runs";
import { backfillJob } from "../backfill/plan";
import type { ConfiguredProvider } from "../fetching/ask";
import type { Flights } from "../fetching/flights";
import { bringAll } from "../fetching/round";
import { grantedEndpoints } from "../fetching/task";
import type { BackfillStore } from "../ports/backfill";
import { type Attempt, Postponed, type Task } from "../ports/jobs";
import type { PersonState, PersonStateSource } from "../ports/person-state";
import type { RecordStore } from "../ports/records";
import type { SyncRunStore } from "../ports/sync-runs";
import type { Tokens } from "../ports/tokens";
import { outOfReach } from "../reading/questions";
import { recordRun, runErrorOf } from "../sync-runs";
import { RECONCILE_ACCOUNT } from "./turns";

/** Days before today that are read again each night: within these, vendors revise and deliver late. */
const READ_AGAIN_DAYS = 7;
/** The furthest back that a night looks for days which no check has settled. */
const LOOK_BACK_DAYS = 366;
const DAY_SECONDS = 86_400;
/** Seconds after which a turn is not put off any more: the next night's is near. */
const GIVEN_UP_SECONDS = 12 * 3_600;

/** What reconciling needs of the rest of the gateway. */
export interface ReconcilingParts {
  readonly personState: PersonStateSource;
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly store: RecordStore;
  readonly flights: Flights;
  readonly tokens: Tokens;
  readonly backfills: BackfillStore;
  readonly runs: SyncRunStore;
  readonly now: () => number;
}

/** An account at its turn. `older`: days before those read again, by endpoint, with how recently they must have been checked. */
interface Turn {
  readonly account: Account;
  readonly configured: ConfiguredProvider;
  readonly recent: DayRange;
  readonly older: ReadonlyMap<string, ReadonlyMap<CivilDay, Requirement>>;
}

/** What one endpoint's part of a turn failed with. */
interface Failed {
  readonly endpoint: string | null;
  readonly error: unknown;
}

/** Reads an account's last days again whatever is known of them: what no notice told of is repaired, and the grant is seen to be alive. */
export class Reconciler {
  constructor(private readonly parts: ReconcilingParts) {}

  /** The task that reconciles one account. */
  task(): Task {
    return { name: RECONCILE_ACCOUNT, lane: "bulk", run: (payload, attempt) => this.reconcile(payload, attempt) };
  }

  private async reconcile(payload: unknown, attempt: Attempt): Promise<void> {
    const { person: personId, account: accountId, run } = payload as Readonly<Record<string, unknown>>;
    if (typeof personId !== "string" || typeof accountId !== "string" || typeof run !== "string") {
      throw new TypeError("expected a job with the ids of a person, an account and a run");
    }
    const state = await this.parts.personState(personId);
    const account = state.accounts.find(({ id, status }) => id === accountId && status === "ACTIVE");
    const configured = account && this.parts.providers.get(account.provider);
    if (!account || !configured) return;
    const turn = await this.turnOf(account, configured, state);
    const olderDays = [...turn.older.values()].flatMap((days) => [...days.keys()]).sort();
    const range = { start: olderDays[0] ?? turn.recent.start, end: turn.recent.end };
    const begin = { id: run, personId, accountId, trigger: "RECONCILIATION", range } as const;
    await recordRun(this.parts.runs, begin, async ({ startedAt }) => {
      const failures = await this.round(turn, run, startedAt);
      await this.parts.backfills.rearm(personId, accountId, backfillJob);
      this.again(failures, startedAt, attempt);
      return failures.map(({ endpoint, error }): SyncRunError => runErrorOf(endpoint, error));
    });
  }

  private async turnOf(account: Account, configured: ConfiguredProvider, state: PersonState): Promise<Turn> {
    const today = todaySpan(this.parts.now(), state.offsetMinutes);
    const recent = { start: addDays(today.earliest, -READ_AGAIN_DAYS), end: today.latest };
    return { account, configured, recent, older: await this.olderDays(account, configured, state, recent.start) };
  }

  /** Days since the linking that were never checked, or not since the vendor could no longer revise them: where the gateway was down for long. */
  private async olderDays(
    account: Account,
    configured: ConfiguredProvider,
    { offsetMinutes }: PersonState,
    before: CivilDay,
  ): Promise<Turn["older"]> {
    const linked = todaySpan(account.connectedAt, offsetMinutes).earliest;
    const furthest = addDays(before, -LOOK_BACK_DAYS);
    const range = { start: linked > furthest ? linked : furthest, end: addDays(before, -1) };
    if (range.start > range.end) return new Map();
    const endpoints = grantedEndpoints(configured, account);
    const { coverage } = await this.parts.store.snapshot({
      personId: account.personId,
      accountIds: [account.id],
      endpoints: endpoints.map(({ name }) => name),
      range,
      checkedSince: null,
      withRecords: false,
    });
    const settles = configured.provider.settlesAfterDays * DAY_SECONDS;
    const requirementOf = (endpoint: Endpoint, day: CivilDay): Requirement => ({
      checkedSince: dayEnd(day, offsetMinutes, endpoint.dayEndsAtHour ?? 24) + settles,
      settledSuffices: true,
    });
    const unmet = (endpoint: Endpoint, known: EndpointCoverage | undefined) =>
      daysOf(range).flatMap((day) => {
        const requirement = requirementOf(endpoint, day);
        return meets(knownDay(known, day), requirement) ? [] : [[day, requirement] as const];
      });
    return new Map(
      endpoints.map((endpoint) => {
        const known = coverage.find((one) => one.endpoint === endpoint.name);
        const reached = unmet(endpoint, known).filter(([day]) => !outOfReach(endpoint, day, this.latestAnywhere()));
        return [endpoint.name, new Map(reached)];
      }),
    );
  }

  private latestAnywhere(): CivilDay {
    return todaySpan(this.parts.now(), null).latest;
  }

  /** What failed; an attempt after another asks only for what no attempt has brought since the run began. */
  private async round(turn: Turn, runId: string, startedAt: number): Promise<readonly Failed[]> {
    const { account, configured, recent, older } = turn;
    try {
      // Renews a token that has run out even where nothing has to be asked: a refused grant shows at the latest tonight.
      await this.parts.tokens.accessToken(account.personId, account.id);
    } catch (error) {
      return [{ endpoint: null, error }];
    }
    const since: Requirement = { checkedSince: startedAt, settledSuffices: false };
    const round = { account, configured, origin: "RECONCILIATION", runId, now: this.parts.now() } as const;
    const flights = bringAll(this.parts.flights, round, ({ name }) => {
      return new Map([...(older.get(name) ?? []), ...daysOf(recent).map((day) => [day, since] as const)]);
    });
    const outcomes = await Promise.all(
      flights.map(async ({ endpoint, flight }) => ({ endpoint: endpoint.name, outcome: await flight.outcome })),
    );
    return outcomes.flatMap(({ endpoint, outcome }) =>
      "error" in outcome ? [{ endpoint, error: outcome.error }] : [],
    );
  }

  /** Throws where the turn is to be taken again: at the time that the provider names, or as the queue repeats what failed in passing. */
  private again(failures: readonly Failed[], startedAt: number, attempt: Attempt): void {
    const passing = failures.filter(({ error }) => !isLasting(error));
    const [first] = passing;
    if (!first || this.parts.now() - startedAt > GIVEN_UP_SECONDS) return;
    const waits = passing.flatMap(({ error }) =>
      error instanceof UpstreamFailure ? (error.details.retryAt ?? []) : [],
    );
    if (waits.length === passing.length)
      throw new Postponed(Math.max(...waits) + Math.random(), "the provider asked to wait");
    if (!attempt.last) throw first.error;
  }
}

/** Whether trying again tonight would not help. */
function isLasting(error: unknown): boolean {
  if (error instanceof ReconnectRequired || error instanceof AccountFenced) return true;
  return error instanceof UpstreamFailure && (error.kind === "SCOPE_MISSING" || error.kind === "REJECTED");
}
