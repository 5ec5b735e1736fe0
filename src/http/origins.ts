import type { FastifyInstance } from "fastify";
import { GatewayError } from "../domain/errors";
import { sendError } from "./answers";

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Whether a Host header names this machine by a loopback name or address. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK.test(host);
}

/** Refuses malformed Host headers; under the demo identity also every Host beyond loopback, against DNS rebinding. */
export function checkHost(app: FastifyInstance, options: { loopbackOnly: boolean }): void {
  app.addHook("onRequest", async (request) => {
    const host = request.headers.host;
    if (options.loopbackOnly && !isLoopbackHost(host)) {
      throw new GatewayError("FORBIDDEN", "Under the demo identity the Host must be localhost, 127.0.0.1 or [::1]");
    }
    if (host !== undefined && !URL.canParse(`http://${host}/`)) {
      throw new GatewayError("BAD_REQUEST", "The Host header is malformed");
    }
  });
}

/** Lets pages of the listed origins call; every other cross-origin page is left to the browser's own refusal. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook("onRequest", async (request, reply) => {
    const { origin } = request.headers;
    if (origins.length > 0) reply.header("vary", "Origin");
    const preflight = request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined;
    if (origin === undefined || !origins.includes(origin)) {
      if (preflight) return sendError(reply, "FORBIDDEN", "This origin is not among CORS_ORIGINS");
      return;
    }
    reply.header("access-control-allow-origin", origin).header("access-control-expose-headers", "x-request-id");
    if (!preflight) return;
    return reply
      .code(204)
      .header("access-control-allow-methods", "GET, POST")
      .header("access-control-allow-headers", "authorization, content-type, apollo-require-preflight")
      .header("access-control-max-age", "600")
      .send();
  });
}
