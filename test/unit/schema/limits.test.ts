import { getIntrospectionQuery, type OperationDefinitionNode, parse, validate } from "graphql";
import { buildGatewaySchema } from "../../../schema/build";
import { countsRule, depthRule, LIMITS, operationCost, refuseCostly } from "../../../schema/limits";
import { fullQuery } from "../../support/full-query";

const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
const introspection = getIntrospectionQuery({
  descriptions: true,
  directiveIsRepeatable: true,
  inputValueDeprecation: true,
  schemaDescription: true,
  specifiedByUrl: true,
});

function refusals(text: string): string[] {
  const document = parse(text, { maxTokens: LIMITS.tokens });
  const errors = validate(schema, document, [depthRule, countsRule]);
  return errors.map(({ message, extensions }) => `${extensions.code}: ${message}`);
}

function cost(text: string, variables: Record<string, unknown> = {}): number | null {
  const document = parse(text);
  return operationCost(schema, document, document.definitions[0] as OperationDefinitionNode, variables);
}

test.each([
  ["every core field of all four metrics over 366 days", fullQuery(schema, "2026-01-01", "2027-01-01")],
  ["introspection as GraphiQL asks", introspection],
])("%s passes every limit", (_name, text) => {
  expect(refusals(text)).toEqual([]);
  expect(cost(text)).toBeLessThanOrEqual(LIMITS.cost);
});

test("a range's length costs nothing", () => {
  expect(cost(fullQuery(schema, "2026-01-01", "2027-01-01"))).toBe(cost(fullQuery(schema, "2026-01-01", "2026-01-01")));
});

test("candidates cost what is selected of them, and their records cannot be nested without end", () => {
  const nodes = (fields: string) =>
    `{ viewer { sleep(range: { start: "2026-01-01", end: "2027-01-01" }) { nodes { ${fields} } } } }`;
  const [one, two] = ["reason", "reason provider"].map((fields) =>
    cost(nodes(`resolution { candidates { ${fields} } }`)),
  );
  expect(two! - one!).toBe(2);
  const within = "resolution { candidates { record { resolution { candidates { ";
  expect(refusals(nodes(`${within} provider } } } } }`))).toEqual([]);
  expect(refusals(nodes(`${within} record { id } } } } } }`))).toHaveLength(1);
});

test("repeating everything under aliases is refused", () => {
  const full = fullQuery(schema, "2026-01-01", "2026-01-02");
  const viewer = full.slice("{ viewer".length, full.indexOf(" providers"));
  const document = parse(`{ a: viewer${viewer} b: viewer${viewer} c: viewer${viewer} }`);
  const [operation] = document.definitions as OperationDefinitionNode[];
  expect(() => refuseCostly(schema, document, operation!, {})).toThrow(/the operation costs \d+: expected at most/);
});

test("skipped fields cost nothing, whatever the other operation of the document asks", () => {
  const text = "query A($no: Boolean!) { viewer @include(if: $no) { accounts { id } } } query B { viewer { id } }";
  expect(cost(text, { no: false })).toBe(0);
  expect(cost(text, { no: true })).toBeGreaterThan(2);
});

test("wrong variables are left to execution", () => {
  expect(cost("query A($no: Boolean!) { viewer @include(if: $no) { id } }", {})).toBeNull();
});

const nest = (depth: number) => `{ viewer { ${"accounts { ".repeat(depth)}id${" }".repeat(depth)} } }`;

test("nine levels of fields pass, ten do not", () => {
  expect(refusals(nest(7))).toEqual([]);
  expect(refusals(nest(8))).toEqual(["QUERY_TOO_COMPLEX: the document nests fields more than 9 levels deep"]);
});

test("fragments count where they are spread", () => {
  const text = `{ viewer { ...a } } fragment a on User { ${"accounts { ".repeat(8)}id${" }".repeat(8)} }`;
  expect(refusals(text)).toHaveLength(1);
});

test("a fragment that is spread at two depths counts at the deeper one", () => {
  const chain = `fragment a on User { ${"accounts { ".repeat(5)}id${" }".repeat(5)} }`;
  expect(refusals(`{ viewer { ...a } } ${chain}`)).toEqual([]);
  expect(refusals(`{ viewer { ...a accounts { accounts { accounts { ...a } } } } } ${chain}`)).toHaveLength(1);
});

test("introspection may be deeper, but not endless", () => {
  const types = (depth: number) =>
    `{ __schema { types { fields { type ${"{ ofType ".repeat(depth)}{ name }${" }".repeat(depth)} } } } }`;
  expect(refusals(types(9))).toEqual([]);
  expect(refusals(types(12))).toEqual(["QUERY_TOO_COMPLEX: the document nests fields more than 15 levels deep"]);
});

test("fifteen aliases pass, sixteen do not, __typename counted", () => {
  const aliases = (count: number) => `{ ${Array.from({ length: count }, (_, n) => `a${n}: __typename`).join(" ")} }`;
  expect(refusals(aliases(15))).toEqual([]);
  expect(refusals(aliases(16))).toEqual(["QUERY_TOO_COMPLEX: the document has 16 aliases: expected at most 15"]);
});

test("three directives pass, four do not", () => {
  const directives = (count: number) => `{ viewer { id ${"@include(if: true) ".repeat(count)} } }`;
  expect(refusals(directives(3))).toEqual([]);
  expect(refusals(directives(4))).toEqual(["QUERY_TOO_COMPLEX: the document has 4 directives: expected at most 3"]);
});
