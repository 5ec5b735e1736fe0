import { randomUUID } from "node:crypto";
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from "graphql";
import { type Context, makeServer, type Server } from "graphql-ws";
import type { Logger } from "pino";
import { LIMITS } from "../../schema/limits";
import { type ErrorCode, GatewayError } from "../domain/errors";
import { createRequestContext, type RequestContext } from "../loaders/context";
import type { Caller, Services } from "../services/api";
import { ErrorFormatter, isInternal } from "./graphql-errors";
import { OperationRefused, subscriptionDocument } from "./operation";
import type { PersistedOperations } from "./persisted";

/** What one connection may have under way at a time. */
const MAX_SUBSCRIPTIONS = 20;
const INIT_TIMEOUT_MS = 3_000;

/** What the protocol knows of a connection. `rawHeaders`: of the upgrade request; `credentials`: those that it was opened with. */
export interface Connection {
  readonly rawHeaders: readonly string[];
  credentials: readonly string[] | null;
  caller: Caller | null;
}

/** What is measured of subscriptions. */
export interface SubscriptionMetrics {
  /** One began (1) or ended (−1). */
  subscription(change: 1 | -1): void;
  event(): void;
}

/** What subscriptions are answered with. `callerOf`: by raw headers, name after name and value. */
export interface SubscriptionParts {
  readonly schema: GraphQLSchema;
  readonly services: Services;
  readonly callerOf: (rawHeaders: readonly string[]) => Promise<Caller>;
  /** Null where none are registered. */
  readonly persisted: PersistedOperations | null;
  readonly production: boolean;
  readonly logger: Logger;
  readonly metrics: SubscriptionMetrics;
}

type Opened = Context<Record<string, unknown>, Connection>;

/** Credentials in the first message, as browsers must send them, or else in the upgrade request. */
function credentialsOf({ connectionParams = {}, extra }: Opened): readonly string[] {
  const sent = Object.entries(connectionParams).filter(([name]) => name.toLowerCase() === "authorization");
  if (sent.length === 0) return extra.rawHeaders;
  return sent.flatMap(([name, value]) => [name, typeof value === "string" ? value : ""]);
}

/** The graphql-transport-ws protocol: subscriptions alone, authorised and limited as queries are. @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export function createSubscriptionServer(parts: SubscriptionParts): Server<Connection> {
  const { schema, services, callerOf, persisted } = parts;
  const errors = new ErrorWriter(parts);
  return makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: INIT_TIMEOUT_MS,
    async onConnect(context) {
      const { extra } = context;
      extra.credentials = credentialsOf(context);
      try {
        extra.caller = await callerOf(extra.credentials);
        return true;
      } catch (error) {
        // Not to be told apart by who has no credentials; what is out of reach is no refusal.
        if (error instanceof GatewayError && error.code !== "SERVICE_DEGRADED") return false;
        throw error;
      }
    },
    async onSubscribe({ extra, subscriptions }, _id, payload) {
      if (!extra.caller) throw new Error("expected a connection that has been opened");
      if (Object.keys(subscriptions).length > MAX_SUBSCRIPTIONS) {
        return [refusal("TOO_MANY_SUBSCRIPTIONS", `expected at most ${MAX_SUBSCRIPTIONS} subscriptions a connection`)];
      }
      try {
        const query = persisted?.documentOf(payload) ?? payload.query;
        const document = subscriptionDocument(schema, { ...payload, query });
        const contextValue = createRequestContext(services, extra.caller, randomUUID());
        const { operationName, variables: variableValues } = payload;
        return { schema, document, operationName, variableValues, contextValue };
      } catch (error) {
        if (error instanceof OperationRefused) return error.errors;
        if (error instanceof GatewayError) return [refusal(error.code, error.message)];
        throw error;
      }
    },
    subscribe: (args) => answers(args, parts),
    onNext: (_context, _id, _payload, args, { errors: failures, ...rest }) =>
      failures && {
        ...(rest as FormattedExecutionResult),
        errors: failures.map((error) => errors.written(error, requestIdOf(args))),
      },
    onError: (_context, _id, _payload, all) =>
      all.slice(0, LIMITS.errors).map((error) => errors.written(error, randomUUID())),
  });
}

function refusal(code: ErrorCode, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function requestIdOf({ contextValue }: ExecutionArgs): string {
  return (contextValue as RequestContext).requestId;
}

/** Every event is answered by loaders of its own: those of a request know the past. */
async function answers(
  args: ExecutionArgs,
  { services, metrics }: SubscriptionParts,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const { caller, requestId } = args.contextValue as RequestContext;
  const answer = (event: unknown) =>
    execute({ ...args, rootValue: event, contextValue: createRequestContext(services, caller, requestId) });
  return measured(source[Symbol.asyncIterator](), answer, metrics);
}

/** The answers to what a source gives, each made once it is asked for: whoever does not read is not read for. */
function measured(
  source: AsyncIterator<unknown>,
  answer: (event: unknown) => ExecutionResult | Promise<ExecutionResult>,
  metrics: SubscriptionMetrics,
): AsyncIterableIterator<ExecutionResult> {
  let open = true;
  const end = (): { done: true; value: undefined } => {
    if (open) metrics.subscription(-1);
    open = false;
    return { done: true, value: undefined };
  };
  metrics.subscription(1);
  return {
    async next() {
      try {
        const { done, value } = await source.next();
        if (done) return end();
        metrics.event();
        return { done: false, value: await answer(value) };
      } catch (error) {
        end();
        throw error;
      }
    },
    async return() {
      const ended = end();
      await source.return?.();
      return ended;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Errors as they are answered over HTTP; faults of the gateway are logged. */
class ErrorWriter {
  private readonly formatter: ErrorFormatter;

  constructor(private readonly parts: Pick<SubscriptionParts, "production" | "logger">) {
    this.formatter = new ErrorFormatter({ hideSuggestions: parts.production });
  }

  written(error: GraphQLError, requestId: string): GraphQLFormattedError {
    const told = placed(error);
    if (isInternal(told)) {
      this.formatter.belongsTo(told, requestId);
      this.parts.logger.error({ err: told.originalError ?? told, requestId, path: error.path }, "internal error");
    }
    return this.formatter.format(error.toJSON(), told);
  }
}

/** What ends a stream comes without a place; it is an error of answering all the same. */
function placed(error: GraphQLError): GraphQLError {
  const { originalError, message } = error;
  if (originalError instanceof GraphQLError) return originalError;
  return error.path || !originalError ? error : new GraphQLError(message, { path: [], originalError });
}
