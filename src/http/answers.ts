import type { FastifyReply } from "fastify";
import type { BaseLogger } from "pino";
import type { ErrorCode } from "../domain/errors";

/** HTTP status of an error that is answered before GraphQL executes. */
export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  BAD_CURSOR: 400,
  TOO_MANY_SUBSCRIPTIONS: 429,
  BAD_REQUEST: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  OPERATION_RESOLUTION_FAILURE: 400,
  PERSISTED_QUERY_NOT_FOUND: 400,
  OPERATION_NOT_REGISTERED: 400,
  QUERY_TOO_COMPLEX: 400,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_MEDIA_TYPE: 415,
  PAYLOAD_TOO_LARGE: 413,
  SERVICE_DEGRADED: 503,
  INTERNAL_SERVER_ERROR: 500,
};

/** One line for an answered request: route pattern, never a query string. */
export function logAnswer(
  log: Pick<BaseLogger, "debug" | "info">,
  method: string,
  route: string,
  status: number,
  milliseconds: number,
  level: "debug" | "info" = "info",
  reqId?: string,
): void {
  log[level]({ reqId, method, route, status, milliseconds: Math.round(milliseconds) }, "answered");
}

/** The one shape of every error answer, as JSON text. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { code } }] });
}

/** Answers an error as JSON; `status` where the code's own would say less. */
export function sendError(
  reply: FastifyReply,
  code: ErrorCode,
  message: string,
  status = STATUS_OF[code],
): FastifyReply {
  if (status === 401) reply.header("www-authenticate", "Bearer");
  if (status === 503) reply.header("retry-after", "2");
  return reply.code(status).type("application/json; charset=utf-8").send(errorBody(code, message));
}
