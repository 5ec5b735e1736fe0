import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from "graphql";

/** Fields that a plain operation has at most, counted anew for every type that they may be of. */
const MAX_FIELDS = 300;

/** Coerced values of an operation's variables. */
export type Variables = Readonly<Record<string, unknown>>;

/** A plain operation's selections, and how many fields it has. */
export interface PlainOperation {
  readonly selectionSet: SelectionSetNode;
  readonly fields: number;
}

/** The variables that an operation's conditions (`@skip`, `@include`) depend on. */
export function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ arguments: given = [] }) {
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names].sort();
}

/**
 * A query with its conditions decided and its fragments and repeated fields merged by the rules of execution, so that plain fields are
 * left; of abstract types one fragment per type. No name, no variables. Null where it would be too large, selects of the schema itself,
 * or has a response name that JavaScript takes for something else.
 * @see https://spec.graphql.org/October2021/#CollectFields()
 */
export function plainOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): PlainOperation | null {
  const root = schema.getQueryType();
  if (operation.operation !== "query" || !root) return null;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  try {
    const flattening = new Flattening(schema, fragments, variables);
    const selectionSet = flattening.selectionSet(root, [operation.selectionSet]);
    return { selectionSet, fields: flattening.fields };
  } catch (error) {
    if (error instanceof NotPlain) return null;
    throw error;
  }
}

class NotPlain extends Error {}

class Flattening {
  fields = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly variables: Variables,
  ) {}

  selectionSet(type: GraphQLCompositeType, merged: readonly SelectionSetNode[]): SelectionSetNode {
    const selections = isAbstractType(type)
      ? this.schema.getPossibleTypes(type).map((possible) => this.fragmentOn(possible, merged))
      : this.fieldsOf(type, merged);
    return { kind: Kind.SELECTION_SET, selections };
  }

  private fragmentOn(type: GraphQLObjectType, merged: readonly SelectionSetNode[]): InlineFragmentNode {
    const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type.name } } as const;
    return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: this.selectionSet(type, merged) };
  }

  private fieldsOf(type: GraphQLObjectType, merged: readonly SelectionSetNode[]): readonly FieldNode[] {
    const collected = new Map<string, FieldNode[]>();
    const visited = new Set<string>();
    for (const { selections } of merged) this.collect(type, selections, collected, visited);
    return [...collected].map(([name, nodes]) => this.merged(type, name, nodes));
  }

  private merged(type: GraphQLObjectType, name: string, nodes: readonly FieldNode[]): FieldNode {
    const [first] = nodes;
    this.fields += 1;
    if (!first || this.fields > MAX_FIELDS || (name.startsWith("__") && name !== "__typename")) throw new NotPlain();
    const plain = { ...first, directives: [] };
    if (!first.selectionSet) return plain;
    const field = type.getFields()[first.name.value];
    const below = field && getNamedType(field.type);
    if (!below || !isCompositeType(below)) throw new NotPlain();
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    return { ...plain, selectionSet: this.selectionSet(below, sets) };
  }

  private collect(
    type: GraphQLObjectType,
    selections: readonly SelectionNode[],
    collected: Map<string, FieldNode[]>,
    visited: Set<string>,
  ): void {
    for (const node of selections) {
      if (!this.included(node.directives)) continue;
      if (node.kind === Kind.FIELD) {
        const name = (node.alias ?? node.name).value;
        collected.set(name, [...(collected.get(name) ?? []), node]);
        continue;
      }
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(node.name.value)) continue;
        visited.add(node.name.value);
      }
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : this.fragments.get(node.name.value);
      if (fragment && this.applies(fragment.typeCondition?.name.value, type)) {
        this.collect(type, fragment.selectionSet.selections, collected, visited);
      }
    }
  }

  private applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const on = this.schema.getType(condition);
    return isAbstractType(on) && isObjectType(type) && this.schema.isSubType(on, type);
  }

  private included(directives: readonly DirectiveNode[] = []): boolean {
    return directives.every(({ name: { value: name }, arguments: [given] = [] }) => {
      const value = given?.value;
      const condition =
        value?.kind === Kind.VARIABLE ? this.variables[value.name.value] : value?.kind === Kind.BOOLEAN && value.value;
      if (typeof condition !== "boolean" || (name !== "skip" && name !== "include")) throw new NotPlain();
      return condition === (name === "include");
    });
  }
}
