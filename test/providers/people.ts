import type {
  Endpoint,
  Page,
  Provider,
  Synthetic,
  SyntheticAnswer,
  SyntheticPerson,
  WireDocument,
} from "../../providers/contract";
import { addDays, type CivilDay, chunksOf, civilDay, type DayRange, daysOf } from "../../src/domain/days";
import type { UndatedRecord, WearableRecord } from "../../src/domain/records";

/** The days of data that the simulator's people have by default. */
export const LAST_400_DAYS: DayRange = { start: civilDay("2025-10-01"), end: civilDay("2026-11-04") };

/** A synthetic person with data on every one of {@link LAST_400_DAYS}. */
export function somebody(changes: Partial<SyntheticPerson>): SyntheticPerson {
  return {
    seed: 11,
    vendorUserId: "wearer-11",
    firstDay: LAST_400_DAYS.start,
    lastDay: LAST_400_DAYS.end,
    offsetMinutes: 60,
    ...changes,
  };
}

const made = new WeakMap<Synthetic, Map<string, readonly unknown[]>>();

/** A day's documents, made once for all pages that they are on; the same whichever day is the latest. */
export function documentsOf(
  synthetic: Synthetic,
  name: string,
  person: SyntheticPerson,
  day: CivilDay,
  revision = 0,
): readonly unknown[] {
  const known = made.get(synthetic) ?? new Map<string, readonly unknown[]>();
  made.set(synthetic, known);
  const owner = { ...person, lastDay: LAST_400_DAYS.end };
  const key = JSON.stringify([name, day, revision, owner]);
  const documents = known.get(key) ?? synthetic.documents(name, owner, day, revision);
  known.set(key, documents);
  return documents;
}

/** Asks the synthetic cloud what the endpoint would ask the vendor. */
export function ask(
  provider: Provider,
  endpoint: Endpoint,
  person: SyntheticPerson,
  window: DayRange,
  cursor: string | null,
  pageSize: number | null,
  grantedScopes: readonly string[] = provider.oauth.scopes,
): SyntheticAnswer | null {
  const request = endpoint.request(window, cursor);
  return provider.synthetic.answer({
    method: request.method,
    path: request.path,
    query: request.query ?? {},
    form: request.form ?? {},
    grantedScopes,
    person,
    pageSize,
    documents: (name, range) => daysOf(range).flatMap((day) => documentsOf(provider.synthetic, name, person, day)),
  });
}

/**
 * A window as the engine asks for it: in pieces of the most days that a request may cover. Where the vendor looks back only so far,
 * each piece is asked when its last day was the latest.
 */
function piecesOf(endpoint: Endpoint, person: SyntheticPerson, window: DayRange) {
  const { maxDaysPerRequest, reachDays } = endpoint;
  const length = Math.min(maxDaysPerRequest ?? Number.POSITIVE_INFINITY, reachDays ?? Number.POSITIVE_INFINITY);
  if (length === Number.POSITIVE_INFINITY) return [{ person, window }];
  return chunksOf(window, length).map((piece) => {
    const lastDay = reachDays !== undefined && piece.end < person.lastDay ? piece.end : person.lastDay;
    return { person: { ...person, lastDay }, window: piece };
  });
}

/** Every page of a window to the end, at most `limit` of each piece. The bodies go through JSON as they would over HTTP. */
export function pagesOf(
  provider: Provider,
  endpoint: Endpoint,
  person: SyntheticPerson,
  window: DayRange,
  pageSize: number | null,
  limit = 1000,
): Page[] {
  const pages: Page[] = [];
  for (const piece of piecesOf(endpoint, person, window)) {
    let cursor: string | null = null;
    let count = 0;
    do {
      const answer = ask(provider, endpoint, piece.person, piece.window, cursor, pageSize);
      const page: Page = endpoint.read(JSON.parse(JSON.stringify(answer?.body ?? null)));
      pages.push(page);
      cursor = page.cursor;
      count += 1;
    } while (cursor !== null && count < limit);
  }
  return pages;
}

/** The window that the engine asks for to know these days. */
export function withMargin(endpoint: Endpoint, range: DayRange): DayRange {
  return {
    start: addDays(range.start, -(endpoint.margin?.before ?? 0)),
    end: addDays(range.end, endpoint.margin?.after ?? 0),
  };
}

/** All that a document says, with a day or without. */
export function saidBy(document: WireDocument): readonly (WearableRecord | UndatedRecord)[] {
  return [...document.records, ...(document.undated?.records ?? [])];
}

/** The records of an endpoint's pages with their days: those of documents that name none are looked up among the sleep sessions. */
export function datedRecords(
  provider: Provider,
  endpoint: Endpoint,
  person: SyntheticPerson,
  range: DayRange,
): WearableRecord[] {
  const read = (of: Endpoint) =>
    pagesOf(provider, of, person, withMargin(of, range), null).flatMap(({ documents }) => documents);
  const source = provider.endpoints.find(({ name }) => name === endpoint.daysFrom);
  const days = new Map<string, CivilDay>();
  for (const record of source ? read(source).flatMap(({ records }) => records) : []) {
    if (record.kind !== "sleep_session") continue;
    days.set(`session ${record.key}`, record.day);
    if (record.cycleKey !== undefined) days.set(`cycle ${record.cycleKey}`, record.day);
  }
  return read(endpoint).flatMap(({ records, undated }) => {
    if (!undated) return records;
    const { of, otherwise } = undated;
    const day = days.get("session" in of ? `session ${of.session}` : `cycle ${of.cycle}`) ?? otherwise;
    return day === undefined ? records : [...records, ...undated.records.map((record) => ({ ...record, day }))];
  });
}
