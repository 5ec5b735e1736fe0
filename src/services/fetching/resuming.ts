import type { DayRange } from "../../domain/days";
import { UpstreamFailure } from "../../domain/errors";
import type { Interrupted, KeptPage, PagedWindow, PageKeeper } from "../ports/kept-pages";
import { type AskPage, fetchPages, type WholeAnswer } from "./pages";
import type { FlightTask } from "./task";

/** A whole answer, and when its first page was asked for, epoch seconds by the database's clock. */
export type ResumedAnswer = WholeAnswer & { readonly startedAt: number };

/**
 * Follows an endpoint's pages to the end, and where a fetch of the same window was interrupted, from the very page on where it
 * ended. Rows are then replaced as by a fetch that started when its first page did. Where the provider does not take an old cursor
 * any more, everything is fetched anew. Throws what {@link fetchPages} and keeping pages throw.
 */
export async function fetchResumably(
  keeper: PageKeeper,
  task: FlightTask,
  window: DayRange,
  ask: AskPage,
  startedAt: number,
): Promise<ResumedAnswer> {
  const { account, configured, endpoint } = task;
  const place: PagedWindow = {
    personId: account.personId,
    accountId: account.id,
    provider: configured.provider.slug,
    endpoint: endpoint.name,
    grantNumber: account.grantNumber,
    window,
  };
  const asking: AskPage = (asked, cursor) => {
    if (task.signal?.aborted) throw new UpstreamFailure("UNAVAILABLE", "the process stops", { sent: false });
    return ask(asked, cursor);
  };
  const fetch = async (from: Interrupted): Promise<ResumedAnswer> => {
    const pages = await fetchPages(endpoint, window, keeping(keeper, place, asking, from));
    return { ...pages, startedAt: from.startedAt };
  };
  const before = await keeper.interrupted(place);
  if (!before) return fetch({ startedAt, pages: [] });
  try {
    return await fetch(before);
  } catch (error) {
    if (!(error instanceof UpstreamFailure) || !OUTDATED.has(error.kind)) throw error;
    await keeper.forget(place);
    return fetch({ startedAt, pages: [] });
  }
}

/** Failures that may be the fault of a cursor from before. */
const OUTDATED: ReadonlySet<string> = new Set(["REJECTED", "INVALID_RESPONSE"]);

/** Asks as `ask` does, but not again for pages that are there; keeps each page once the next one is asked for, so that a single page costs nothing. */
function keeping(keeper: PageKeeper, place: PagedWindow, ask: AskPage, { pages, startedAt }: Interrupted): AskPage {
  const known = new Map(pages.map((page) => [page.cursor, page.body]));
  let number = pages.length;
  let last: KeptPage | null = null;
  return async (window, cursor) => {
    if (known.has(cursor)) return known.get(cursor);
    if (last) await keeper.keep(place, number, last, startedAt);
    const body = await ask(window, cursor);
    number += 1;
    last = { cursor, body };
    return body;
  };
}
