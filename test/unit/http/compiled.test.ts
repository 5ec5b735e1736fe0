import fc from "fast-check";
import { execute, type GraphQLSchema, type OperationDefinitionNode, parse, validate } from "graphql";
import { buildGatewaySchema } from "../../../schema/build";
import { Operations } from "../../../src/http/compiled";
import { createRequestContext } from "../../../src/loaders/context";
import { fakeServices, PERSON } from "../../support/fake-services";
import { dice, generatedQuery } from "../../support/generated-query";
import { ODD_SAMPLES, oddSchema } from "../../support/odd-schema";

const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
const samples = {
  DateRange: [
    ['{ start: "2026-03-01", end: "2026-03-03" }', { start: "2026-12-30", end: "2027-01-02" }],
    ['{ start: "2026-03-04", end: "2026-03-05" }', { start: "2026-03-02", end: "2026-03-02" }],
  ],
  Int: [["60", 0]],
  ID: [['"dXwxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTE"', "x"]],
  String: [['"demo"', "stranger"]],
} as const;
/** Those that a person may ask, and one that they may not. */
const ROOTS = ["viewer", "viewer", "viewer", "viewer", "viewer", "providers", "node", "user"];
const services = fakeServices();
const context = () => createRequestContext(services, { kind: "person", person: PERSON }, "r");

/** The answer of the compiled operation, asked as often as that takes. */
async function compiledAnswer(of: GraphQLSchema, text: string, given: Record<string, unknown>) {
  const faults: unknown[] = [];
  const operations = new Operations(of, (_where, error) => faults.push(error));
  const document = parse(text);
  const [operation] = document.definitions as OperationDefinitionNode[];
  if (!operation) throw new Error("expected an operation");
  let answer: Awaited<ReturnType<Operations["execute"]>> = null;
  for (let use = 1; use <= 4; use++) answer = await operations.execute(document, operation, context(), given);
  return { answer, faults };
}

test.each([
  ["the gateway's schema", schema, samples, 150, ROOTS],
  ["a schema of everything else", oddSchema(), ODD_SAMPLES, 250, undefined],
] as const)(
  "a compiled operation answers what the reference executor answers, or leaves it to it: generated queries of %s",
  async (name, of, values, numRuns, roots) => {
    const met = { compiled: 0, withErrors: 0, tooLarge: 0, invalid: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const { text, variables } = generatedQuery(of, values, dice(seed), roots);
        const document = parse(text);
        if (validate(of, document).length > 0) {
          met.invalid += 1;
          return;
        }
        const reference = await execute({ schema: of, document, contextValue: context(), variableValues: variables });
        const { answer, faults } = await compiledAnswer(of, text, variables);
        expect(faults).toEqual([]);
        if (answer) expect(JSON.stringify(answer)).toBe(JSON.stringify(reference));
        if (answer) met.compiled += 1;
        else if (reference.errors) met.withErrors += 1;
        else met.tooLarge += 1;
      }),
      { numRuns },
    );
    console.log(`${name}: ${JSON.stringify(met)}`);
    expect(met.compiled).toBeGreaterThan(numRuns / 10);
    expect(met.withErrors).toBeGreaterThan(numRuns / 50);
  },
);

test.each([
  ["a mutation", "mutation { setSourcePreference(input: { metric: SLEEP, order: [] }) { userErrors { code } } }", {}],
  ["wrong variables", "query ($range: DateRange!) { viewer { hrv(range: $range) { nodes { day } } } }", { range: 7 }],
  ["missing variables", "query ($range: DateRange!) { viewer { hrv(range: $range) { nodes { day } } } }", {}],
])("%s is left to the reference executor", async (_name, text, given) => {
  const { answer, faults } = await compiledAnswer(schema, text, given);
  expect([answer, faults]).toEqual([null, []]);
});

test("an operation is compiled once it has been asked some times", async () => {
  const operations = new Operations(schema, () => undefined);
  const document = parse("{ viewer { id } }");
  const operation = document.definitions[0] as OperationDefinitionNode;
  const answers = [];
  for (let use = 1; use <= 5; use++) answers.push(await operations.execute(document, operation, context(), {}));
  expect(answers.map((answer) => answer !== null)).toEqual([false, false, false, true, true]);
});

test("long documents, which are held with every token, leave less room to others", async () => {
  const operations = new Operations(schema, () => undefined);
  const asked = async (text: string) => {
    const document = parse(text);
    const operation = document.definitions[0] as OperationDefinitionNode;
    const ask = () => operations.execute(document, operation, context(), {});
    for (let use = 1; use <= 4; use++) await ask();
    return ask;
  };
  const short = await asked("{ viewer { id } }");
  expect(await short()).not.toBeNull();
  const long = `{ viewer { id } } ${"#\n".repeat(45_000)}`;
  const last = [await asked(`${long} `), await asked(`${long}  `)][1];
  expect(await last?.()).not.toBeNull();
  expect(await short()).toBeNull();
});

test("a string in a document stays a string, whatever it looks like", async () => {
  const breakout = "__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d0); globalThis.brokenOut = (1";
  const { answer, faults } = await compiledAnswer(oddSchema(), `{ echo(text: ${JSON.stringify(breakout)}) }`, {});
  expect(faults).toEqual([]);
  expect(Reflect.get(globalThis, "brokenOut")).toBeUndefined();
  const echo = JSON.stringify({ kind: "LARGE", text: breakout });
  expect(JSON.parse(JSON.stringify(answer))).toEqual({ data: { echo } });
});
