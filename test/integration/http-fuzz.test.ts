import fc from "fast-check";
import { buildGatewaySchema } from "../../schema/build";
import { ERROR_CODES } from "../../src/domain/errors";
import { type Answer, type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { fullQuery } from "../support/full-query";

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
});
afterAll(() => gateway.server.close());

const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
const SEEDS = [
  fullQuery(schema, "2026-11-01", "2026-11-02"),
  "query A($r: DateRange!, $p: [Provider!], $m: HrvMethod = RMSSD, $n: Int) { viewer { hrv(range: $r, providers: $p, method: $m, maxAgeSeconds: $n) { nodes { id } } } }",
  'mutation { syncProvider(input: { provider: OURA, range: { start: "2026-11-01", end: "2026-11-02" } }) { fetchedRecords userErrors { code } } }',
  '{ node(id: "x") { ...d ... on Sleep { score @skip(if: false) } } user(externalId: "x") { id } } fragment d on DailyRecord { day }',
];
const PIECES = [
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  "!",
  ":",
  "$",
  "@",
  '"',
  "...",
  "on",
  "null",
  "true",
  "-1",
  "2147483648",
  "1e309",
  "2026-02-30",
  "OURA",
  "a: viewer",
  "__typename",
  "range",
  "$r",
  "\u0000",
  "\\u0000",
  "é",
  "# x\n",
  '"""',
];

interface Change {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}
const changes = fc.array(
  fc.record({ at: fc.nat(3000), remove: fc.nat(12), insert: fc.oneof(fc.constantFrom(...PIECES), fc.constant("")) }),
  { maxLength: 4 },
);
const mutated = (text: string, list: Change[]) =>
  list.reduce((now, { at, remove, insert }) => {
    const place = at % (now.length + 1);
    return now.slice(0, place) + insert + now.slice(place + remove);
  }, text);

function expectTyped({ status, json, text }: Answer): void {
  expect(status).toBeLessThan(500);
  for (const { extensions } of json.errors ?? []) {
    expect(Object.keys(ERROR_CODES)).toContain(extensions.code);
    expect(extensions.code).not.toBe("INTERNAL_SERVER_ERROR");
  }
  expect(text).not.toMatch(/\bat .+\.[jt]s:\d+/);
}

test("a thousand broken documents with hostile variables are answered without a fault of the gateway", async () => {
  const variables = fc.dictionary(
    fc.constantFrom("r", "p", "m", "n", "x"),
    fc.oneof(
      fc.constantFrom<unknown>(
        { start: "2026-11-01", end: "2026-11-02" },
        { start: null },
        ["OURA"],
        [],
        [null],
        "SDNN",
        null,
        -1,
        1.5,
        2 ** 31,
      ),
      fc.jsonValue({ maxDepth: 3 }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SEEDS), changes, variables, async (seed, list, values) => {
      expectTyped(await gateway.graphql(mutated(seed, list), values));
    }),
    { numRuns: 1000 },
  );
}, 120_000);

test("five hundred bodies of any JSON or any bytes are answered without a fault of the gateway", async () => {
  const part = fc.option(fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...SEEDS)), { nil: undefined });
  const body = fc.oneof(
    fc
      .record({ query: part, variables: part, operationName: part, extensions: part })
      .map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(body, async (bytes) => expectTyped(await gateway.post(bytes))),
    { numRuns: 500 },
  );
});
