import { gzipSync } from "node:zlib";
import { ERROR_CODES } from "../../src/domain/errors";
import { type Answer, type FakeGateway, startFakeGateway } from "../support/fake-gateway";

let gateway: FakeGateway;
const answers: Answer[] = [];
beforeAll(async () => {
  gateway = await startFakeGateway();
  const { post } = gateway;
  const noted = async (...args: Parameters<typeof post>) => {
    const answer = await post(...args);
    answers.push(answer);
    return answer;
  };
  gateway = {
    ...gateway,
    post: noted,
    graphql: (query, variables, headers) => noted(JSON.stringify({ query, variables }), headers),
  };
});
afterAll(() => gateway.server.close());

const codes = ({ json }: Answer) => json.errors?.map(({ extensions }) => extensions.code);
const RESPONSE_JSON = { accept: "application/graphql-response+json" };
const SLEEP = "query($r: DateRange!) { viewer { sleep(range: $r) { nodes { id } } } }";
const sleep = (start: unknown, end: unknown) => gateway.graphql(SLEEP, { r: { start, end } });

describe("ranges", () => {
  test("inverted: names both fields", async () => {
    const answer = await sleep("2026-02-02", "2026-02-01");
    expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
    expect(answer.json.errors?.[0]?.message).toMatch(/range\.start.*range\.end/);
  });

  test("of sync, inverted and too long: names its fields", async () => {
    const sync = (start: string, end: string) =>
      gateway.graphql(
        `mutation { syncProvider(input: { provider: OURA, range: { start: "${start}", end: "${end}" } }) { fetchedRecords } }`,
      );
    const inverted = await sync("2026-02-02", "2026-02-01");
    expect([codes(inverted), inverted.json.errors?.[0]?.message]).toEqual([
      ["BAD_USER_INPUT"],
      "input.range.start (2026-02-02) is after input.range.end (2026-02-01): expected start on or before end",
    ]);
    expect(codes(await sync("2020-01-01", "2026-02-01"))).toEqual(["BAD_USER_INPUT"]);
  });

  test("over 366 days", async () => {
    expect(codes(await sleep("2020-01-01", "2119-12-31"))).toEqual(["BAD_USER_INPUT"]);
  });

  test("to come: legal, answered as absences", async () => {
    const answer = await gateway.graphql(
      '{ viewer { sleep(range: { start: "2150-01-01", end: "2150-01-01" }) { absences { reason } } } }',
    );
    expect(answer.json.data?.viewer.sleep.absences).toHaveLength(1);
  });

  test.each([
    "2026-02-30",
    "24:00",
    "2026-1-1",
    "1790000000000",
    "now",
    "0001-01-01",
    "9999-01-01",
    20260101,
    null,
    {},
  ])("%j is no day, as a variable and as a literal", async (text) => {
    const asVariable = await sleep(text, "2026-02-01");
    expect([asVariable.status, codes(asVariable)]).toEqual([200, ["BAD_USER_INPUT"]]);
    const literal = text === null || typeof text === "object" ? "{}" : JSON.stringify(text);
    const asLiteral = await gateway.graphql(
      `{ viewer { sleep(range: { start: ${literal}, end: "2026-02-01" }) { nodes { id } } } }`,
    );
    expect(codes(asLiteral)).toEqual(["BAD_USER_INPUT"]);
    expect(asLiteral.json.errors?.[0]?.message).toMatch(/LocalDate: expected a calendar date/);
  });
});

test.each([
  ["providers: []", /providers is empty/],
  ["maxAgeSeconds: -1", /maxAgeSeconds is -1/],
])("%s is refused by name", async (args, problem) => {
  const answer = await gateway.graphql(
    `{ viewer { sleep(range: { start: "2026-01-01", end: "2026-01-02" }, ${args}) { nodes { id } } } }`,
  );
  expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
  expect(answer.json.errors?.[0]?.message).toMatch(problem);
});

