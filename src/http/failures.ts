import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyError, FastifyInstance } from "fastify";
import { GatewayError } from "../domain/errors";
import { errorBody, sendError } from "./answers";

const CODE_OF_STATUS = { 413: "PAYLOAD_TOO_LARGE", 415: "UNSUPPORTED_MEDIA_TYPE" } as const;

const MESSAGES = {
  PAYLOAD_TOO_LARGE: "The request body is larger than 100 kB",
  UNSUPPORTED_MEDIA_TYPE: "Send application/json in UTF-8",
  BAD_REQUEST: "The HTTP request is malformed",
} as const;

/** Answers what failed outside GraphQL as JSON of the one error shape; faults are logged and answered without details. */
export function answerFailures(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof GatewayError) {
      if (error.cause !== undefined) request.log.info({ err: error, requestId: request.id }, "refused");
      return sendError(reply, error.code, error.message);
    }
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500) {
      const code = status === 413 || status === 415 ? CODE_OF_STATUS[status] : "BAD_REQUEST";
      return sendError(reply, code, MESSAGES[code], status);
    }
    request.log.error({ err: error, requestId: request.id }, "internal error");
    return sendError(reply, "INTERNAL_SERVER_ERROR", `Internal error in request ${request.id}`);
  });
  app.setNotFoundHandler((_request, reply) => sendError(reply, "NOT_FOUND", "Nothing is served at this address"));
}

const CLIENT_ERRORS: Readonly<Record<string, { status: string; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: "431 Request Header Fields Too Large", message: "The request headers are too large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", message: "The request did not arrive in time" },
};

/** Answers bytes that are no HTTP request, by the one error shape, and closes the connection. */
export function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = CLIENT_ERRORS[error.code ?? ""] ?? { status: "400 Bad Request", message: MESSAGES.BAD_REQUEST };
  endWith(socket, known.status, errorBody("BAD_REQUEST", known.message));
}

/** Answers on a bare connection, by status line, headers and the JSON of an error, and closes it. */
export function endWith(socket: Duplex, status: string, body: string): void {
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
