import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { GatewayError } from "../domain/errors";
import { createRequestContext, type RequestContext } from "../loaders/context";
import type { Caller, Services } from "../services/api";
import type { AnswerCache, AskedQuestion } from "./answer-cache";
import { errorBody, logAnswer, STATUS_OF, sendError } from "./answers";
import { createGraphqlServer, type GraphqlOptions } from "./apollo";
import type { Callers } from "./callers";
import { Operations } from "./compiled";
import { FirstAnswer } from "./first-answer";
import { graphiqlPage, wantsPage } from "./graphiql";
import { HotAnswers, HotOperations } from "./hot-answers";
import { parseJsonBody } from "./json-body";
import { keptHeaders, keptResponse } from "./kept-response";
import { chosenResponseType, RESPONSE_TYPES, type ResponseType } from "./media-type";
import type { HttpMetrics } from "./metrics";
import { sendPage } from "./page";
import type { DocumentAsked, PersistedOperations } from "./persisted";

/** What GraphQL over HTTP is made of. `demo`: only loopback Hosts are served. */
export interface GraphqlParts extends Omit<GraphqlOptions, "metrics" | "operations" | "hot"> {
  readonly services: Services;
  readonly answers: AnswerCache;
  readonly callerOf: Callers;
  readonly demo: boolean;
  readonly isDraining: () => boolean;
}

/** One request for GraphQL while it is answered. */
interface Asking {
  readonly caller: Caller;
  readonly type: ResponseType;
  /** Null where the answer is not to be kept. */
  question: AskedQuestion | null;
  context: RequestContext | null;
}

/** Headers of which a browser's simple cross-origin request can send none; Apollo Server demands one of every GET. */
const PREFLIGHT_HEADERS = ["apollo-require-preflight", "x-apollo-operation-name"];

/** Serves GraphQL at `/graphql`, and GraphiQL outside production; what it gives back answers ahead of the framework. */
export async function serveGraphql(
  app: FastifyInstance,
  options: GraphqlParts,
  metrics: HttpMetrics,
): Promise<FirstAnswer> {
  const { services, callerOf, isDraining, production, schema, logger, answers, persisted } = options;
  const operations = new Operations(schema, (where, err) => logger.warn({ err }, where));
  const hot = new HotOperations();
  const apollo = createGraphqlServer({ schema, production, logger, metrics, persisted, operations, hot });
  await apollo.start();
  app.addHook("onClose", () => apollo.stop());
  const first = new FirstAnswer({
    answers,
    hot: new HotAnswers({ schema, services, operations, hot, answers, metrics, persisted }),
    callerOf,
    loopbackOnly: options.demo,
    isDraining,
    onAnswered: ({ id, status, fresh, milliseconds }) => {
      if (!fresh) metrics.answeredAgain();
      metrics.answeredAhead(status, milliseconds / 1_000);
      logAnswer(logger, "POST", "/graphql", status, milliseconds, "info", id);
    },
  });
  const underway = new WeakMap<FastifyRequest, Asking>();
  const page = production ? null : persisted?.only ? noGraphiql : graphiqlPage(services.providers[0]?.provider ?? "");
  const execute = fastifyApolloHandler(apollo, {
    context: async (request) => {
      const asking = underway.get(request);
      if (!asking) throw new Error("expected an authenticated request");
      asking.context = first.begunOf(request.raw) ?? createRequestContext(services, asking.caller, request.id);
      return asking.context;
    },
  });

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const asking = underway.get(request);
    if (!asking) throw new Error("expected an authenticated request");
    const missed = first.missed(request.raw);
    asking.question = missed ?? (await askedQuestion(request, asking, answers));
    const kept = asking.question && !missed && (await answers.find(asking.question));
    if (asking.question && kept) {
      const { status, headers, bytes } = await keptResponse(answers, asking.question, kept, request.headers);
      metrics.answeredAgain();
      return reply
        .code(status)
        .headers(headers)
        .send(bytes ?? undefined);
    }
    if (Buffer.isBuffer(request.body)) request.body = parseJsonBody(request.body);
    const refused = persisted && refusalOf(request, persisted);
    if (refused) {
      // As Apollo Server answers the like: clients that know only application/json look into answers of 200 alone.
      const status = asking.type === RESPONSE_TYPES[0] ? 200 : STATUS_OF[refused.code];
      reply.code(status).type(`${asking.type}; charset=utf-8`);
      return reply.send(errorBody(refused.code, refused.message));
    }
    return Reflect.apply(execute, app, [request, reply]);
  };

  app.route({
    method: ["GET", "POST"],
    url: "/graphql",
    exposeHeadRoute: false,
    onRequest: async (request) => {
      if (page && wantsPage(request)) return;
      const caller = await callerOf(request.raw.rawHeaders);
      const type = chosenResponseType(request.headers.accept);
      if (type === null) {
        throw new GatewayError("BAD_REQUEST", "Accept application/json or application/graphql-response+json");
      }
      underway.set(request, { caller, type, question: null, context: null });
    },
    handler: (request, reply) => (page && wantsPage(request) ? page(reply) : answer(request, reply)),
    preParsing: async (request, _reply, payload) => first.bodyOf(request.raw) ?? payload,
    onSend: async (request, reply, payload) => {
      const { question, context } = underway.get(request) ?? {};
      // A request outlives its answer by a while, and what it refers to would be taken for old.
      context?.loaders.forget();
      if (!question || !context || reply.statusCode !== 200 || typeof payload !== "string") return payload;
      const kept = answers.keep(question, payload, context.validity.ends);
      if (!kept) return payload;
      reply.headers(keptHeaders(kept));
      return kept.bytes;
    },
  });
  app.route({
    method: ["DELETE", "HEAD", "OPTIONS", "PATCH", "PUT", "TRACE"],
    url: "/graphql",
    handler: (_request, reply) =>
      sendError(reply.header("allow", "GET, POST"), "METHOD_NOT_ALLOWED", "Send GraphQL by POST, or queries by GET"),
  });
  return first;
}

/** Why a request's document is not to be executed; null where it may be, or where Apollo Server refuses the request as a whole. */
function refusalOf({ method, body, query }: FastifyRequest, persisted: PersistedOperations): GatewayError | null {
  try {
    persisted.documentOf(method === "GET" ? byGet(query) : (body ?? {}));
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

function byGet(parameters: unknown): DocumentAsked {
  const { query, extensions } = parameters as Readonly<Record<string, unknown>>;
  if (typeof extensions !== "string") return { query };
  try {
    return { query, extensions: JSON.parse(extensions) };
  } catch {
    return { query };
  }
}

function noGraphiql(reply: FastifyReply): FastifyReply {
  const why =
    "PERSISTED_ONLY is set: this gateway executes registered operations alone, so there is nothing to try here.";
  return sendPage(reply, 200, "No GraphiQL", why);
}

/** What is asked, if a kept answer may serve it: a person asks, and the request is one that would be executed. */
async function askedQuestion(
  request: FastifyRequest,
  { caller, type }: Asking,
  answers: AnswerCache,
): Promise<AskedQuestion | null> {
  if (caller.kind !== "person") return null;
  if (request.method === "GET" && !PREFLIGHT_HEADERS.some((name) => request.headers[name])) return null;
  const text = Buffer.isBuffer(request.body) ? request.body.toString("latin1") : request.url;
  // Where the version cannot be had, the executed answer says so.
  return answers.asked({ personId: caller.person.id, type, text }).catch(() => null);
}
