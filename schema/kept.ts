import {
  BREAK,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";

/**
 * Mark of a field with a resolver of its own whose value changes only with the person's data version, or tells the request's validity
 * when it changes otherwise. Fields without the mark (clocks, progress, other people) keep an answer from being kept.
 */
export const KEPT = { kept: true } as const;

/** Mark of a field with a resolver of its own whose value depends on the parent object alone. */
export const OWN = { kept: true, own: true } as const;

/** Mark of a type whose objects never change, and are handed out again as long as what they are made of stays. */
export const LASTING = { lasting: true } as const;

/** Mark of a scalar with so few values that what each is answered as is remembered. */
export const FEW = { few: true } as const;

function isKept(schema: GraphQLSchema, parent: GraphQLNamedType | null | undefined, name: string): boolean {
  if (name === "__typename") return true;
  if (isAbstractType(parent)) return schema.getPossibleTypes(parent).every((type) => isKept(schema, type, name));
  const field = isObjectType(parent) ? parent.getFields()[name] : undefined;
  return field !== undefined && (!field.resolve || field.extensions["kept"] === true);
}

/** Whether an operation selects nothing but what its answer may be kept with. */
export function mayBeKept(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): boolean {
  if (operation.operation !== "query") return false;
  const types = new TypeInfo(schema);
  let kept = true;
  const look = visitWithTypeInfo(types, {
    Field(node) {
      kept &&= isKept(schema, types.getParentType(), node.name.value);
      return kept ? undefined : BREAK;
    },
  });
  visit(operation, look);
  for (const definition of document.definitions) if (definition.kind === "FragmentDefinition") visit(definition, look);
  return kept;
}
