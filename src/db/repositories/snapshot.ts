import type { EndpointCoverage } from "../../domain/coverage";
import { addDays, type CivilDay, civilDay, type DayRange, daysOf } from "../../domain/days";
import { GatewayError } from "../../domain/errors";
import type { KeptRecord, RecordKind } from "../../domain/records";
import type { Snapshot, SnapshotRequest } from "../../services/ports/records";
import type { Database } from "../database";
import { recordOf } from "../record-text";
import { STATE_COLUMNS, stateOfText } from "./person-state";

/** A range of a datemultirange as PostgreSQL writes it: the end is exclusive. */
type WireRange = readonly [start: string, endExclusive: string];

interface SnapshotRow {
  version: string;
  offset_minutes: number | null;
  /** A row of {@link STATE_COLUMNS} as JSON. */
  state: string | null;
  checked: { account: string; endpoint: string; day: string; at: number }[] | null;
  settled: { account: string; endpoint: string; ranges: WireRange[] }[] | null;
  unread: { account: string; endpoint: string; ranges: WireRange[] }[] | null;
  checks: { account: string; endpoint: string; ranges: WireRange[]; at: number }[] | null;
  /** Of each record, comma-separated: the places of its account and endpoint among those asked for (from 1), and when it was received. */
  accounts: string | null;
  endpoints: string;
  received: string;
  kinds: string;
  keys: readonly string[];
  /** How many days after the first that was asked for. */
  days: string;
  /** What `recordText` wrote of each, with `],[` between them. */
  bodies: string;
}

const RANGES = (column: string) =>
  `(SELECT json_agg(json_build_array(lower(r), upper(r))) FROM unnest(${column} * datemultirange(daterange($4, $5, '[]'))) AS r)`;
const HERE = "t.person_id = $1 AND t.account_id = ANY ($2) AND t.endpoint = ANY ($3)";

// One statement is one snapshot: coverage, records and version cannot disagree. Records come column by column, each as one text, and their
// bodies as they are: making rows of JSON takes twice as long.
const SNAPSHOT = `
SELECT p.data_version::text AS version, p.utc_offset_minutes AS offset_minutes,
  CASE WHEN $8::boolean THEN (SELECT to_json(s)::text FROM (SELECT ${STATE_COLUMNS}) AS s) END AS state,
  (SELECT json_agg(json_build_object('account', t.account_id, 'endpoint', t.endpoint, 'day', t.day,
      'at', extract(epoch FROM t.checked_at)::float8))
   FROM coverage_days t WHERE ${HERE} AND t.day BETWEEN $4 AND $5) AS checked,
  (SELECT json_agg(json_build_object('account', t.account_id, 'endpoint', t.endpoint, 'ranges', ${RANGES("t.known")}))
   FROM coverage_settled t WHERE ${HERE}) AS settled,
  (SELECT json_agg(json_build_object('account', t.account_id, 'endpoint', t.endpoint, 'ranges', ${RANGES("t.days")}))
   FROM set_aside_documents t WHERE ${HERE} AND t.days && daterange($4, $5, '[]') AND t.expires_at > now()) AS unread,
  (SELECT json_agg(json_build_object('account', t.account_id, 'endpoint', t.endpoint, 'ranges', ${RANGES("t.days")},
      'at', extract(epoch FROM t.started_at)::float8))
   FROM fetches t WHERE ${HERE} AND $6::float8 IS NOT NULL AND t.started_at >= to_timestamp($6::float8)
     AND t.days && daterange($4, $5, '[]')) AS checks, r.*
FROM people p, LATERAL (
  SELECT string_agg(array_position($2, t.account_id)::text, ',') AS accounts, string_agg(array_position($3, t.endpoint)::text, ',') AS endpoints,
    string_agg(date_part('epoch', t.fetch_started_at)::text, ',') AS received, string_agg(t.kind, ',') AS kinds, json_agg(t.key) AS keys,
    string_agg((t.day - $4::date)::text, ',') AS days, string_agg(t.body, '],[') AS bodies
  FROM records t WHERE $7::boolean AND ${HERE} AND t.day BETWEEN $4 AND $5 AND t.body IS NOT NULL) r
WHERE p.id = $1`;