describe("bodies", () => {
  const ok = JSON.stringify({ query: "{ __typename }" });

  test.each<[string, string]>([
    ["a batch of 100", JSON.stringify(Array(100).fill({ query: "{ __typename }" }))],
    ["an empty batch", "[]"],
    ["null", "null"],
    ["a number", "7"],
    ["an empty object", "{}"],
    ["query null", '{"query":null}'],
    ["query a number", '{"query":7}'],
    ["broken JSON", '{"query":'],
    [
      "variables 40,000 deep",
      `{"query":"{ __typename }","variables":{"a":${"[".repeat(40_000)}${"]".repeat(40_000)}}}`,
    ],
    ["__proto__", '{"query":"{ __typename }","variables":{"__proto__":{"a":1}}}'],
    ["half a surrogate pair", '{"query":"{ __typename }","variables":{"a":"\\ud800"}}'],
    ["a byte order mark", `\uFEFF${ok}`],
  ])("%s is a 400 in JSON", async (_name, body) => {
    const answer = await gateway.post(body);
    expect([answer.status, codes(answer)]).toEqual([400, ["BAD_REQUEST"]]);
  });

  test("invalid UTF-8 is a 400 in JSON", async () => {
    const answer = await gateway.post(
      Buffer.concat([Buffer.from('{"query":"{ a }","x":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    );
    expect([answer.status, codes(answer)]).toEqual([400, ["BAD_REQUEST"]]);
  });

  test("5,000 unknown keys of an input are at most five errors", async () => {
    const r = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, n]));
    const answer = await gateway.graphql(SLEEP, { r }, RESPONSE_JSON);
    expect(answer.status).toBe(400);
    expect(answer.json.errors?.length).toBeLessThanOrEqual(5);
  });

  test("wrong, missing and extra variables", async () => {
    expect(codes(await gateway.graphql(SLEEP, {}))).toEqual(["BAD_USER_INPUT"]);
    expect(codes(await gateway.graphql(SLEEP, { r: 7 }))).toEqual(["BAD_USER_INPUT"]);
    const extra = await gateway.graphql("{ viewer { externalId } }", { more: 1 });
    expect(extra.json).toEqual({ data: { viewer: { externalId: "demo" } } });
    const nullForDefault = await gateway.graphql(
      'query($m: HrvMethod = RMSSD) { viewer { hrv(range: { start: "2026-01-01", end: "2026-01-01" }, method: $m) { nodes { id } } } }',
      { m: null },
    );
    expect(codes(nullForDefault)).toEqual(["BAD_USER_INPUT"]);
  });

  test("100 kB pass, one byte more is a 413", async () => {
    const padded = (size: number) => ok.padEnd(size, " ");
    expect((await gateway.post(padded(100_000))).status).toBe(200);
    const answer = await gateway.post(padded(100_001));
    expect([answer.status, codes(answer)]).toEqual([413, ["PAYLOAD_TOO_LARGE"]]);
  });

  test("an endless chunked body is cut at 100 kB", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 16_384;
        controller.enqueue(new Uint8Array(16_384).fill(32));
        if (sent > 50_000_000) controller.close();
      },
    });
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      duplex: "half",
    } as RequestInit;
    const outcome = await gateway.fetch("/graphql", init).then(
      ({ status }) => status,
      () => "cut",
    );
    expect([413, "cut"]).toContain(outcome);
    expect(sent).toBeLessThan(20_000_000);
  });

  test.each<[string, Record<string, string>]>([
    ["text/plain", { "content-type": "text/plain" }],
    ["urlencoded", { "content-type": "application/x-www-form-urlencoded" }],
    ["multipart", { "content-type": "multipart/form-data; boundary=x" }],
    ["no content type that exists", { "content-type": "nonsense" }],
    ["UTF-7", { "content-type": "application/json; charset=utf-7" }],
    ["UTF-16", { "content-type": 'application/json; charset="utf-16"' }],
  ])("%s is a 415 in JSON", async (_name, headers) => {
    const answer = await gateway.post(ok, headers);
    expect([answer.status, codes(answer)]).toEqual([415, ["UNSUPPORTED_MEDIA_TYPE"]]);
  });

  test("a compressed body is a 415, a bomb is never opened", async () => {
    const answer = await gateway.post(gzipSync(Buffer.alloc(10_000_000, 32)), { "content-encoding": "gzip" });
    expect([answer.status, codes(answer)]).toEqual([415, ["UNSUPPORTED_MEDIA_TYPE"]]);
  });
});

