import { ApolloServer, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { GraphQLError, type GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import { countsRule, depthRule, LIMITS, refuseCostly } from "../../schema/limits";
import type { RequestContext } from "../loaders/context";
import { type Operations, PrintedData, printedBody } from "./compiled";
import { ErrorFormatter, isInternal } from "./graphql-errors";
import type { HotOperations } from "./hot-answers";
import { chosenResponseType, RESPONSE_TYPES } from "./media-type";
import type { HttpMetrics, OperationOutcome } from "./metrics";
import type { PersistedOperations } from "./persisted";

/** What the GraphQL server is made of. */
export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly production: boolean;
  readonly logger: Logger;
  readonly metrics: HttpMetrics;
  /** Null where none are registered. */
  readonly persisted: PersistedOperations | null;
  readonly operations: Operations;
  /** Told what is answered by its compiled form. */
  readonly hot: HotOperations;
}

/** Errors of the request itself; of 200 where the client knows only application/json. @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json */
const REQUEST_ERRORS = new Set<unknown>([
  "BAD_USER_INPUT",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "QUERY_TOO_COMPLEX",
]);

function notOverHttp(): GraphQLError {
  return new GraphQLError("Subscriptions are served over WebSocket at this same address (graphql-transport-ws)", {
    extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
  });
}

interface Answer {
  data?: unknown;
  errors?: readonly { extensions?: Record<string, unknown> }[];
}

function outcomeOf({ data, errors = [] }: Answer): OperationOutcome {
  if (errors.some(({ extensions }) => extensions?.code === "INTERNAL_SERVER_ERROR")) return "fault";
  if (errors.length === 0) return "ok";
  return data === undefined || data === null ? "refused" : "partial";
}

function answering(options: GraphqlOptions, formatter: ErrorFormatter): ApolloServerPlugin<RequestContext> {
  const { operations } = options;
  return {
    async requestDidStart() {
      const startedAt = performance.now();
      return {
        async didResolveOperation({ document, operation, request }) {
          if (operation?.operation === "subscription") throw notOverHttp();
          if (operation) refuseCostly(options.schema, document, operation, request.variables ?? {});
        },
        async responseForOperation({ document, operation, contextValue, request, source }) {
          // Apollo Server comes here also where no operation was chosen, whatever its types say.
          const result =
            operation && (await operations.execute(document, operation, contextValue, request.variables ?? {}));
          if (result) options.hot.remember(source, request.operationName ?? null, { document, operation });
          return result && { http: { headers: new HeaderMap() }, body: { kind: "single", singleResult: result } };
        },
        async didEncounterErrors({ errors, contextValue }) {
          for (const error of errors.filter(isInternal)) {
            formatter.belongsTo(error, contextValue.requestId);
            const { requestId } = contextValue;
            options.logger.error({ err: error.originalError ?? error, requestId, path: error.path }, "internal error");
          }
        },
        async willSendResponse({ request, response, operation, document, contextValue }) {
          if (response.body.kind !== "single") return;
          const answer = response.body.singleResult;
          const mayBeKept = !answer.errors && operation && document && operations.mayBeKept(document, operation);
          if (!mayBeKept) contextValue.validity.until(0);
          const type = chosenResponseType(request.http?.headers.get("accept")) ?? RESPONSE_TYPES[0];
          response.http.headers.set("content-type", `${type}; charset=utf-8`);
          if (answer.data === undefined && answer.errors) {
            answer.errors = answer.errors.slice(0, LIMITS.errors);
            const mistaken = answer.errors.every(({ extensions }) => REQUEST_ERRORS.has(extensions?.code));
            if (mistaken) response.http.status = type === RESPONSE_TYPES[0] ? 200 : 400;
          }
          const seconds = (performance.now() - startedAt) / 1000;
          options.metrics.operation(operation?.operation ?? "none", outcomeOf(answer), seconds);
        },
      };
    },
  };
}

function stringifyResult(result: object): string {
  const { data } = result as { readonly data?: unknown };
  return data instanceof PrintedData ? printedBody(data) : `${JSON.stringify(result)}\n`;
}

/** Documents by hash as Apollo Server looks them up; what clients would register is not taken. */
function registered(persisted: PersistedOperations) {
  return {
    get: async (key: string) => persisted.get(key.replace(/^apq:/, "")),
    set: async () => undefined,
    delete: async () => false,
  };
}

/** A GraphQL server with every limit of {@link LIMITS}; it answers errors by the catalogue and nothing of the schema in production. */
export function createGraphqlServer(options: GraphqlOptions): ApolloServer<RequestContext> {
  const { schema, production, logger, persisted } = options;
  const formatter = new ErrorFormatter({ hideSuggestions: production });
  // Apollo's own messages can quote foreign ones behind a colon.
  const said = (message: unknown): string => String(message).split(":")[0] ?? "";
  return new ApolloServer<RequestContext>({
    schema,
    nodeEnv: production ? "production" : "development",
    introspection: !production,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: persisted ? { cache: registered(persisted) } : false,
    parseOptions: { maxTokens: LIMITS.tokens },
    maxRecursiveSelections: LIMITS.recursiveSelections,
    validationOptions: { maxErrors: LIMITS.errors },
    validationRules: [depthRule, countsRule],
    hideSchemaDetailsFromClientErrors: production,
    includeStacktraceInErrorResponses: false,
    stringifyResult,
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => formatter.format(formatted, error),
    logger: {
      debug: (message) => logger.debug(said(message)),
      info: (message) => logger.info(said(message)),
      warn: (message) => logger.warn(said(message)),
      error: (message) => logger.error(said(message)),
    },
    plugins: [
      answering(options, formatter),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}
