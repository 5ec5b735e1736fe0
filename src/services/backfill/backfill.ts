import { type Endpoint, missingScopes } from "../../../providers/contract";
import { type Backfill, isOver } from "../../domain/backfill";
import { knownDay, meets, type Requirement } from "../../domain/coverage";
import { addDays, type CivilDay, daysOf } from "../../domain/days";
import { AccountFenced, ReconnectRequired, UpstreamFailure } from "../../domain/errors";
import { dayEnd, todaySpan } from "../../domain/freshness";
import type { Account } from "../../domain/people";
import { progressTopic } from "../changes/following";
import type { ConfiguredProvider } from "../fetching/ask";
import type { Flights } from "../fetching/flights";
import type { BackfillPlace, BackfillStep, BackfillStore } from "../ports/backfill";
import type { Bell } from "../ports/cache";
import { type Attempt, type JobRequest, Postponed, type Task } from "../ports/jobs";
import type { PersonStateSource } from "../ports/person-state";
import type { RecordStore } from "../ports/records";
import { scopesMissing, type Trouble, troubleOf } from "../reading/trouble";
import { BACKFILL, backfillJob, chunkDays, earliestReached } from "./plan";

/** Days before today whose last word is the nightly second look's. */
const SEEN_TO_DAYS = 7;

/** Seconds to wait where the provider asks to but does not say for how long, and over which waits are spread. */
const RETRY_SECONDS = 60;
const SPREAD_SECONDS = 5;
/** Seconds to wait for a provider that is out of reach: twice as long each time, within these bounds, and at most so many times: about a day. */
const SHORTEST_PAUSE = 15;
const LONGEST_PAUSE = 3_600;
const MOST_FAILURES = 30;

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
  /** What is enough to know of a day. */
  readonly enough: (day: CivilDay) => Requirement;
}

/** Fetches history chunk by chunk, the newest days first. What is missing is what coverage does not know, so that reading and this share every page. */
export class Backfiller {
  constructor(private readonly parts: BackfillParts) {}

  /** The task: one job, one chunk; then it adds itself again, behind the others. */
  task(): Task {
    return {
      name: BACKFILL,
      lane: "bulk",
      run: (payload, attempt) => this.step(payload, attempt),
    };
  }

  private async step(payload: unknown, attempt: Attempt): Promise<void> {
    const place = placeOf(payload);
    const found = await this.find(place);
    if (!found) return;
    const hindrance = hindranceOf(found);
    if (hindrance) return this.end(found, hindrance);
    const { failures } = found.row;
    const pages = await this.parts.backfills.keptPages(place);
    // A job that its process dies of too often is put aside. One that got on meanwhile is not what it died of: a new one takes its place.
    if (pages !== pagesOf(payload))
      return this.keep(found, { state: "RUNNING", failures }, [backfillJob(place, pages)]);
    const { missing, ready } = await this.missing(found);
    if (missing.length === 0) return this.keep(found, { state: "DONE", failures: 0 }, this.following(found));
    // The endpoint that dates this one's documents adds the job again when it has got on.
    if (ready.length === 0) return;
    if (found.row.state !== "RUNNING") await this.keep(found, { state: "RUNNING", failures }, []);
    const newest = ready.at(-1) as CivilDay;
    const from = addDays(newest, 1 - chunkDays(found.endpoint));
    const chunk = ready.filter((day) => day >= from);
    const { account, configured, endpoint, row } = found;
    const { signal } = attempt;
    const task = { account, configured, endpoint, origin: "BACKFILL", runId: row.runId, signal } as const;
    const outcome = await this.parts.flights.bring(task, new Map(chunk.map((day) => [day, found.enough(day)]))).outcome;
    if ("error" in outcome) return this.failed(found, outcome.error, attempt);
    await this.keep(found, { state: "RUNNING", failures: 0 }, [backfillJob(place), ...this.following(found)]);
  }