/** Everything of some accounts over a range of days, read by one statement. */
export async function readSnapshot(database: Database, request: SnapshotRequest): Promise<Snapshot> {
  const { personId, accountIds, endpoints, range, checkedSince, withRecords, belief = null } = request;
  const asked = [personId, accountIds, endpoints, range.start, range.end, checkedSince, withRecords, belief !== null];
  const [row] = await database.read<SnapshotRow>(personId, { name: "snapshot", text: SNAPSHOT }, asked);
  if (!row) throw new GatewayError("UNAUTHENTICATED", "this person is not known here");
  const coverage = new Coverages();
  for (const { account, endpoint, day, at } of row.checked ?? [])
    coverage.at(account, endpoint).checkedAt.set(civilDay(day), at);
  for (const { account, endpoint, ranges } of row.settled ?? [])
    coverage.at(account, endpoint).settled.push(...fromWire(ranges));
  for (const { account, endpoint, ranges } of row.unread ?? []) {
    for (const day of fromWire(ranges).flatMap(daysOf)) coverage.at(account, endpoint).unreadDays.add(day);
  }
  for (const { account, endpoint, ranges, at } of row.checks ?? []) {
    coverage.at(account, endpoint).recentChecks.push({ days: fromWire(ranges), at });
  }
  return {
    version: row.version,
    offsetMinutes: row.offset_minutes,
    coverage: coverage.all(),
    records: recordsOf(request, row),
    state: belief && row.state !== null ? stateOfText(personId, row.state, belief) : null,
  };
}

interface MutableCoverage extends EndpointCoverage {
  readonly checkedAt: Map<CivilDay, number>;
  readonly settled: DayRange[];
  readonly unreadDays: Set<CivilDay>;
  readonly recentChecks: { days: DayRange[]; at: number }[];
}

class Coverages {
  private readonly byName = new Map<string, MutableCoverage>();

  at(accountId: string, endpoint: string): MutableCoverage {
    const name = `${accountId} ${endpoint}`;
    const known = this.byName.get(name) ?? {
      accountId,
      endpoint,
      checkedAt: new Map(),
      settled: [],
      unreadDays: new Set(),
      recentChecks: [],
    };
    this.byName.set(name, known);
    return known;
  }

  all(): readonly EndpointCoverage[] {
    return [...this.byName.values()];
  }
}

function fromWire(ranges: readonly WireRange[] | null): DayRange[] {
  return (ranges ?? []).map(([start, end]) => ({ start: civilDay(start), end: addDays(civilDay(end), -1) }));
}

/** Records of one endpoint of one account. */
type ByDay = Map<CivilDay, KeptRecord[]>;
type ByEndpoint = Map<string, ByDay>;

function recordsOf({ accountIds, endpoints, range }: SnapshotRequest, row: SnapshotRow): Map<string, ByEndpoint> {
  const accounts = new Map<string, ByEndpoint>();
  if (row.accounts === null) return accounts;
  const [ofAccount, ofEndpoint, ofDay, received] = [row.accounts, row.endpoints, row.days, row.received].map(numbersOf);
  const kinds = row.kinds.split(",") as RecordKind[];
  const days = daysOf(range);
  const bodies: readonly (readonly unknown[])[] = JSON.parse(`[[${row.bodies}]]`);
  for (let index = 0; index < bodies.length; index++) {
    const account = accountIds[(ofAccount?.[index] ?? 0) - 1];
    const endpoint = endpoints[(ofEndpoint?.[index] ?? 0) - 1];
    const day = days[ofDay?.[index] ?? -1];
    const [kind, key, receivedAt, values] = [kinds[index], row.keys[index], received?.[index], bodies[index]];
    if (!(account && endpoint && kind && day && values) || key === undefined || receivedAt === undefined) {
      throw new RangeError(`expected ${bodies.length} records column by column, got fewer in one`);
    }
    const byDay = found(found(accounts, account, newByEndpoint), endpoint, newByDay);
    found(byDay, day, newList).push({ endpoint, receivedAt, record: recordOf(kind, key, day, values) });
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

function numbersOf(text: string): readonly number[] {
  return JSON.parse(`[${text}]`);
}
