import type { Endpoint, Page, Provider, SyntheticAnswer, SyntheticPerson } from "../../providers/contract";
import { addDays, chunksOf, civilDay, type DayRange, daysOf } from "../../src/domain/days";

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
    documents: (name, range) => daysOf(range).flatMap((day) => provider.synthetic.documents(name, person, day, 0)),
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
