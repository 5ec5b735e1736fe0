import type { Endpoint } from "../../../providers/contract";
import { assemble } from "../../domain/assembly";
import { type EndpointCoverage, knownAtAll, knownDay, meets, type Requirement, SETTLED } from "../../domain/coverage";
import { AssembledDay } from "../../domain/daily";
import type { CivilDay } from "../../domain/days";
import { dayEnd } from "../../domain/freshness";
import type { KeptRecord } from "../../domain/records";
import type { Wanted } from "../fetching/flights";
import type { Snapshot } from "../ports/records";
import type { Cell } from "./cells";
import { demand, outOfReach, type Source } from "./questions";
import type { Trouble } from "./trouble";

/** What a snapshot says of each endpoint of a source. */
type Coverages = readonly (EndpointCoverage | undefined)[];

/** What a snapshot says of a source, the same for each of its days. */
interface Seen {
  readonly coverages: Coverages;
  readonly offsetMinutes: number | null;
  readonly endsAtHour: number;
}

/** What is known of one source's days while a query is answered: the days wanted, the cells found, and what went wrong. */
export class Sheet {
  wanted: Wanted = new Map();
  private readonly known = new Map<CivilDay, Cell>();
  /** What {@link lacking} said last, until something changes. */
  private lack: readonly CivilDay[] | null = null;
  readonly troubles: Trouble[] = [];
  /** Days that flights have just brought: as new as can be, whatever the clocks say. */
  private readonly brought = new Set<CivilDay>();

  /** `today`: the latest day that is today anywhere. */
  constructor(
    readonly source: Source,
    private readonly today: CivilDay,
  ) {}

  /** The provider's slug. */
  get provider(): string {
    return this.source.configured.provider.slug;
  }

  /** Whether the day is further back than the provider answers: it is never asked, and what is known of it stays. */
  beyondReach(day: CivilDay): boolean {
    return this.endpointsReaching(day).length < this.source.endpoints.length;
  }

  /** The cells found so far. */
  get cells(): ReadonlyMap<CivilDay, Cell> {
    return this.known;
  }

  /** Takes the cell of a day, in place of one before; null for none. */
  take(day: CivilDay, cell: Cell | null): void {
    this.lack = null;
    if (cell) this.known.set(day, cell);
    else this.known.delete(day);
  }

  /** Adds days that a question wants. */
  want(wanted: Wanted): void {
    this.lack = null;
    if (this.wanted.size === 0) {
      this.wanted = wanted;
      return;
    }
    const all = new Map(this.wanted);
    demand(all, wanted);
    this.wanted = all;
  }

  /** The days that no cell meets the requirement of, ascending; what no endpoint answers for any more is as new as it can be. */
  lacking(): readonly CivilDay[] {
    if (this.lack) return this.lack;
    const days: CivilDay[] = [];
    this.wanted.forEach((requirement, day) => {
      const cell = this.known.get(day);
      if (!cell || !(meets(cell.known, requirement) || this.endpointsReaching(day).length === 0)) days.push(day);
    });
    this.lack = ascend(days) ? days : days.sort();
    return this.lack;
  }

  /** Every flight for this source has come back well. */
  landed(): void {
    for (const day of this.wanted.keys()) this.brought.add(day);
  }

  /** Whether what is known of a day is as new as required. */
  fresh(day: CivilDay, requirement: Requirement): boolean {
    const cell = this.cells.get(day);
    return cell !== undefined && (meets(cell.known, requirement) || this.brought.has(day) || this.beyondReach(day));
  }

  /** Whether every day is known at least from an older check. */
  coversAll(): boolean {
    return [...this.wanted.keys()].every((day) => this.cells.has(day));
  }

