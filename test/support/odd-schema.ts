import { buildSchema, type GraphQLFieldResolver, GraphQLScalarType, type GraphQLSchema, isObjectType } from "graphql";

const TYPES = `
  enum Kind { SMALL LARGE HUGE }
  scalar Odd
  input Inner { text: String = "inner", odd: Odd, list: [Int!] = [1, 2] }
  input Given { kind: Kind! = LARGE, kinds: [Kind], inner: Inner, matrix: [[Int]], number: Float, need: Int! }
  interface Named { name: String!, friend: Named, tags: [String] }
  type Thing implements Named {
    name: String!
    friend: Named
    tags: [String]
    kind: Kind
    others(first: Int! = 1): [Any!]
    throws(when: Boolean! = false): String
    rejects(when: Boolean! = false): String!
    list(bad: Boolean): [Int!]
  }
  type Place implements Named { name: String!, friend: Named, tags: [String], inside: [[Thing!]], where: Odd, kind: Kind }
  type Nothing { nothing: Boolean, name: String! }
  union Any = Thing | Place | Nothing
  type Query {
    thing: Thing!
    things(count: Int = 2): [Thing!]!
    any: [Any]
    named(kind: Kind! = SMALL): Named
    echo(text: String, number: Float, count: Int, id: ID, yes: Boolean, kind: Kind = LARGE, kinds: [Kind!], odd: Odd): String
    given(given: Given, list: [Given!], matrix: [[Int!]] = [[1]]): String
    needed(text: String!, count: Int! = 3): String
  }
`;

/** Literals and values of the scalars that arguments of the odd schema have. */
export const ODD_SAMPLES = {
  String: [
    ['"a"', "a"],
    ['"\\"); process.exit(7); //"', '"); process.exit(7); //'],
    ['"__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d0) + process.exit(7) + (0"', "\u2028 \u0000"],
    ['"__MAGIC_NAN__57f286b9_4c20_487f_b409_79804ddcb4f8"', "__MAGIC_NAN__57f286b9_4c20_487f_b409_79804ddcb4f8"],
  ],
  Int: [
    ["7", 7],
    ["-1", -1],
  ],
  Float: [
    ["1.5", 1.5],
    ["2", 2],
  ],
  ID: [
    ["5", 5],
    ['"x"', "x"],
  ],
  Boolean: [
    ["true", true],
    ["false", false],
  ],
  Odd: [
    ['"odd"', "odd"],
    ["3", 3],
  ],
} as const;

const odd = {
  serialize: (value: unknown) => `served ${String(value)}`,
  parseValue: (value: unknown) => `parsed ${String(value)}`,
  parseLiteral: (node: { readonly kind: string }) => `literal ${"value" in node ? String(node.value) : node.kind}`,
};

const place = { __typename: "Place", name: "P", tags: [], where: 1, kind: "SMALL", friend: null, inside: [[], null] };
const thing = (name: string): object => ({
  __typename: "Thing",
  name,
  tags: ["a", null],
  kind: "LARGE",
  friend: place,
});
const later = async <T>(value: T): Promise<T> => value;
const echo = (args: object): string => JSON.stringify(args, Object.keys(args).sort().concat(INSIDE));
const INSIDE = ["kind", "kinds", "inner", "matrix", "number", "need", "text", "odd", "list", "0", "1", "2"];

const RESOLVERS: Readonly<Record<string, GraphQLFieldResolver<unknown, unknown>>> = {
  "Query.thing": () => later(thing("T")),
  "Query.things": (_none, { count }) => Array.from({ length: Math.max(0, Number(count)) }, (_, i) => thing(`T${i}`)),
  "Query.any": () => later([thing("A"), null, place, { __typename: "Nothing", name: "N", nothing: null }]),
  "Query.named": (_none, { kind }) => (kind === "SMALL" ? thing("K") : place),
  "Query.echo": (_none, args) => later(echo(args)),
  "Query.given": (_none, args) => echo(args),
  "Query.needed": (_none, args) => echo(args),
  "Thing.others": (_parent, { first }) => [thing("O"), place].slice(0, Math.max(0, Number(first))),
  "Thing.throws": (_parent, { when }) => {
    if (when === true) throw new Error("thrown");
    return "not thrown";
  },
  "Thing.rejects": async (_parent, { when }) => {
    if (when === true) throw new Error("rejected");
    return "not rejected";
  },
  "Thing.list": (_parent, { bad }) => [1, bad === true ? null : 2],
};

/** A schema of what GraphQL has and the gateway's own schema has little of: unions, scalars that tell literals, lists of lists, errors. */
export function oddSchema(): GraphQLSchema {
  const schema = buildSchema(TYPES);
  for (const type of Object.values(schema.getTypeMap())) {
    if (type instanceof GraphQLScalarType && type.name === "Odd") Object.assign(type, odd);
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const resolve = RESOLVERS[`${type.name}.${name}`];
      if (resolve) field.resolve = resolve;
    }
  }
  return schema;
}
