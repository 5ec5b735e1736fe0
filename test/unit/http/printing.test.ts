import { buildSchema, type GraphQLSchema, type OperationDefinitionNode, parse } from "graphql";
import { PrinterMaker } from "../../../src/http/printing";

const TYPES = `
  type Day { id: ID!, note: String, list: [Int!], whole: Whole }
  type Whole { text: String, loud: String }
  type Query { days: [Day!], late: [Day], day: Day }
`;

/** A schema whose days last; `resolvers`: by type and field, `own` those that depend on the parent alone. */
function schemaOf(resolvers: Readonly<Record<string, (source: never) => unknown>>, own: readonly string[] = []) {
  const schema = buildSchema(TYPES);
  const day = schema.getType("Day");
  if (day) day.extensions = { lasting: true };
  for (const [name, resolve] of Object.entries(resolvers)) {
    const [type = "", field = ""] = name.split(".");
    const config = (schema.getType(type) as ReturnType<GraphQLSchema["getQueryType"]>)?.getFields()[field];
    if (!config) throw new Error(`expected ${name} in the schema`);
    config.resolve = resolve as never;
    config.extensions = { own: own.includes(name) };
  }
  return schema;
}

/** How a selection is printed. */
function printerOf(schema: GraphQLSchema, text: string) {
  const [operation] = parse(text).definitions as OperationDefinitionNode[];
  const root = schema.getQueryType();
  if (!operation || !root) throw new Error("expected a query");
  const { print } = new PrinterMaker(schema, operation).objectPrinter(root, operation.selectionSet);
  return async (value: object): Promise<unknown> => JSON.parse(await print(value, { context: null, variables: {} }));
}

test("a lasting object is printed once, however often it is met", async () => {
  let printed = 0;
  const schema = schemaOf({ "Day.note": ({ id }: { id: string }) => `${id}: ${++printed}` }, ["Day.note"]);
  const [one, other] = [{ id: "one" }, { id: "other" }];
  const print = printerOf(schema, "{ days { id note } day { note } }");
  const answer = {
    days: [
      { id: "one", note: "one: 1" },
      { id: "other", note: "other: 2" },
    ],
  };
  expect(await print({ days: [one, other], day: null })).toEqual({ ...answer, day: null });
  expect(await print({ days: [one, other], day: null })).toEqual({ ...answer, day: null });
  // Another selection is another text.
  expect(await print({ days: [], day: one })).toEqual({ days: [], day: { note: "one: 3" } });
});

test.each(["Day.note", "Whole.loud"])(
  "nothing is kept of an object whose %s may be otherwise next time",
  async (name) => {
    let asked = 0;
    const schema = schemaOf({ [name]: () => `asked ${++asked}` });
    const print = printerOf(schema, "{ day { note whole { loud } } }");
    const day = { note: null, whole: { loud: null } };
    const [first, second] = [await print({ day }), await print({ day })];
    expect(JSON.stringify(first)).toContain("asked 1");
    expect(JSON.stringify(second)).toContain("asked 2");
  },
);

test("what comes later, anywhere, is waited for and comes out in its place", async () => {
  const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 1, value));
  const schema = schemaOf({});
  const print = printerOf(schema, "{ late { id list whole { text } } day { note id } }");
  const whole = later({ text: later("x") });
  const late = later([later({ id: "a", list: [later(1), 2], whole }), null, { id: later(7), list: later(null) }]);
  expect(await print({ late, day: { note: later("n"), id: "d" } })).toEqual({
    late: [{ id: "a", list: [1, 2], whole: { text: "x" } }, null, { id: "7", list: null, whole: null }],
    day: { note: "n", id: "d" },
  });
});

test.each([
  ["null where something must be", () => ({ day: { id: null } })],
  ["an error in place of a value", () => ({ day: { id: new Error("no") } })],
  ["an error that comes later", () => ({ day: { id: Promise.reject(new Error("no")) } })],
  ["no list where one is expected", () => ({ days: { id: "a" } })],
  ["a value that the type does not have", () => ({ day: { id: "a", list: ["x"] } })],
])("%s is left to the reference executor", async (_what, made) => {
  const print = printerOf(schemaOf({}), "{ days { id } day { id list } }");
  await expect(print(made())).rejects.toThrow();
});

test("where one field fails at once, those that fail later are heard by nobody", async () => {
  const unheard: unknown[] = [];
  const hear = (error: unknown) => unheard.push(error);
  process.on("unhandledRejection", hear);
  try {
    const print = printerOf(schemaOf({}), "{ late { id } day { id } }");
    const late = new Promise((_resolve, reject) => setTimeout(reject, 5, new Error("late")));
    await expect(print({ late, day: { id: null } })).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 30));
  } finally {
    process.off("unhandledRejection", hear);
  }
  expect(unheard).toEqual([]);
});
