import {
  defaultFieldResolver,
  type GraphQLFieldConfigMap,
  type GraphQLInterfaceType,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLSchema,
  GraphQLUnionType,
  getArgumentValues,
  GraphQLInterfaceType as InterfaceType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from "graphql";

/** What resolvers of a plain schema get for a context: that of the request, and its coerced variables. */
export interface PlainContext {
  readonly context: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

function typeNameOf(value: unknown): string {
  const name = (value as { readonly __typename?: unknown } | null)?.__typename;
  if (typeof name !== "string") throw new Error("expected a value of an abstract type to tell its __typename");
  return name;
}

/** Resolvers behind fields without arguments: what the arguments are worth is found by the reference's own rules. */
function plainFields(
  type: GraphQLObjectType | GraphQLInterfaceType,
  own: (type: GraphQLOutputType) => GraphQLOutputType,
): GraphQLFieldConfigMap<unknown, PlainContext> {
  const fields = Object.values(type.getFields()).map((field) => {
    const resolve = field.resolve ?? (field.args.length > 0 ? defaultFieldResolver : undefined);
    const plain = { type: own(field.type) };
    if (!resolve) return [field.name, plain] as const;
    return [
      field.name,
      {
        ...plain,
        resolve: (parent: unknown, _none: object, { context, variables }: PlainContext, info: ResolveInfo) => {
          const [node] = info.fieldNodes;
          const given = node && field.args.length > 0 ? getArgumentValues(field, node, variables) : {};
          return resolve(parent, given, context, info);
        },
      },
    ] as const;
  });
  return Object.fromEntries(fields);
}

type ResolveInfo = Parameters<typeof defaultFieldResolver>[3];

/** A schema's queries with the same types and resolvers, but no field with arguments and no abstract type found asynchronously. */
export function plainSchema(schema: GraphQLSchema): GraphQLSchema {
  const types = new Map<string, GraphQLNamedType>();
  const own = <T extends GraphQLOutputType>(type: T): T => {
    if (isNonNullType(type)) return new GraphQLNonNull(own(type.ofType)) as unknown as T;
    if (isListType(type)) return new GraphQLList(own(type.ofType)) as unknown as T;
    return (types.get((type as GraphQLNamedType).name) ?? type) as T;
  };
  for (const [name, type] of Object.entries(schema.getTypeMap())) {
    if (name.startsWith("__")) continue;
    const resolveType = typeNameOf;
    if (isObjectType(type)) {
      const interfaces = () => type.getInterfaces().map(own);
      types.set(name, new GraphQLObjectType({ ...type.toConfig(), interfaces, fields: () => plainFields(type, own) }));
    } else if (isInterfaceType(type)) {
      const interfaces = () => type.getInterfaces().map(own);
      const fields = () => plainFields(type, own);
      types.set(name, new InterfaceType({ ...type.toConfig(), interfaces, fields, resolveType }));
    } else if (isUnionType(type)) {
      types.set(name, new GraphQLUnionType({ ...type.toConfig(), types: () => type.getTypes().map(own), resolveType }));
    }
  }
  const query = schema.getQueryType();
  return new GraphQLSchema({
    query: query ? own(query) : null,
    types: [...types.values()].filter(({ name }) => name !== "Mutation" && name !== "Subscription"),
    assumeValid: true,
  });
}
