import { buildSchema, execute, type GraphQLSchema, type OperationDefinitionNode, parse } from "graphql";
import { PrinterMaker } from "../../../src/http/printing";
import { Unprintable } from "../../../src/http/printing-objects";

const TYPES = `
  type Day { id: ID!, note: String, list: [Int!], whole: Whole, count: Int, share: Float! }
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

test("the texts of the latest four selections of an object are kept, each its own", async () => {
  let printed = 0;
  const schema = schemaOf({ "Day.note": () => String(++printed) }, ["Day.note"]);
  const day = { id: "one" };
  const prints = ["a", "b", "c", "d", "e"].map(
    (name) => [name, printerOf(schema, `{ day { ${name}: note } }`)] as const,
  );
  const all = async () => Promise.all(prints.map(async ([name, print]) => [name, await print({ day })] as const));
  for (const [place, [name, text]] of (await all()).entries())
    expect(text).toEqual({ day: { [name]: `${place + 1}` } });
  const lately = [...prints].reverse();
  for (const [name, print] of lately.slice(0, 4)) {
    expect(await print({ day })).toEqual({ day: { [name]: String(prints.findIndex(([one]) => one === name) + 1) } });
  }
  // The oldest is printed again.
  expect(await lately[4]?.[1]({ day })).toEqual({ day: { a: "6" } });
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

test("numbers, and what a method or a getter says, come out as the reference prints them", async () => {
  class Counted {
    readonly id = "c";
    constructor(
      private readonly number: unknown,
      readonly share: () => unknown,
    ) {}
    get count() {
      return this.number;
    }
  }
  const schema = schemaOf({});
  const print = printerOf(schema, "{ days { id count share } }");
  const numbers = [0, -0, 7, -7.0, 2 ** 31 - 1, -(2 ** 31), null, undefined, "12", true];
  const shares = [0.1, -0, 1e21, 5e-324, 12, "1.5", Promise.resolve(3), true, 2, -1];
  const days = numbers.map((number, place) => new Counted(number, () => shares[place]));
  const document = parse("{ days { id count share } }");
  const reference = await execute({ schema, document, rootValue: { days } });
  expect(reference.errors).toBeUndefined();
  expect(await print({ days })).toEqual(JSON.parse(JSON.stringify(reference.data)));
});

test.each([2 ** 31, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "x", {}])(
  "%p is left to the reference executor where it is no Int, or no Float",
  async (number) => {
    const print = printerOf(schemaOf({}), "{ day { count } }");
    await expect(print({ day: { count: number } })).rejects.toThrow();
    const share = printerOf(schemaOf({}), "{ day { share } }");
    const isShare = typeof number === "number" && Number.isFinite(number);
    const printed = share({ day: { share: number } });
    await (isShare ? expect(printed).resolves.toEqual({ day: { share: number } }) : expect(printed).rejects.toThrow());
  },
);

test("an operation is left to the reference executor where the process may make no code", () => {
  const making = jest.spyOn(globalThis, "Function").mockImplementation(() => {
    throw new EvalError("Code generation from strings disallowed for this context");
  });
  try {
    expect(() => printerOf(schemaOf({}), "{ day { id } }")).toThrow(Unprintable);
  } finally {
    making.mockRestore();
  }
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
