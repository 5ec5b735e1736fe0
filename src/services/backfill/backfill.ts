import type { Endpoint } from "../../../providers/contract";
import { type Backfill, isOver } from "../../domain/backfill";
import { knownDay, type Requirement } from "../../domain/coverage";
import { addDays, type CivilDay, daysOf } from "../../domain/days";
import { AccountFenced, ReconnectRequired, UpstreamFailure } from "../../domain/errors";
import type { Account } from "../../domain/people";
import { progressTopic } from "../changes/following";
import type { ConfiguredProvider } from "../fetching/ask";
import type { Flights } from "../fetching/flights";
import type { BackfillPlace, BackfillStep, BackfillStore } from "../ports/backfill";
import type { Bell } from "../ports/cache";
import { type Attempt, type JobRequest, Postponed, type Task } from "../ports/jobs";
import type { PersonStateSource } from "../ports/person-state";
import type { RecordStore } from "../ports/records";
import { troubleOf } from "../reading/trouble";
import { BACKFILL, backfillJob, chunkDays, earliestReached } from "./plan";

/** Known ever is known: history is not fetched again for its age. */
const EVER: Requirement = { checkedSince: 0, settledSuffices: true };

/** Seconds to wait where the provider asks to but does not say for how long, and over which waits are spread. */
const RETRY_SECONDS = 60;
const SPREAD_SECONDS = 5;

/** What fetching history needs of the rest of the gateway. */
export interface BackfillParts {
  readonly personState: PersonStateSource;
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly store: RecordStore;
  readonly flights: Flights;
  readonly backfills: BackfillStore;
  readonly bell: Bell;
  readonly now: () => number;
}

/** The history of an endpoint as its job finds it. `rows`: those of the account. */
interface Found {
  readonly place: BackfillPlace;
  readonly account: Account;
  readonly configured: ConfiguredProvider;
  readonly endpoint: Endpoint;
  readonly row: Backfill;
  readonly rows: readonly Backfill[];
  readonly firstDay: CivilDay;
}

/** Fetches history chunk by chunk, the newest days first. What is missing is what coverage does not know, so that reading and this share every page. */
export class Backfiller {
  constructor(private readonly parts: BackfillParts) {}

  /** The task: one job, one chunk; then it adds itself again, behind the others. */
  task(): Task {
    return {
      name: BACKFILL,
      lane: "bulk",
      run: (payload, attempt) => this.step(placeOf(payload), attempt),
    };
  }

  private async step(place: BackfillPlace, attempt: Attempt): Promise<void> {
    const found = await this.find(place);
    if (!found) return;
    const { missing, ready } = await this.missing(found);
    if (missing.length === 0) return this.keep(found, { state: "DONE" }, this.following(found));
    // The endpoint that dates this one's documents adds the job again when it has got on.
    if (ready.length === 0) return;
    if (found.row.state !== "RUNNING") await this.keep(found, { state: "RUNNING" }, []);
    const newest = ready.at(-1) as CivilDay;
    const from = addDays(newest, 1 - chunkDays(found.endpoint));
    const chunk = ready.filter((day) => day >= from);
    const { account, configured, endpoint, row } = found;
    const task = { account, configured, endpoint, origin: "BACKFILL", runId: row.runId } as const;
    const outcome = await this.parts.flights.bring(task, new Map(chunk.map((day) => [day, EVER]))).outcome;
    if ("error" in outcome) return this.failed(found, outcome.error, attempt);
    await this.keep(found, { state: "RUNNING" }, [backfillJob(place), ...this.following(found)]);
  }

  /** Null where there is nothing to do any more: unlinked, erased, no longer granted. */
  private async find(place: BackfillPlace): Promise<Found | null> {
    const { accounts } = await this.parts.personState(place.personId);
    const account = accounts.find(({ id, status }) => id === place.accountId && status === "ACTIVE");
    const configured = account && this.parts.providers.get(account.provider);
    const endpoint = configured?.provider.endpoints.find(({ name }) => name === place.endpoint);
    if (!account || !configured || !endpoint) return null;
    const rows = await this.parts.backfills.list(place.personId, [account.id]);
    const row = rows.find((one) => one.endpoint === endpoint.name);
    if (!row) return null;
    const reached = earliestReached(endpoint, this.parts.now());
    const firstDay = reached !== null && reached > row.firstDay ? reached : row.firstDay;
    return { place, account, configured, endpoint, row, rows, firstDay };
  }

