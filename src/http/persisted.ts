import { createHash } from "node:crypto";
import { GatewayError } from "../domain/errors";

/** What of a request tells its document, not checked yet. @see https://www.apollographql.com/docs/apollo-server/performance/apq */
export interface DocumentAsked {
  readonly query?: unknown;
  readonly extensions?: unknown;
}

/** SHA-256 of a document's text, in lower-case hexadecimal digits. */
export function documentHash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Documents by their hash that requests may name instead of sending them; `only`: no other is executed. */
export class PersistedOperations {
  constructor(
    private readonly documents: ReadonlyMap<string, string>,
    readonly only: boolean,
  ) {}

  /** The text under a hash. */
  get(hash: string): string | undefined {
    return this.documents.get(hash);
  }

  /** Changes with what is accepted at all. */
  get name(): string {
    return this.only ? documentHash([...this.documents.keys()].sort().join()) : "any";
  }

  /**
   * The document that a request asks for; undefined where it names none. Throws a {@link GatewayError} for a hash that is none of the
   * sent document or that nothing is registered under, and for an unregistered document where only registered ones are accepted.
   */
  documentOf({ query, extensions }: DocumentAsked): string | undefined {
    const sent = typeof query === "string" && query !== "" ? query : undefined;
    const persisted = memberOf(extensions, "persistedQuery");
    const hash = memberOf(persisted, "sha256Hash");
    if (persisted !== undefined && persisted !== null) {
      if (memberOf(persisted, "version") !== 1 || typeof hash !== "string") {
        throw new GatewayError("BAD_REQUEST", "extensions.persistedQuery is { version: 1, sha256Hash }");
      }
      if (sent !== undefined && documentHash(sent) !== hash) {
        throw new GatewayError("BAD_REQUEST", "extensions.persistedQuery.sha256Hash is not that of the query");
      }
      // Clients send the document after this very message.
      if (sent === undefined && !this.documents.has(hash)) {
        throw new GatewayError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound");
      }
    }
    const document = sent ?? (typeof hash === "string" ? this.documents.get(hash) : undefined);
    if (this.only && document !== undefined && !this.documents.has(documentHash(document))) {
      throw new GatewayError(
        "OPERATION_NOT_REGISTERED",
        "Only registered operations are executed here (PERSISTED_ONLY): send extensions.persistedQuery.sha256Hash of one",
      );
    }
    return document;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return value instanceof Object && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
