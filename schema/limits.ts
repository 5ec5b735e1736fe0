import {
  type ASTVisitor,
  BREAK,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
  visit,
} from "graphql";
import { type ComplexityEstimator, fieldExtensionsEstimator, getComplexity } from "graphql-query-complexity";

/** What one document may ask; the published figures. `introspectionDepth` holds below `__schema` and `__type` only. */
export const LIMITS = {
  tokens: 1000,
  recursiveSelections: 1000,
  errors: 5,
  depth: 9,
  introspectionDepth: 15,
  aliases: 15,
  directives: 3,
  cost: 1200,
} as const;

/** Fields below a list count this many times: a list of a list costs its square, however long the range. */
const LIST_FACTOR = 2;
const COUNTED_NODES = 10_000;

function tooComplex(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "QUERY_TOO_COMPLEX" } });
}

const isIntrospection = (field: FieldNode): boolean => field.name.value === "__schema" || field.name.value === "__type";

/** Levels of fields below an operation, following fragments; stops counting just beyond the limit. */
function excessDepth(context: ValidationContext, operation: OperationDefinitionNode): number | null {
  const seen = new Map<string, Map<SelectionSetNode, number>>();
  const descend = (set: SelectionSetNode, depth: number, limit: number, spread: ReadonlySet<string>): number | null => {
    const key = String(limit);
    const known = seen.get(key) ?? new Map<SelectionSetNode, number>();
    if ((known.get(set) ?? -1) >= depth) return null;
    seen.set(key, known.set(set, depth));
    for (const selection of set.selections) {
      const found = enter(selection, depth, limit, spread);
      if (found !== null) return found;
    }
    return null;
  };
  const enter = (node: SelectionNode, depth: number, limit: number, spread: ReadonlySet<string>): number | null => {
    if (node.kind === Kind.INLINE_FRAGMENT) return descend(node.selectionSet, depth, limit, spread);
    if (node.kind === Kind.FRAGMENT_SPREAD) {
      const fragment: FragmentDefinitionNode | null | undefined = context.getFragment(node.name.value);
      if (!fragment || spread.has(node.name.value)) return null;
      return descend(fragment.selectionSet, depth, limit, new Set([...spread, node.name.value]));
    }
    const below = isIntrospection(node) ? LIMITS.introspectionDepth : limit;
    if (depth + 1 > below) return below;
    return node.selectionSet ? descend(node.selectionSet, depth + 1, below, spread) : null;
  };
  return descend(operation.selectionSet, 0, LIMITS.depth, new Set());
}

/** Validation rule: fields nest at most {@link LIMITS}.depth levels deep. */
export function depthRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const limit = excessDepth(context, operation);
      if (limit !== null) context.reportError(tooComplex(`the document nests fields more than ${limit} levels deep`));
      return undefined;
    },
  };
}

/** Validation rule: each operation selects at most {@link LIMITS}.recursiveSelections times, its fragments counted as often as they are spread. */
export function selectionsRule(context: ValidationContext): ASTVisitor {
  const known = new Map<SelectionSetNode, number>();
  const count = (set: SelectionSetNode): number => {
    const counted = known.get(set);
    if (counted !== undefined) return counted;
    // A fragment that spreads itself is another rule's to refuse.
    known.set(set, 0);
    let total = 0;
    for (const selection of set.selections) {
      const below =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? context.getFragment(selection.name.value)?.selectionSet
          : selection.selectionSet;
      total += 1 + (below ? count(below) : 0);
    }
    known.set(set, total);
    return total;
  };
  return {
    OperationDefinition(operation) {
      if (count(operation.selectionSet) > LIMITS.recursiveSelections) {
        context.reportError(tooComplex(`the operation selects more than ${LIMITS.recursiveSelections} times`));
      }
      return undefined;
    },
  };
}

/** Validation rule: at most {@link LIMITS}.aliases aliases, `__typename` counted too, and {@link LIMITS}.directives directives. */
export function countsRule(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  let directives = 0;
  return {
    Field(field) {
      if (field.alias) aliases += 1;
    },
    Directive() {
      directives += 1;
    },
    Document: {
      leave() {
        if (aliases > LIMITS.aliases) {
          context.reportError(tooComplex(`the document has ${aliases} aliases: expected at most ${LIMITS.aliases}`));
        }
        if (directives > LIMITS.directives) {
          context.reportError(
            tooComplex(`the document has ${directives} directives: expected at most ${LIMITS.directives}`),
          );
        }
      },
    },
  };
}

const estimate: ComplexityEstimator = ({ field, childComplexity }) => {
  const type = isNonNullType(field.type) ? field.type.ofType : field.type;
  return 1 + childComplexity * (isListType(type) ? LIST_FACTOR : 1);
};

/**
 * What an operation costs: one for each field, doubled below each list that does not say otherwise; repeated aliases and nested lists are dear, long ranges are not.
 * Null where its variables are wrong, which execution reports. Throws QUERY_TOO_COMPLEX where counting itself would take too long.
 */
export function operationCost(
  schema: GraphQLSchema,
  query: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number | null {
  const values = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: LIMITS.errors,
  });
  if (values.errors) return null;
  const only = {
    ...query,
    definitions: query.definitions.filter((one) => one === operation || one.kind === Kind.FRAGMENT_DEFINITION),
  };
  try {
    return getComplexity({
      schema,
      query: only,
      variables: { ...variables },
      estimators: [fieldExtensionsEstimator(), estimate],
      maxQueryNodes: COUNTED_NODES,
    });
  } catch (error) {
    // An argument that does not suit its variable has a place in the document; too many nodes to count have none.
    if (error instanceof GraphQLError && error.nodes) return null;
    throw tooComplex(`the operation selects more than ${COUNTED_NODES} fields once its fragments are spread`);
  }
}

/** Costs that no variables change. */
const settledCosts = new WeakMap<OperationDefinitionNode, number>();

function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive() {
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** Throws QUERY_TOO_COMPLEX where an operation costs more than {@link LIMITS}.cost. */
export function refuseCostly(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  const known = settledCosts.get(operation);
  const cost = known ?? operationCost(schema, document, operation, variables);
  // Variables decide over what is selected by conditions alone, never by how long a range is.
  if (known === undefined && cost !== null && !hasDirectives(document)) settledCosts.set(operation, cost);
  if (cost !== null && cost > LIMITS.cost) {
    throw tooComplex(
      `the operation costs ${cost}: expected at most ${LIMITS.cost} (fields count double below each list)`,
    );
  }
}
