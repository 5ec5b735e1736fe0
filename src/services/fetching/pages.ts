import { type Endpoint, type Page, type SetAside, type WireDocument, WireError } from "../../../providers/contract";
import type { DayRange } from "../../domain/days";
import { UpstreamFailure } from "../../domain/errors";
import { textOf } from "../../domain/json-text";

/** A chain of pages longer than this is taken for endless. */
const MAX_PAGES = 1_000;

/** What is read, with the JSON text that it came as in place of the parsed value. */
type AsText<Read> = Omit<Read, "raw"> & { readonly raw: string };

/** Every page of an endpoint over a window. */
export interface WholeAnswer {
  readonly documents: readonly AsText<WireDocument>[];
  readonly setAside: readonly AsText<SetAside>[];
  readonly pages: number;
}

/** The body of an answer of status 204: there is none. */
export const NO_CONTENT = Symbol("no content");

/** Asks for one page: sends the endpoint's request and returns the body as parsed JSON, or {@link NO_CONTENT}. */
export type AskPage = (window: DayRange, cursor: string | null) => Promise<unknown>;

/**
 * Follows an endpoint's pages to the end. Throws {@link UpstreamFailure} INVALID_RESPONSE where an envelope cannot be read, a cursor
 * comes twice or the chain does not end: there is no partial answer.
 */
export async function fetchPages(endpoint: Endpoint, window: DayRange, ask: AskPage): Promise<WholeAnswer> {
  const documents: AsText<WireDocument>[] = [];
  const setAside: AsText<SetAside>[] = [];
  const seen = new Set<string>();
  let cursor: string | null = null;
  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const page = readPage(endpoint, await ask(window, cursor));
    documents.push(...page.documents.map(asText));
    setAside.push(...page.setAside.map(asText));
    if (page.cursor === null) return { documents: newestOfEach(documents), setAside, pages };
    if (seen.has(page.cursor)) {
      throw new UpstreamFailure("INVALID_RESPONSE", `${endpoint.name}: the page cursor came a second time`);
    }
    seen.add(page.cursor);
    cursor = page.cursor;
  }
  throw new UpstreamFailure("INVALID_RESPONSE", `${endpoint.name}: no end after ${MAX_PAGES} pages`);
}

function readPage(endpoint: Endpoint, body: unknown): Page {
  if (body === NO_CONTENT) {
    if (endpoint.noContent) return { documents: [], setAside: [], cursor: null };
    throw new UpstreamFailure("INVALID_RESPONSE", `${endpoint.name}: expected a body, got status 204`);
  }
  try {
    return endpoint.read(body);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UpstreamFailure("INVALID_RESPONSE", `${endpoint.name}: ${error.message}`, {
      cause: error,
      body: Buffer.from(textOf(body)),
    });
  }
}

function asText<Read extends { readonly raw: unknown }>(read: Read): AsText<Read> {
  return { ...read, raw: textOf(read.raw) };
}

/** Of documents with one id the one revised last stays; where the vendor does not say, the one that came last. */
function newestOfEach(documents: WholeAnswer["documents"]): WholeAnswer["documents"] {
  const newest = new Map<string, AsText<WireDocument>>();
  for (const document of documents) {
    const rival = newest.get(document.id);
    const older =
      rival?.revisedAt && document.revisedAt && Date.parse(document.revisedAt) < Date.parse(rival.revisedAt);
    if (!older) newest.set(document.id, document);
  }
  return [...newest.values()];
}
