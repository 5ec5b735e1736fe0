import type { EndpointCoverage } from "../../domain/coverage";
import { addDays, type CivilDay, civilDay, type DayRange, daysOf } from "../../domain/days";
import { GatewayError } from "../../domain/errors";
import type { KeptRecord, RecordKind } from "../../domain/records";
import type { Snapshot, SnapshotRequest } from "../../services/ports/records";
import type { Database } from "../database";
import { recordOf } from "../record-text";
import { stateOfText } from "./person-state";
import { type SnapshotRow, snapshotStatement, type WireRecords } from "./snapshot-statement";

/** Everything of some accounts over a range of days, read by one statement. */
export async function readSnapshot(database: Database, request: SnapshotRequest): Promise<Snapshot> {
  const { personId, belief = null } = request;
  const { statement, values } = snapshotStatement(request);
  const [row] = await database.read<SnapshotRow>(personId, statement, values);
  if (!row) throw new GatewayError("UNAUTHENTICATED", "this person is not known here");
  return {
    version: row.version,
    offsetMinutes: row.offset_minutes,
    coverage: coverageOf(request, row.coverage),
    records: recordsOf(request, row.records ?? null),
    state: belief && row.state !== undefined ? stateOfText(personId, row.state, belief) : null,
  };
}

interface MutableCoverage extends EndpointCoverage {
  readonly checkedAt: Map<CivilDay, number>;
  readonly settled: DayRange[];
  readonly unreadDays: Set<CivilDay>;
  readonly recentChecks: { days: DayRange[]; at: number }[];
}

function coverageOf({ accountIds, endpoints }: SnapshotRequest, text: string): readonly EndpointCoverage[] {
  const byPlaces = new Map<string, MutableCoverage>();
  const at = (account: string, endpoint: string): MutableCoverage => {
    const places = `${account} ${endpoint}`;
    const known = byPlaces.get(places) ?? {
      accountId: atPlace(accountIds, Number(account)),
      endpoint: atPlace(endpoints, Number(endpoint)),
      checkedAt: new Map(),
      settled: [],
      unreadDays: new Set(),
      recentChecks: [],
    };
    byPlaces.set(places, known);
    return known;
  };
  const [checked, settled, unread, checks] = text.split("|").map(rowsOf);
  for (const [account = "", endpoint = "", day = "", seconds] of checked ?? [])
    at(account, endpoint).checkedAt.set(civilDay(day), Number(seconds));
  for (const [account = "", endpoint = "", ranges = ""] of settled ?? [])
    at(account, endpoint).settled.push(...fromWire(ranges));
  for (const [account = "", endpoint = "", ranges = ""] of unread ?? []) {
    for (const day of fromWire(ranges).flatMap(daysOf)) at(account, endpoint).unreadDays.add(day);
  }
  for (const [account = "", endpoint = "", seconds, ranges = ""] of checks ?? [])
    at(account, endpoint).recentChecks.push({ days: fromWire(ranges), at: Number(seconds) });
  return [...byPlaces.values()];
}

function rowsOf(text: string): readonly string[][] {
  return text === "" ? [] : text.split(";").map((row) => row.split(" "));
}

/** What is at a place of a list, counted from 1. */
function atPlace<T>(list: readonly T[], place: number): T {
  const found = list[place - 1];
  if (found === undefined) throw new RangeError(`expected a place from 1 to ${list.length}, got ${place}`);
  return found;
}

/** A range of a datemultirange as PostgreSQL writes it: the end is exclusive. */
const RANGE = /\[([\d-]+),([\d-]+)\)/g;

function fromWire(ranges: string): DayRange[] {
  return Array.from(ranges.matchAll(RANGE), ([, start = "", end = ""]) => {
    return { start: civilDay(start), end: addDays(civilDay(end), -1) };
  });
}

/** Records of one endpoint of one account. */
type ByDay = Map<CivilDay, KeptRecord[]>;
type ByEndpoint = Map<string, ByDay>;

function recordsOf({ accountIds, endpoints, range }: SnapshotRequest, text: string | null): Map<string, ByEndpoint> {
  const accounts = new Map<string, ByEndpoint>();
  if (text === null) return accounts;
  const days = daysOf(range);
  const groups: readonly WireRecords[] = JSON.parse(`[${text}]`);
  for (const [account, endpointPlace, kind, ofDay, received, keys, bodies] of groups) {
    const endpoint = atPlace(endpoints, endpointPlace);
    const byDay = found(found(accounts, atPlace(accountIds, account), newByEndpoint), endpoint, newByDay);
    for (let index = 0; index < bodies.length; index++) {
      const day = days[ofDay[index] ?? -1];
      const [key, receivedAt, values] = [keys[index], received[index], bodies[index]];
      if (day === undefined || values === undefined || key === undefined || receivedAt === undefined) {
        throw new RangeError(`expected ${bodies.length} records in lists of their values, got fewer in one`);
      }
      found(byDay, day, newList).push({
        endpoint,
        receivedAt,
        record: recordOf(kind as RecordKind, key, day, values),
      });
    }
  }
  return accounts;
}

const newByEndpoint = (): ByEndpoint => new Map();
const newByDay = (): ByDay => new Map();
const newList = (): KeptRecord[] => [];

/** What a map has under a name, made where it has nothing. */
function found<Name, Value>(map: Map<Name, Value>, name: Name, make: () => Value): Value {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
