/** Codes of GraphQL errors (`extensions.code`), with what the caller should do about each; the published catalogue. */
export const ERROR_CODES = {
  UNAUTHENTICATED: "The credentials are missing, malformed, expired or not to be trusted: sign in again.",
  FORBIDDEN: "The credentials are valid but may not do this.",
  BAD_USER_INPUT: "An argument or variable is not acceptable; the message names it. Correct it.",
  BAD_CURSOR:
    "The cursor is none of this person's, or what came after it is no longer kept: read the days anew, then follow from the end of the feed.",
  TOO_MANY_SUBSCRIPTIONS: "This connection, or this person, follows as much as one may: complete a subscription first.",
  BAD_REQUEST:
    "The HTTP request is no GraphQL request: malformed, batched, or without the header that a cross-site form cannot send.",
  GRAPHQL_PARSE_FAILED: "The document is no GraphQL.",
  GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema.",
  OPERATION_RESOLUTION_FAILURE:
    "No operation of the document is chosen, or the one that is is not served here: queries and mutations over HTTP, subscriptions over WebSocket.",
  PERSISTED_QUERY_NOT_FOUND: "No operation is registered under this hash: send the document.",
  OPERATION_NOT_REGISTERED: "This gateway executes registered operations alone, and the document is none of them.",
  QUERY_TOO_COMPLEX:
    "The document exceeds a limit on depth, aliases, directives, tokens or cost; the message names it.",
  NOT_FOUND: "Nothing is served at this address.",
  METHOD_NOT_ALLOWED: "This HTTP method is not served here.",
  UNSUPPORTED_MEDIA_TYPE: "Send application/json in UTF-8.",
  PAYLOAD_TOO_LARGE: "The request body is larger than 100 kB.",
  SERVICE_DEGRADED: "A part of the gateway is out of reach for the moment: try again after a few seconds.",
  INTERNAL_SERVER_ERROR: "A fault of the gateway; the request id is in the logs.",
} as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** A request that cannot be answered; its message is for the caller and never quotes a payload or a token. */
export class GatewayError extends Error {
  override readonly name: string = "GatewayError";
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Codes of `userErrors`: what a user interface must handle when linking, disconnecting or syncing. */
export type UserErrorCode =
  | "PROVIDER_NOT_CONFIGURED"
  | "RETURN_URL_NOT_ALLOWED"
  | "SCOPE_UNKNOWN"
  | "STATE_INVALID"
  | "AUTHORIZATION_DENIED"
  | "CODE_REJECTED"
  | "ACCOUNT_LINKED_ELSEWHERE"
  | "NOT_CONNECTED"
  | "RECONNECT_REQUIRED"
  | "RATE_LIMITED"
  | "PROVIDER_UNAVAILABLE"
  | "WEBHOOK_URL_NOT_ALLOWED"
  | "EVENT_TYPE_UNKNOWN"
  | "WEBHOOK_LIMIT_REACHED"
  | "WEBHOOK_NOT_FOUND"
  | "WEBHOOK_DISABLED";

/** A mutation that did not do what was asked, for a reason that the person can act on; answered as a `userError`. `retryAt`: epoch seconds. */
export class UserFacingError extends Error {
  override readonly name = "UserFacingError";
  constructor(
    readonly code: UserErrorCode,
    message: string,
    readonly details: { field?: readonly string[]; retryAt?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
  }
}

/**
 * Why a provider did not give what was asked, one per decision of the caller:
 * RATE_LIMITED wait until `retryAt`; UNAVAILABLE try later; INVALID_RESPONSE do not trust the answer;
 * UNAUTHORIZED the access token is refused; SCOPE_MISSING the grant does not cover it; REJECTED the request itself is refused.
 */
export type UpstreamFailureKind =
  | "RATE_LIMITED"
  | "UNAVAILABLE"
  | "INVALID_RESPONSE"
  | "UNAUTHORIZED"
  | "SCOPE_MISSING"
  | "REJECTED";

/**
 * A request to a provider that failed. `status`: HTTP status where there was one; `retryAt`: epoch seconds;
 * `sent`: whether the provider may have received and acted on the request (absent where an answer came).
 */
export class UpstreamFailure extends Error {
  override readonly name: string = "UpstreamFailure";
  constructor(
    readonly kind: UpstreamFailureKind,
    message: string,
    readonly details: {
      status?: number;
      retryAt?: number;
      cause?: unknown;
      /** The request may have been processed although no whole answer came. */
      sent?: boolean;
      /** A deadline passed without a byte. */
      silent?: boolean;
      /** The answer's body where it could not be read; kept sealed, never in a message. */
      body?: Buffer;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }
}

/** The grant is refused for good (an unchanged refresh token was rejected, or there is none): the person must link again. */
export class ReconnectRequired extends Error {
  override readonly name = "ReconnectRequired";
}

/** The account was disconnected, relinked or erased while work on it was under way; nothing of that work is kept. */
export class AccountFenced extends Error {
  override readonly name = "AccountFenced";
}

/** The database does not answer for the moment; what was to be done was not done, and may be tried again. */
export class DatabaseUnreachable extends Error {
  override readonly name = "DatabaseUnreachable";
  constructor(options: { cause: unknown }) {
    super("the database is out of reach", options);
  }
}

/** A setting that is missing or malformed; `variable` names it. */
export class SettingError extends Error {
  override readonly name = "SettingError";
  constructor(
    readonly variable: string,
    problem: string,
  ) {
    super(`${variable}: ${problem}`);
  }
}
