import { randomUUID } from "node:crypto";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Services } from "../services/api";
import type { WebhookReceiver } from "../services/webhooks/intake";
import type { AnswerCache } from "./answer-cache";
import { logAnswer } from "./answers";
import type { Authenticator } from "./auth";
import { serveCallback } from "./callback";
import { createCallers } from "./callers";
import { drained } from "./drain";
import { answerFailures, onClientError } from "./failures";
import { serveGraphql } from "./graphql";
import { COMMON_HEADERS } from "./headers";
import { type Probe, serveHealth } from "./health";
import { acceptJsonOnly, MAX_BODY_BYTES } from "./json-body";
import { serveMetrics } from "./metrics";
import { allowOrigins, checkHost } from "./origins";
import type { PersistedOperations } from "./persisted";
import { serveSubscriptions } from "./upgrade";
import { serveHandshake } from "./webhook-handshake";
import { serveWebhooks } from "./webhooks";
import { WholeRequest } from "./whole-request";

/** What the HTTP server is made of. `api`: false where only health and metrics are served; `demo`: only loopback Hosts are served; `production`: no introspection, no GraphiQL. */
export interface HttpOptions {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly webhooks: WebhookReceiver;
  readonly authenticate: Authenticator;
  readonly answers: AnswerCache;
  /** Null where none are registered. */
  readonly persisted: PersistedOperations | null;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly probes: readonly Probe[];
  readonly api: boolean;
  readonly production: boolean;
  readonly demo: boolean;
  readonly corsOrigins: readonly string[];
  readonly trustProxy: boolean | number | readonly string[];
}

/** A server that can be started and stopped. */
export interface HttpServer {
  readonly app: FastifyInstance;
  /** Answers the address that it listens on. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** Takes on what is on its way for half a second, stops accepting, finishes what is in flight for at most 10 s, then closes. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
const TIMEOUT_CHECKS_MS = 2000;
const KEEP_ALIVE_MS = 65_000;

function proxyTrust(
  trust: HttpOptions["trustProxy"],
): boolean | string[] | ((address: string, hop: number) => boolean) {
  if (typeof trust === "number") return (_address, hop) => hop < trust;
  return typeof trust === "boolean" ? trust : [...trust];
}

function createFastify({ logger, trustProxy }: HttpOptions): FastifyInstance {
  return Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => (request as unknown as WholeRequest).id ?? randomUUID(),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      IncomingMessage: WholeRequest,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECKS_MS,
    },
    routerOptions: { maxParamLength: 64 },
    trustProxy: proxyTrust(trustProxy),
    // While stopping, requests on open connections are still answered, with Connection: close.
    return503OnClosing: false,
    clientErrorHandler: onClientError,
  });
}

function addHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({ "x-request-id": request.id, ...COMMON_HEADERS });
  });
}

function logAnswers(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    const { url: route = "unmatched", config } = request.routeOptions;
    const level = config.quiet && reply.statusCode < 400 ? "debug" : "info";
    logAnswer(request.log, request.method, route, reply.statusCode, reply.elapsedTime, level);
  });
}

/** Builds the HTTP server: GraphQL, GraphiQL, the OAuth callback, webhooks, health and metrics. It does not listen yet. */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const app = createFastify(options);
  const drain = drained(app);
  addHeaders(app);
  answerFailures(app);
  logAnswers(app);
  checkHost(app, { loopbackOnly: options.demo });
  allowOrigins(app, options.corsOrigins);
  acceptJsonOnly(app);
  const metrics = serveMetrics(app, options.registry);
  serveHealth(app, options.probes, drain.isDraining);
  if (options.api) {
    serveCallback(app, options.services);
    const callerOf = createCallers(options.services, options.authenticate);
    const first = await serveGraphql(app, { ...options, callerOf, isDraining: drain.isDraining }, metrics);
    app.addHook("onReady", async () => first.before(app));
    serveSubscriptions(app, { ...options, callerOf, isDraining: drain.isDraining });
    serveHandshake(app, options.services.subscriptions);
    serveWebhooks(app, options.webhooks);
  }
  await app.ready();
  return { app, listen: (address) => app.listen(address), close: drain.close };
}