  /** The days not known, ascending, and those of them whose sleep sessions are known or not going to be by themselves. */
  private async missing(found: Found): Promise<{ missing: readonly CivilDay[]; ready: readonly CivilDay[] }> {
    const { account, endpoint, row, rows, firstDay } = found;
    // One day more, for the documents of others that are dated by it.
    const start = this.dependents(found).length > 0 ? this.dayBefore(found) : firstDay;
    if (start > row.lastDay) return { missing: [], ready: [] };
    const leader = rows.find((one) => one.endpoint === endpoint.daysFrom && !isOver(one.state));
    const snapshot = await this.parts.store.snapshot({
      personId: account.personId,
      accountIds: [account.id],
      endpoints: [endpoint.name, ...(leader ? [leader.endpoint] : [])],
      range: { start: addDays(start, -1), end: row.lastDay },
      checkedSince: null,
      withRecords: false,
    });
    const coverageOf = (name: string) => snapshot.coverage.find((one) => one.endpoint === name);
    const own = coverageOf(endpoint.name);
    const missing = daysOf({ start, end: row.lastDay }).filter((day) => knownDay(own, day) === null);
    if (!leader) return { missing, ready: missing };
    const sessions = coverageOf(leader.endpoint);
    const dated = (day: CivilDay) => knownDay(sessions, day) !== null && knownDay(sessions, addDays(day, -1)) !== null;
    return { missing, ready: missing.filter(dated) };
  }

  private dayBefore({ endpoint, firstDay }: Found): CivilDay {
    const reached = earliestReached(endpoint, this.parts.now());
    const before = addDays(firstDay, -1);
    return reached !== null && reached > before ? firstDay : before;
  }

  /** The account's endpoints whose documents get their day from this one's sleep sessions. */
  private dependents({ configured, endpoint, rows }: Found): readonly Endpoint[] {
    const asked = new Set(rows.map((row) => row.endpoint));
    return configured.provider.endpoints.filter(({ name, daysFrom }) => daysFrom === endpoint.name && asked.has(name));
  }

  private following(found: Found): JobRequest[] {
    return this.dependents(found).map(({ name }) => backfillJob({ ...found.place, endpoint: name }));
  }

  private async keep(found: Found, step: Omit<BackfillStep, "firstDay">, jobs: readonly JobRequest[]): Promise<void> {
    const { place, firstDay, row } = found;
    await this.parts.backfills.keep(
      place,
      { ...step, firstDay: firstDay > row.lastDay ? row.lastDay : firstDay },
      jobs,
    );
    this.parts.bell.ring(progressTopic(place.personId), place.accountId);
  }

  private async failed(found: Found, error: unknown, attempt: Attempt): Promise<void> {
    if (error instanceof AccountFenced) {
      const now = await this.find(found.place);
      if (now?.account.grantNumber !== found.account.grantNumber) return;
    }
    const { code, message, retryAt } = troubleOf(error);
    if (error instanceof UpstreamFailure && error.kind === "RATE_LIMITED") {
      const until = (retryAt ?? this.parts.now() + RETRY_SECONDS) + Math.random() * SPREAD_SECONDS;
      await this.keep(found, { state: "WAITING", retryAt: until, error: { code, message } }, []);
      throw new Postponed(until, message);
    }
    const forGood =
      error instanceof ReconnectRequired || (error instanceof UpstreamFailure && error.kind === "SCOPE_MISSING");
    if (forGood || attempt.last) {
      await this.keep(found, { state: "FAILED", error: { code, message } }, this.following(found));
      if (forGood) return;
      throw error;
    }
    // The queue tries again after e^attempt seconds.
    const again = this.parts.now() + Math.exp(attempt.number);
    await this.keep(found, { state: "WAITING", retryAt: again, error: { code, message } }, []);
    throw error;
  }
}

function placeOf(payload: unknown): BackfillPlace {
  const { person, account, endpoint } = payload as Readonly<Record<string, unknown>>;
  if (typeof person !== "string" || typeof account !== "string" || typeof endpoint !== "string") {
    throw new TypeError("expected a job with the ids of a person and an account, and an endpoint");
  }
  return { personId: person, accountId: account, endpoint };
}
