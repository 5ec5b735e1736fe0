import type { Endpoint } from "../../../providers/contract";
import { type CivilDay, chunksOf, contains, type DayRange, daysOf, stretchesOf, widen } from "../../domain/days";
import { UpstreamFailure } from "../../domain/errors";
import { isSettled } from "../../domain/freshness";
import { epochSeconds, type Instant, offsetOf } from "../../domain/instants";
import type { WearableRecord } from "../../domain/records";
import type { Lease } from "../ports/flights";
import type { PageKeeper } from "../ports/kept-pages";
import type { Fetched, RecordStore } from "../ports/records";
import type { Telemetry } from "../ports/telemetry";
import type { DataVersions } from "../ports/versions";
import { Asker, type AskingFor, type AskingParts } from "./ask";
import { Breakers } from "./breakers";
import { Companies } from "./company";
import { dateDocuments } from "./dating";
import { type AskPage, fetchPages, type WholeAnswer } from "./pages";
import { fetchResumably } from "./resuming";
import type { FlightTask } from "./task";
import { Urgency } from "./urgency";

const DAY_SECONDS = 86_400;

/** A whole answer, and when its first page was asked for: epoch seconds by the database's clock. */
type Answered = WholeAnswer & { readonly startedAt: number };

/** Who hears how a fetch goes on. */
export interface FetchWatch {
  readonly onProgress: AskingFor["onProgress"];
  /** A request is sent to the provider. */
  readonly onAsked: () => void;
  /** The wearer's latest known offset in minutes east of UTC, where the answer shows none. */
  readonly offsetMinutes: number | null;
  /** Whether somebody waits. Default: as the task's origin says. */
  readonly urgency?: Urgency;
  /** What the last commit is to note: it gives the lease back. Default: it is kept. */
  readonly landing?: () => NonNullable<Fetched["landing"]>;
}

/** Fetches missing days stretch by stretch, each whole and committed before the next. */
export class StretchFetcher {
  /** What rests at present; asking for single documents heeds it as well. */
  readonly breakers = new Breakers();
  private readonly companies = new Companies();

  constructor(
    private readonly parts: AskingParts & {
      readonly store: RecordStore;
      readonly pageKeeper: PageKeeper;
      readonly versions: DataVersions;
      readonly telemetry: Telemetry;
    },
  ) {}

  /** Fetches the days; returns how many records of them were read. Throws what asking, reading and committing throw. */
  async fetch(task: FlightTask, days: readonly CivilDay[], lease: Lease, watch: FetchWatch): Promise<number> {
    if (days.length === 0) return 0;
    const { before, after } = marginOf(task.endpoint);
    const { personId, id: accountId } = task.account;
    const outbound: AskingParts["outbound"] = {
      send: (request) => {
        watch.onAsked();
        return this.parts.outbound.send(request);
      },
    };
    const { onProgress, urgency = new Urgency(task.origin) } = watch;
    const asker = new Asker({ ...this.parts, outbound, breakers: this.breakers }, task.configured, {
      personId,
      accountId,
      onProgress,
      urgency,
    });
    // Where the vendor takes no range, every stretch is the same request.
    const answers = new Map<string, Answered>();
    let records = 0;
    const pieces = stretchesOf(days, before + after).flatMap((stretch) => this.chunks(task.endpoint, stretch));
    // History and second looks are nobody's answer, and may take long.
    const company = `${personId} ${accountId} ${task.account.grantNumber}`;
    const seat = task.origin === "LIVE" ? this.companies.join(company) : null;
    try {
      for (const [index, asked] of pieces.entries()) {
        const window = widen(asked, before, after);
        const name = JSON.stringify(task.endpoint.request(window, null));
        const pages = answers.get(name) ?? (await this.pages(task, window, asker, lease));
        answers.set(name, pages);
        if (index === 0) await seat?.arrived();
        records += await this.whole(task, asked, lease, pages, watch, index === pieces.length - 1);
      }
      return records;
    } finally {
      seat?.leave();
    }
  }

  private chunks(endpoint: Endpoint, stretch: DayRange): DayRange[] {
    const { before, after } = marginOf(endpoint);
    const most = endpoint.maxDaysPerRequest;
    return most === undefined ? [stretch] : chunksOf(stretch, Math.max(1, most - before - after));
  }

  private async pages(task: FlightTask, window: DayRange, asker: Asker, lease: Lease): Promise<Answered> {
    const { endpoint } = task;
    const ask: AskPage = (asked, cursor) => asker.json(endpoint.name, endpoint.request(asked, cursor));
    const { startedAt } = lease;
    try {
      // Someone who waits is not to wait for pages to be kept as well.
      if (task.origin === "BACKFILL") return await fetchResumably(this.parts.pageKeeper, task, window, ask, startedAt);
      return { ...(await fetchPages(endpoint, window, ask)), startedAt };
    } catch (error) {
      await this.keepUnreadable(task, error);
      throw error;
    }
  }

