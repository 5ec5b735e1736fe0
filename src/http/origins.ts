import type { FastifyInstance } from "fastify";
import { GatewayError } from "../domain/errors";
import { sendError } from "./answers";

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Whether a Host header names this machine by a loopback name or address. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK.test(host);
}

/** Throws where a Host header is malformed, or names another machine where only loopback ones are served. */
export function refuseHost(host: string | undefined, options: { loopbackOnly: boolean }): void {
  if (options.loopbackOnly && !isLoopbackHost(host)) {
    throw new GatewayError("FORBIDDEN", "Under the demo identity the Host must be localhost, 127.0.0.1 or [::1]");
  }
  if (host !== undefined && !URL.canParse(`http://${host}/`)) {
    throw new GatewayError("BAD_REQUEST", "The Host header is malformed");
  }
}

/** Throws where a page of neither this host nor a listed origin opens a WebSocket, which browsers let every page do. @see https://www.rfc-editor.org/rfc/rfc6455#section-10.2 */
export function refuseOrigin(origin: string | undefined, host: string | undefined, origins: readonly string[]): void {
  if (origin === undefined || origins.includes(origin)) return;
  const isOwn = URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
  if (!isOwn) throw new GatewayError("FORBIDDEN", "This origin is not among CORS_ORIGINS");
}

/** Refuses malformed Host headers; under the demo identity also every Host beyond loopback, against DNS rebinding. */
export function checkHost(app: FastifyInstance, options: { loopbackOnly: boolean }): void {
  app.addHook("onRequest", async (request) => refuseHost(request.headers.host, options));
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
