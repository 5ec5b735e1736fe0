import fc from "fast-check";
import { execute, type OperationDefinitionNode, parse, validate } from "graphql";
import { buildGatewaySchema } from "../../../schema/build";
import { Operations } from "../../../src/http/compiled";
import { createRequestContext } from "../../../src/loaders/context";
import { fakeServices, PERSON } from "../../support/fake-services";
import { dice, generatedQuery } from "../../support/generated-query";

const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
const services = fakeServices();
const variables = { range: { start: "2026-02-27", end: "2026-03-02" }, yes: true, no: false };
const context = () => createRequestContext(services, { kind: "person", person: PERSON }, "r");

/** The answer of the compiled operation; compiling is not put off as it is between requests. */
async function compiledAnswer(text: string, given: Record<string, unknown> = variables) {
  const faults: unknown[] = [];
  const operations = new Operations(schema, (_where, error) => faults.push(error));
  const document = parse(text);
  const operation = document.definitions[0] as OperationDefinitionNode;
  let answer: Awaited<ReturnType<Operations["execute"]>> = null;
  for (let use = 1; use <= 4; use++) answer = await operations.execute(document, operation, context(), given);
  return { answer, faults };
}

test("a compiled operation answers what the reference executor answers, or leaves it to it: 400 generated queries", async () => {
  let compiled = 0;
  let left = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const text = generatedQuery(schema, dice(seed));
      const document = parse(text);
      fc.pre(validate(schema, document).length === 0);
      const reference = await execute({ schema, document, contextValue: context(), variableValues: variables });
      const { answer, faults } = await compiledAnswer(text);
      expect(faults).toEqual([]);
      if (reference.errors) expect(answer).toBeNull();
      else expect(JSON.stringify(answer)).toBe(JSON.stringify(reference));
      if (answer) compiled += 1;
      else left += 1;
    }),
    { numRuns: 400 },
  );
  console.log(`${compiled} answered by compiled operations, ${left} left to the reference executor for their errors`);
  expect(compiled).toBeGreaterThan(100);
  expect(left).toBeGreaterThan(10);
});

test.each([
  ["a mutation", "mutation { setSourcePreference(input: { metric: SLEEP, order: [] }) { userErrors { code } } }", {}],
  ["wrong variables", "query ($range: DateRange!) { viewer { hrv(range: $range) { nodes { day } } } }", { range: 7 }],
  ["missing variables", "query ($range: DateRange!) { viewer { hrv(range: $range) { nodes { day } } } }", {}],
])("%s is left to the reference executor", async (_name, text, given) => {
  const { answer, faults } = await compiledAnswer(text, given);
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