  private async whole(
    task: FlightTask,
    asked: DayRange,
    lease: Lease,
    pages: Answered,
    watch: FetchWatch,
    last: boolean,
  ): Promise<number> {
    const { endpoint } = task;
    const { startedAt } = pages;
    const answer = { ...(await dateDocuments(this.parts.store, task, asked, pages)), startedAt };
    const fetched = {
      ...this.fetched(task, asked, lease, answer, watch.offsetMinutes),
      ...(last && watch.landing !== undefined ? { landing: watch.landing() } : {}),
    };
    if (answer.setAside.length > 0) {
      this.parts.telemetry.setAside(task.configured.provider.slug, endpoint.name, answer.setAside.length);
    }
    const since = performance.now();
    const committed = await this.parts.store.commit(fetched);
    this.parts.versions.learned(task.account.personId, committed.version, since);
    return recordsOf(answer).filter((record) => contains(asked, record.day)).length;
  }

  /** `known`: the wearer's offset as it was known before. */
  private fetched(task: FlightTask, asked: DayRange, lease: Lease, answer: Answered, known: number | null): Fetched {
    const { account, configured, endpoint } = task;
    const { startedAt } = answer;
    const { before, after } = marginOf(endpoint);
    const offset = latestOffset(recordsOf(answer), startedAt + DAY_SECONDS);
    const offsetMinutes = offset?.minutes ?? known;
    const withRecords = new Set(recordsOf(answer).map((record) => record.day));
    const unread = answer.setAside.map((one) => ({
      raw: one.raw,
      path: one.path,
      problem: one.problem,
      dayTold: one.day !== undefined,
      days: daysOf(asked).filter((day) => (one.day === undefined ? !withRecords.has(day) : day === one.day)),
    }));
    const unreadDays = new Set(unread.flatMap((one) => one.days));
    const settled = (day: CivilDay) =>
      isSettled({
        day,
        checkedAt: startedAt,
        offsetMinutes,
        endsAtHour: endpoint.dayEndsAtHour ?? 24,
        settlesAfterDays: configured.provider.settlesAfterDays,
        empty: !withRecords.has(day),
      });
    return {
      personId: account.personId,
      accountId: account.id,
      provider: configured.provider.slug,
      endpoint: endpoint.name,
      grantNumber: account.grantNumber,
      origin: task.origin,
      ...(task.runId === undefined ? {} : { runId: task.runId }),
      ...(task.origin === "BACKFILL" && answer.pages > 1 ? { keptWindow: widen(asked, before, after) } : {}),
      leaseOwner: lease.owner,
      asked,
      startedAt,
      mapperVersion: configured.provider.mapperVersion,
      documents: answer.documents,
      unread,
      dependents: configured.provider.endpoints.flatMap((one) => (one.daysFrom === endpoint.name ? one.name : [])),
      settledDays: daysOf(asked).filter((day) => !unreadDays.has(day) && settled(day)),
      offset,
    };
  }

  private async keepUnreadable(task: FlightTask, error: unknown): Promise<void> {
    if (!(error instanceof UpstreamFailure) || !error.details.body) return;
    const where = {
      personId: task.account.personId,
      accountId: task.account.id,
      provider: task.configured.provider.slug,
      endpoint: task.endpoint.name,
    };
    await this.parts.store
      .keepUnreadable(where, error.message, error.details.body)
      .catch((fault: unknown) => this.parts.telemetry.fault("keeping an unreadable body", fault));
  }
}

function marginOf(endpoint: Endpoint): { before: number; after: number } {
  return endpoint.margin ?? { before: 0, after: 0 };
}

function recordsOf(answer: WholeAnswer): WearableRecord[] {
  return answer.documents.flatMap((document) => document.records);
}

/** The offset of the latest instant that shows the wearer's own; one that lies too far ahead is an error of the device's clock. */
function latestOffset(records: readonly WearableRecord[], notAfter: number): Fetched["offset"] {
  let latest: Fetched["offset"] = null;
  for (const instant of records.flatMap(instantsOf)) {
    const minutes = offsetOf(instant);
    const seenAt = epochSeconds(instant);
    if (minutes !== null && seenAt <= notAfter && (latest === null || seenAt > latest.seenAt))
      latest = { minutes, seenAt };
  }
  return latest;
}

function instantsOf(record: WearableRecord): Instant[] {
  if (record.kind === "sleep_session") return [record.end ?? record.start];
  return record.at === undefined ? [] : [record.at];
}
