import type { CivilDay, DayRange } from "../../src/domain/days";
import type { Instant } from "../../src/domain/instants";
import type { MeasuredField } from "../../src/domain/measured";
import type { HrvMethod, RecordKind, UndatedRecord, WearableRecord } from "../../src/domain/records";

/** A request to the vendor's API; the engine adds origin, credentials and deadline. */
export interface UpstreamRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Absolute path on the vendor's API origin. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** A JSON body, for calls that want one. */
  readonly json?: unknown;
}

/** Which sleep session a document belongs to: by the session's own key, or by the physiological cycle that it names. */
export type SessionReference = { readonly session: string } | { readonly cycle: string };

/** Records of a document that names no day but a sleep session; they get that session's day before they count as known. */
export interface Undated {
  readonly of: SessionReference;
  readonly records: readonly UndatedRecord[];
  /** The day where the sessions of it and of the day before are known and none of them is meant. Default: undated until there is one. */
  readonly otherwise?: CivilDay;
}

/** One of the vendor's documents: as it came, and what it means. No records: a document that says that nothing counts. */
export interface WireDocument {
  /** The vendor's id of the document, or the instant where it gives none. */
  readonly id: string;
  readonly raw: unknown;
  readonly records: readonly WearableRecord[];
  readonly undated?: Undated;
  /** When the vendor last revised it; of two documents with one id the newer counts, without this the later in the answer. */
  readonly revisedAt?: Instant;
}

/** A document that could not be read; it is set aside and counted, the others stand. `path` names the field at fault, never its value. */
export interface SetAside {
  readonly raw: unknown;
  readonly path: string;
  readonly problem: string;
  /** The civil day that it is about, where at least that can be told. */
  readonly day?: CivilDay;
}

/** One page of an endpoint. `cursor`: opaque, asks for the next page; null at the end. */
export interface Page {
  readonly documents: readonly WireDocument[];
  readonly setAside: readonly SetAside[];
  readonly cursor: string | null;
}

/** One of the vendor's list endpoints, as data and pure functions. */
export interface Endpoint {
  /** Stable name: the database, metrics and fixtures use it. */
  readonly name: string;
  /** The kinds of record that its documents become. */
  readonly yields: readonly RecordKind[];
  /** The measured fields of assembled days that its records fill, by their common names. Default: none. */
  readonly fills?: readonly MeasuredField[];
  /** Methods of the heart rate variability that it yields. */
  readonly hrvMethods?: readonly HrvMethod[];
  /** Scopes, in the vendor's own words, without which it answers nothing. */
  readonly scopes: readonly string[];
  /** How many days a window must reach beyond the days wanted, for vendors that filter on another instant than the day. Default: 0. */
  readonly margin?: { readonly before: number; readonly after: number };
  /** The most days that one request may cover, margin included. Default: no limit. */
  readonly maxDaysPerRequest?: number;
  /** The endpoint of the sleep sessions that this one's undated records refer to. */
  readonly daysFrom?: string;
  /** The vendor answers only for so many days back from today and never more; older days are never asked. Default: no limit. */
  readonly reachDays?: number;
  /** Status 204 says that there are no documents. Default: an answer without a body is no answer that can be read. */
  readonly noContent?: boolean;
  /** Hours after midnight at which the vendor's civil day is over, in the wearer's zone (28: at 04:00 of the next). Default: 24. */
  readonly dayEndsAtHour?: number;
  /**
   * The request for a window of days (both ends inclusive, margin already added) and a page.
   * Following pages repeat the range beside the cursor.
   */
  request(window: DayRange, cursor: string | null): UpstreamRequest;
  /** Reads one page. Throws {@link WireError} where the envelope is not what the vendor documents. */
  read(body: unknown): Page;
  /** Asks for one named document; status 404 says that there is none. Default: the vendor has only lists. */
  readonly document?: {
    request(id: string): UpstreamRequest;
    /** The document as a page of its own. Throws {@link WireError} as {@link Endpoint.read} does. */
    read(body: unknown): Page;
  };
}

/** An answer that is not what the vendor documents; `path` names the field at fault, never its value. */
export class WireError extends Error {
  override readonly name = "WireError";
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path || "body"}: ${problem}`);
  }
}