  /** Null where there is nothing to do any more: unlinked or erased. */
  private async find(place: BackfillPlace): Promise<Found | null> {
    const { accounts, offsetMinutes } = await this.parts.personState(place.personId);
    const account = accounts.find(({ id, status }) => id === place.accountId && status !== "DISCONNECTED");
    const configured = account && this.parts.providers.get(account.provider);
    const endpoint = configured?.provider.endpoints.find(({ name }) => name === place.endpoint);
    if (!account || !configured || !endpoint) return null;
    const rows = await this.parts.backfills.list(place.personId, [account.id]);
    const row = rows.find((one) => one.endpoint === endpoint.name);
    if (!row) return null;
    const now = this.parts.now();
    const reached = earliestReached(endpoint, now);
    const firstDay = reached !== null && reached > row.firstDay ? reached : row.firstDay;
    const seenTo = addDays(todaySpan(now, offsetMinutes).earliest, -SEEN_TO_DAYS);
    // History is not fetched again for its age; a day that was looked at while it lasted is not known, unless tonight it is looked at again.
    const enough = (day: CivilDay): Requirement => {
      const checkedSince = day < seenTo ? dayEnd(day, offsetMinutes, endpoint.dayEndsAtHour ?? 24) : 0;
      return { checkedSince, settledSuffices: true };
    };
    return { place, account, configured, endpoint, row, rows, firstDay, enough };
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
    const missing = daysOf({ start, end: row.lastDay }).filter((day) => !meets(knownDay(own, day), found.enough(day)));
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
    const now = this.parts.now();
    // What is fetched already is kept: another process goes on at the very page.
    if (attempt.signal.aborted) throw new Postponed(now, "the process stops");
    if (error instanceof AccountFenced) {
      const again = await this.find(found.place);
      if (again?.account.grantNumber !== found.account.grantNumber) return;
    }
    if (isLasting(error)) return this.end(found, troubleOf(error));
    const until = this.waitingUntil(found, error);
    if (until !== null) {
      await this.wait(found, error, until);
      throw new Postponed(until, "the provider asks to wait, or is out of reach");
    }
    if (attempt.last) await this.end(found, troubleOf(error));
    // The queue tries again after e^attempt seconds.
    else await this.wait(found, error, now + Math.exp(attempt.number));
    throw error;
  }

  /** When to go on (epoch seconds) after a failure that is nobody's fault here; null where it has to count as one. */
  private waitingUntil({ row }: Found, error: unknown): number | null {
    if (!(error instanceof UpstreamFailure)) return null;
    const now = this.parts.now();
    const { kind, details } = error;
    const spread = Math.random() * SPREAD_SECONDS;
    if (kind === "RATE_LIMITED") return (details.retryAt ?? now + RETRY_SECONDS) + spread;
    if (kind !== "UNAVAILABLE" || row.failures >= MOST_FAILURES) return null;
    const pause = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** row.failures);
    return Math.max(details.retryAt ?? 0, now + pause) + spread;
  }

  private wait(found: Found, error: unknown, retryAt: number): Promise<void> {
    const outOfReach = error instanceof UpstreamFailure && error.kind === "UNAVAILABLE";
    const failures = found.row.failures + (outOfReach ? 1 : 0);
    return this.keep(found, { state: "WAITING", failures, retryAt, error: troubleOf(error) }, []);
  }

  private end(found: Found, { code, message }: Pick<Trouble, "code" | "message">): Promise<void> {
    const error = { code, message };
    return this.keep(found, { state: "FAILED", failures: found.row.failures, error }, this.following(found));
  }
}

/** Whether nothing can be done before the person links again. */
function isLasting(error: unknown): boolean {
  if (error instanceof ReconnectRequired) return true;
  return error instanceof UpstreamFailure && (error.kind === "SCOPE_MISSING" || error.kind === "UNAUTHORIZED");
}

/** What keeps an endpoint from being asked at all until the person links again; null where nothing does. */
function hindranceOf({ account, configured, endpoint }: Found): Trouble | null {
  if (account.status !== "ACTIVE") return troubleOf(new ReconnectRequired("the grant was refused"));
  const missing = missingScopes(configured.provider, endpoint, account.grantedScopes);
  return missing.length > 0 ? scopesMissing(missing) : null;
}

function pagesOf(payload: unknown): number {
  const { pages } = payload as Readonly<Record<string, unknown>>;
  return typeof pages === "number" ? pages : 0;
}

function placeOf(payload: unknown): BackfillPlace {
  const { person, account, endpoint } = payload as Readonly<Record<string, unknown>>;
  if (typeof person !== "string" || typeof account !== "string" || typeof endpoint !== "string") {
    throw new TypeError("expected a job with the ids of a person and an account, and an endpoint");
  }
  return { personId: person, accountId: account, endpoint };
}
