import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { countsRule, depthRule, LIMITS, refuseCostly, selectionsRule } from "../../schema/limits";
import type { ErrorCode } from "../domain/errors";

/** What a message of the subscription protocol asks. */
export interface Asked {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Errors of the request itself, each with a code of the catalogue. */
export class OperationRefused extends Error {
  override readonly name = "OperationRefused";
  constructor(readonly errors: readonly GraphQLError[]) {
    super("the operation is refused");
  }
}

function coded(errors: readonly GraphQLError[], code: ErrorCode): readonly GraphQLError[] {
  return errors.slice(0, LIMITS.errors).map((error) => {
    if (error.extensions.code === undefined) Object.assign(error.extensions, { code });
    return error;
  });
}

function refuseIfAny(errors: readonly GraphQLError[], code: ErrorCode): void {
  if (errors.length > 0) throw new OperationRefused(coded(errors, code));
}

function parsed(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: LIMITS.tokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new OperationRefused(coded([error], "GRAPHQL_PARSE_FAILED"));
  }
}

/** A document under every limit that holds without variables; throws {@link OperationRefused}. */
export function validDocument(schema: GraphQLSchema, query: string): DocumentNode {
  const document = parsed(query);
  const options = { maxErrors: LIMITS.errors };
  // What the other rules would take long for is refused before they look.
  refuseIfAny(validate(schema, document, [selectionsRule, depthRule, countsRule], options), "QUERY_TOO_COMPLEX");
  refuseIfAny(validate(schema, document, specifiedRules, options), "GRAPHQL_VALIDATION_FAILED");
  return document;
}

/** The document of a subscription under every limit that holds over HTTP; throws {@link OperationRefused}. */
export function subscriptionDocument(schema: GraphQLSchema, asked: Asked): DocumentNode {
  const document = validDocument(schema, asked.query);
  const operation = getOperationAST(document, asked.operationName);
  if (operation?.operation !== OperationTypeNode.SUBSCRIPTION) {
    const problem = operation
      ? "Queries and mutations are served over HTTP at this same address, subscriptions alone over WebSocket"
      : "expected one operation, or operationName to choose one";
    throw new OperationRefused(coded([new GraphQLError(problem)], "OPERATION_RESOLUTION_FAILURE"));
  }
  const variables = asked.variables ?? {};
  const { errors = [] } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: LIMITS.errors,
  });
  refuseIfAny(errors, "BAD_USER_INPUT");
  try {
    refuseCostly(schema, document, operation, variables);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new OperationRefused([error]);
  }
  return document;
}