  /** The days that each endpoint has to be asked for before the lacking days are known. */
  unmet(snapshot: Snapshot): Map<string, Map<CivilDay, Requirement>> {
    const byEndpoint = new Map<string, Map<CivilDay, Requirement>>();
    const lacking = this.lacking();
    for (const endpoint of this.source.endpoints) {
      const coverage = this.coverageOf(snapshot, endpoint.name);
      const days = lacking.filter(
        (day) => !outOfReach(endpoint, day, this.today) && !meets(knownDay(coverage, day), this.requirement(day)),
      );
      if (days.length > 0) byEndpoint.set(endpoint.name, new Map(days.map((day) => [day, this.requirement(day)])));
    }
    return byEndpoint;
  }

  /** Makes cells of some days out of a snapshot, as far as it knows them, in place of those before; returns those made. */
  fill(snapshot: Snapshot, days: readonly CivilDay[]): Map<CivilDay, Cell> {
    const { endpoints } = this.source;
    const coverages = endpoints.map((endpoint) => this.coverageOf(snapshot, endpoint.name));
    const { offsetMinutes } = snapshot;
    const endsAtHour = Math.max(...endpoints.map((endpoint) => endpoint.dayEndsAtHour ?? 24));
    const seen: Seen = { coverages, offsetMinutes, endsAtHour };
    const kept = snapshot.records.get(this.source.account.id);
    const records = endpoints.map((endpoint) => kept?.get(endpoint.name)).filter((byDay) => byDay !== undefined);
    const made = new Map<CivilDay, Cell>();
    for (const day of days) {
      const cell = this.cellOf(day, seen, ofDay(records, day));
      if (cell) made.set(day, cell);
      this.take(day, cell);
    }
    return made;
  }

  private requirement(day: CivilDay): Requirement {
    return this.wanted.get(day) ?? { checkedSince: Number.POSITIVE_INFINITY, settledSuffices: false };
  }

  private endpointsReaching(day: CivilDay): readonly Endpoint[] {
    return this.source.endpoints.filter((endpoint) => !outOfReach(endpoint, day, this.today));
  }

  private cellOf(day: CivilDay, seen: Seen, records: readonly KeptRecord[]): Cell | null {
    const { coverages, offsetMinutes, endsAtHour } = seen;
    const known = knownAtAll(coverages, day);
    if (!known) return this.beyondReach(day) ? this.unreachableCell(day, coverages) : null;
    const dayOver = known.settled || (known.checkedAt ?? 0) > dayEnd(day, offsetMinutes, endsAtHour);
    const values = assemble(this.source.metric, day, records, { settled: known.settled, dayOver });
    const unread = coverages.some((coverage) => coverage?.unreadDays.has(day));
    return { days: values.map((value) => new AssembledDay(this.provider, value)), known, unread, unreachable: false };
  }

  /** Without it, a day that cannot be asked for would be looked up in the database by every query. */
  private unreachableCell(day: CivilDay, coverages: Coverages): Cell | null {
    const reaching = coverages.filter((_one, place) => {
      const endpoint = this.source.endpoints[place];
      return endpoint !== undefined && !outOfReach(endpoint, day, this.today);
    });
    const known = reaching.length > 0 ? knownAtAll(reaching, day) : SETTLED;
    return known && { days: [], known, unread: false, unreachable: true };
  }

  private coverageOf(snapshot: Snapshot, endpoint: string): EndpointCoverage | undefined {
    return snapshot.coverage.find((one) => one.accountId === this.source.account.id && one.endpoint === endpoint);
  }
}

/** The records that each of some endpoints has of a day. */
function ofDay(byDay: readonly ReadonlyMap<CivilDay, readonly KeptRecord[]>[], day: CivilDay): readonly KeptRecord[] {
  const [first, ...others] = byDay;
  const ofFirst = first?.get(day) ?? [];
  return others.length > 0 ? ofFirst.concat(...others.map((one) => one.get(day) ?? [])) : ofFirst;
}

function ascend(days: readonly CivilDay[]): boolean {
  for (let place = 1; place < days.length; place++) if ((days[place - 1] ?? "") > (days[place] ?? "")) return false;
  return true;
}
