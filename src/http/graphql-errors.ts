import { unwrapResolverError } from "@apollo/server/errors";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { DatabaseUnreachable, ERROR_CODES, type ErrorCode, GatewayError } from "../domain/errors";

/** Codes that Apollo Server gives and that this gateway's catalogue does not have, by what they mean here. */
const FOREIGN_CODES: Readonly<Record<string, ErrorCode>> = {
  PERSISTED_QUERY_NOT_SUPPORTED: "BAD_REQUEST",
};
const HTTP_CODES: Readonly<Record<number, ErrorCode>> = { 405: "METHOD_NOT_ALLOWED", 415: "UNSUPPORTED_MEDIA_TYPE" };
const SUGGESTION = /\s*Did you mean .*\?$/s;

function catalogued(code: unknown): ErrorCode | null {
  if (typeof code !== "string") return null;
  if (Object.hasOwn(ERROR_CODES, code)) return code as ErrorCode;
  return FOREIGN_CODES[code] ?? null;
}

function httpStatusOf(error: GraphQLError): number | null {
  const http: unknown = error.extensions.http;
  const status: unknown = http instanceof Object ? Reflect.get(http, "status") : null;
  return typeof status === "number" ? status : null;
}

/** The code of an error that graphql-js or Apollo Server raised about the request; null where it is of the gateway's own making. */
function requestErrorCode(error: GraphQLError): ErrorCode | null {
  const inner = error.originalError;
  if (inner instanceof GraphQLError) {
    const own = catalogued(inner.extensions.code);
    if (own !== null && own !== "INTERNAL_SERVER_ERROR") return own;
    // graphql-js names the argument's node when a variable does not suit it; errors of answering name none.
    if (error.path && inner.nodes) return "BAD_USER_INPUT";
  }
  if (error.path || (inner && !(inner instanceof GraphQLError))) return null;
  const code = catalogued(error.extensions.code);
  if (code === "INTERNAL_SERVER_ERROR") return null;
  return code === "BAD_REQUEST" ? (HTTP_CODES[httpStatusOf(error) ?? 400] ?? code) : code;
}

/** Whether an error is a fault of the gateway, to be logged and answered without details. */
export function isInternal(error: unknown): boolean {
  if (unwrapResolverError(error) instanceof GatewayError) return false;
  return !(error instanceof GraphQLError) || requestErrorCode(error) === null;
}

/** Remembers which request an internal error belongs to, because Apollo Server formats errors without their request. */
export class ErrorFormatter {
  readonly #requestIds = new WeakMap<object, string>();

  constructor(private readonly options: { hideSuggestions: boolean }) {}

  /** Says which request an error came up in. */
  belongsTo(error: object, requestId: string): void {
    this.#requestIds.set(error, requestId);
  }

  /** The error as answered: message, locations, path and a code of the catalogue, nothing else. */
  format(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
    const { locations, path } = formatted;
    const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
    const original = unwrapResolverError(error);
    if (original instanceof GatewayError) {
      return { message: original.message, ...place, extensions: { code: original.code } };
    }
    if (original instanceof DatabaseUnreachable) {
      return { message: original.message, ...place, extensions: { code: "SERVICE_DEGRADED" } };
    }
    const code = error instanceof GraphQLError ? requestErrorCode(error) : null;
    if (code !== null) {
      const message = this.options.hideSuggestions ? formatted.message.replace(SUGGESTION, "") : formatted.message;
      return { message, ...place, extensions: { code } };
    }
    const requestId = error instanceof Object ? this.#requestIds.get(error) : undefined;
    const message = requestId === undefined ? "Internal error" : `Internal error in request ${requestId}`;
    return { message, ...place, extensions: { code: "INTERNAL_SERVER_ERROR" } };
  }
}
