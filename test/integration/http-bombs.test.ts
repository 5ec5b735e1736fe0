import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
  await gateway.graphql("{ __typename }");
});
afterAll(() => gateway.server.close());

const many = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(" ");
const nested = (depth: number) => `{ viewer ${"{ accounts ".repeat(depth)}{ id }${" }".repeat(depth)} }`;

const bombs: [string, string][] = [
  ["depth 50", nested(50)],
  ["depth 5,000", nested(5000)],
  ["an argument of depth 5,000", `{ node(id: ${"[".repeat(5000)}${"]".repeat(5000)}) { id } }`],
  ["1,000 aliases", `{ ${many(1000, (n) => `a${n}: viewer { id }`)} }`],
  ["101 aliases of __typename", `{ ${many(101, (n) => `a${n}: __typename`)} }`],
  [
    "16 aliases of everything",
    `{ viewer { ${many(16, (n) => `a${n}: sleep(range: { start: "2026-01-01", end: "2026-12-31" }) { nodes { id } }`)} } }`,
  ],
  [
    "a fragment bomb of 2^18 fields",
    `{ viewer { ...f0 } } ${many(18, (n) => `fragment f${n} on User { ...f${n + 1} ...f${n + 1} }`)} fragment f18 on User { id }`,
  ],
  [
    "a fragment bomb through fields",
    `{ viewer { accounts { ...f0 } } } ${many(14, (n) => `fragment f${n} on ProviderAccount { ...f${n + 1} x: id ...f${n + 1} }`)} fragment f14 on ProviderAccount { id }`,
  ],
  ["a fragment cycle", "{ viewer { ...a } } fragment a on User { ...b } fragment b on User { ...a }"],
  ["a fragment of itself", "{ viewer { ...a } } fragment a on User { accounts { id } ...a }"],
  ["500 directives", `{ __typename ${"@include(if: true) ".repeat(500)} }`],
  ["500 unknown directives", `{ __typename ${"@a ".repeat(500)} }`],
  ["3,000 duplicate fields", `{ ${"__typename ".repeat(3000)} }`],
  ["3,000 overlapping selections", `{ ${"viewer { id } ".repeat(3000)} }`],
  ["900 duplicate fields", `{ viewer { ${"id ".repeat(900)} } }`],
  ["introspection in a circle", `{ __schema { types ${"{ fields { type ".repeat(8)}{ name }${" } }".repeat(8)} } }`],
  ["200 unknown fields", `{ ${many(200, (n) => `nope${n}`)} }`],
  ["a document of 90 kB", `{ viewer { id } } #${"x".repeat(90_000)}`],
];
/** Long, but harmless: answered, and quickly. */
const harmless = new Set(["a document of 90 kB"]);

test.each(bombs)("%s", async (name, query) => {
  const startedAt = performance.now();
  const { status, json, text } = await gateway.graphql(query, {}, { accept: "application/graphql-response+json" });
  const milliseconds = performance.now() - startedAt;
  expect(milliseconds).toBeLessThan(1000);
  expect(text.length).toBeLessThan(10_000);
  if (harmless.has(name)) {
    expect([status, json.errors]).toEqual([200, undefined]);
    return;
  }
  expect(status).toBe(400);
  expect(json.data).toBeUndefined();
  expect(json.errors?.length).toBeLessThanOrEqual(5);
  const codes = json.errors?.map(({ extensions }) => extensions.code) ?? [];
  expect(["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX"]).toEqual(
    expect.arrayContaining([...new Set(codes)]),
  );
});

test("the slowest refusal is named", async () => {
  const times: [number, string][] = [];
  for (const [name, query] of bombs) {
    const startedAt = performance.now();
    await gateway.graphql(`${query} # again`);
    times.push([performance.now() - startedAt, name]);
  }
  const [slowest] = times.sort(([a], [b]) => b - a);
  console.log(`${bombs.length} bombs, the slowest refused in ${slowest?.[0].toFixed(1)} ms: ${slowest?.[1]}`);
  expect(slowest?.[0]).toBeLessThan(500);
});
