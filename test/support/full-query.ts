import {
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
} from "graphql";

function selection(type: GraphQLOutputType, range: string): string {
  const named = getNamedType(type);
  // A record within a record: what it has of its own is told where it stands in the answer.
  if (isInterfaceType(named)) {
    const own = Object.values(named.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
    return ` { ${own.map((field) => field.name).join(" ")} }`;
  }
  if (!isObjectType(named)) return "";
  const fields = Object.values(named.getFields()).map((field) => {
    const args = field.args.some(({ name }) => name === "range") ? `(range: ${range})` : "";
    return `${field.name}${args}${selection(field.type, range)}`;
  });
  return ` { ${fields.join(" ")} }`;
}

/** A query of every field that the viewer and the list of providers have, over the given days. */
export function fullQuery(schema: GraphQLSchema, start: string, end: string): string {
  const [user, info] = [schema.getType("User"), schema.getType("ProviderInfo")];
  if (!isObjectType(user) || !isObjectType(info)) throw new Error("expected User and ProviderInfo");
  const range = `{ start: "${start}", end: "${end}" }`;
  return `{ viewer${selection(user, range)} providers${selection(info, range)} }`;
}