describe("methods", () => {
  test.each(["PUT", "PATCH", "DELETE", "OPTIONS"])("%s is a 405 that names what is allowed", async (method) => {
    const answer = await gateway.fetch("/graphql", { method });
    answers.push(answer);
    expect([answer.status, codes(answer), answer.headers.get("allow")]).toEqual([
      405,
      ["METHOD_NOT_ALLOWED"],
      "GET, POST",
    ]);
  });

  test("a mutation by GET is a 405, a query by GET needs a header that forms cannot send", async () => {
    const get = (query: string, headers: Record<string, string> = {}) =>
      gateway.fetch(`/graphql?query=${encodeURIComponent(query)}`, { headers });
    const preflighted = { "apollo-require-preflight": "1" };
    const mutation = await get("mutation { __typename }", preflighted);
    expect([mutation.status, codes(mutation)]).toEqual([405, ["METHOD_NOT_ALLOWED"]]);
    const simple = await get("{ __typename }");
    expect([simple.status, codes(simple)]).toEqual([400, ["BAD_REQUEST"]]);
    expect((await get("{ __typename }", preflighted)).json).toEqual({ data: { __typename: "Query" } });
    const twice = await gateway.fetch("/graphql?query={__typename}&query={__typename}", { headers: preflighted });
    expect([twice.status, codes(twice)]).toEqual([400, ["BAD_REQUEST"]]);
    answers.push(mutation, simple, twice);
  });

  test("an answer that the client does not accept is a 400 before anything is done", async () => {
    const answer = await gateway.graphql(
      "mutation { connectProvider(input: { provider: OURA }) { state } }",
      {},
      { accept: "text/plain" },
    );
    expect([answer.status, codes(answer)]).toEqual([400, ["BAD_REQUEST"]]);
  });

  test("an unknown address is a 404 in JSON", async () => {
    const answer = await gateway.fetch("/admin");
    answers.push(answer);
    expect([answer.status, codes(answer)]).toEqual([404, ["NOT_FOUND"]]);
  });
});

test.each<[string, string, string]>([
  ["no GraphQL", "{ viewer", "GRAPHQL_PARSE_FAILED"],
  ["an unknown field", "{ nope }", "GRAPHQL_VALIDATION_FAILED"],
  ["no chosen operation", "query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE"],
])("%s is 200 for application/json, 400 for application/graphql-response+json", async (_name, query, code) => {
  const plain = await gateway.graphql(query, {}, { accept: "application/json" });
  expect([plain.status, codes(plain)]).toEqual([200, [code]]);
  const typed = await gateway.graphql(query, {}, RESPONSE_JSON);
  expect([typed.status, codes(typed)]).toEqual([400, [code]]);
  expect(typed.headers.get("content-type")).toBe("application/graphql-response+json; charset=utf-8");
});

test("a persisted query is refused by a code of the catalogue", async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: "0".repeat(64) } };
  const answer = await gateway.post(JSON.stringify({ extensions }));
  expect([answer.json.errors?.[0]?.message, codes(answer)]).toEqual(["PersistedQueryNotSupported", ["BAD_REQUEST"]]);
});

test("every error that these tests saw is of the catalogue, in the one shape, without a stack or a path of this machine", () => {
  expect(answers.length).toBeGreaterThan(60);
  for (const { json, text } of answers) {
    for (const error of json.errors ?? []) {
      expect(Object.keys(ERROR_CODES)).toContain(error.extensions.code);
      expect(Object.keys(error.extensions)).toEqual(["code"]);
    }
    expect(text).not.toMatch(/node_modules|\bat [\w.<>]+ \(|\/src\/|INTERNAL_SERVER_ERROR|<html/i);
    expect(json).not.toHaveProperty("extensions");
  }
});
