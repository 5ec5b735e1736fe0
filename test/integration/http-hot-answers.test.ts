import { ApolloServer } from "@apollo/server";
import { Registry } from "prom-client";
import { GatewayError } from "../../src/domain/errors";
import { AnswerCache } from "../../src/http/answer-cache";
import { documentHash, PersistedOperations } from "../../src/http/persisted";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { FOUR_METRICS } from "../support/four-metrics";
import { comparable, PlainClient } from "../support/plain-client";

const NIGHTS =
  "query Nights($range: DateRange!) { viewer { externalId sleep(range: $range) { nodes { id day score bedtimeStart } issues { code } } } }";
const WHO = "{ viewer { externalId } }";
const TWO = "query A { viewer { externalId } } query B { viewer { id } }";
const variables = { range: { start: "2026-03-01", end: "2026-03-20" } };
/** Uses after which an operation is executed by its compiled form. */
const USES = 4;
/** A page of another origin is no plain request: the framework answers it. */
const BY_FRAMEWORK = { origin: "http://localhost" };

/** The node of the person `demo`. */
const ME = "dXwxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTE";
const byServer = jest.spyOn(ApolloServer.prototype, "executeHTTPGraphQLRequest");

let gateway: FakeGateway;
let client: PlainClient;
let registry: Registry;

async function start(options: { maxBytes?: number; persisted?: PersistedOperations } = {}): Promise<void> {
  registry = new Registry();
  const { maxBytes = 0, persisted = null } = options;
  const versions = { current: async () => ({ version: "1", confirmed: true }) };
  const now = () => Date.now() / 1_000;
  const answers = new AnswerCache({ versions, store: null, build: "test", now, maxBytes });
  gateway = await startFakeGateway({ answers, registry, persisted });
  client = new PlainClient(gateway.port);
  started.push({ gateway, client });
}
/** Closed together at the end: each takes half a second for what may be on its way. */
const started: { readonly gateway: FakeGateway; readonly client: PlainClient }[] = [];
afterAll(async () => {
  for (const one of started) one.client.close();
  await Promise.all(started.map((one) => one.gateway.server.close()));
});

const ask = (body: unknown, headers: Record<string, string> = {}) => client.post(JSON.stringify(body), headers);

/** Asks until the next is answered by the compiled form. */
async function heated(body: unknown, headers: Record<string, string> = {}): Promise<void> {
  for (let use = 0; use < USES; use++) await ask(body, { ...headers, ...BY_FRAMEWORK });
  byServer.mockClear();
}

/** The same bytes and headers, ahead of the framework (or, where `ahead` is false, by it all the same) and by it. */
async function sameBothWays(body: unknown, headers: Record<string, string> = {}, ahead = true) {
  byServer.mockClear();
  const mine = await ask(body, headers);
  expect(byServer).toHaveBeenCalledTimes(ahead ? 0 : 1);
  const theirs = await ask(body, { ...headers, ...BY_FRAMEWORK });
  expect(comparable(mine)).toEqual(comparable(theirs));
  return mine;
}

describe.each([
  ["where none are kept", 0],
  ["where answers are kept, but hold for no time", 1_000_000],
])("%s", (_name, maxBytes) => {
  beforeEach(() => start({ maxBytes }));

  test.each<[string, Record<string, string>]>([
    ["as it is", {}],
    ["in the newer media type", { accept: "application/graphql-response+json" }],
    ["to who takes gzip", { "accept-encoding": "gzip" }],
    ["to who has another", { "if-none-match": '"else"' }],
    ["to another person", { authorization: "Bearer demo:ben" }],
    ["to who asks for the connection to be closed", { connection: "close" }],
  ])("an operation that is asked often is answered %s without the framework, to the byte", async (_how, headers) => {
    const body = { query: NIGHTS, operationName: "Nights", variables };
    await heated(body, headers);
    const sent = await sameBothWays(body, headers);
    expect(sent.status).toBe(200);
    expect(JSON.parse(sent.body.toString()).data.viewer.sleep.nodes.length).toBeGreaterThan(10);
  });

  test("other variables of it, too", async () => {
    await heated({ query: NIGHTS, variables });
    await sameBothWays({ query: NIGHTS, variables: { range: { start: "2026-03-04", end: "2026-03-05" } } });
  });
});

describe("what is otherwise in any way is left to the GraphQL server:", () => {
  beforeEach(() => start());

  const cases: [string, object][] = [
    ["wrong variables", { query: NIGHTS, variables: { range: 7 } }],
    ["none where one is needed", { query: NIGHTS }],
    ["variables that are a text", { query: NIGHTS, variables: "{}" }],
    ["variables that are a list", { query: NIGHTS, variables: [] }],
    [
      "a range that ends before it starts",
      { query: NIGHTS, variables: { range: { start: "2026-03-02", end: "2026-03-01" } } },
    ],
    ["another operation's name", { query: NIGHTS, operationName: "Days", variables }],
    ["an empty name", { query: NIGHTS, operationName: "", variables }],
    ["a name that is a number", { query: NIGHTS, operationName: 7, variables }],
    ["another document", { query: `${NIGHTS} `, variables }],
    ["extensions", { query: NIGHTS, variables, extensions: {} }],
    ["another member", { query: NIGHTS, variables, id: 1 }],
    ["a batch", [{ query: NIGHTS, variables }]],
  ];
  test.each(cases)("%s", async (_what, body) => {
    await heated({ query: NIGHTS, variables });
    await sameBothWays(body, {}, false);
  });

  test("bodies that are no JSON, or not to be trusted", async () => {
    await heated({ query: NIGHTS, variables });
    const plain = JSON.stringify({ query: NIGHTS, variables });
    const bodies = ["", "{", "null", '"text"', plain.replace("{", '{"__proto__":{},'), `\uFEFF${plain}`];
    for (const body of bodies) {
      const [mine, theirs] = [await client.post(body), await client.post(body, BY_FRAMEWORK)];
      expect(comparable(mine)).toEqual(comparable(theirs));
      expect(mine.status).toBe(400);
    }
  });

  test("what fails while it is executed", async () => {
    await heated({ query: NIGHTS, variables });
    gateway.services.failure = new GatewayError("SERVICE_DEGRADED", "the database is out of reach");
    const sent = await sameBothWays({ query: NIGHTS, variables }, {}, false);
    expect(sent.body.toString()).toContain("SERVICE_DEGRADED");
  });

  test("what fails while it is executed, at the cost of no further try", async () => {
    const { reading } = gateway.services;
    await heated({ query: NIGHTS, variables });
    gateway.services.failure = new Error("of a kind that nobody expects");
    const read = jest.spyOn(reading, "read");
    await ask({ query: NIGHTS, variables }, BY_FRAMEWORK);
    const tries = read.mock.calls.length;
    const logged = gateway.log.length;
    const sent = await ask({ query: NIGHTS, variables });
    expect(read).toHaveBeenCalledTimes(2 * tries);
    expect(sent.body.toString()).toContain("INTERNAL_SERVER_ERROR");
    const faults = gateway.log.slice(logged).map((line) => JSON.parse(line));
    const id = sent.headers["x-request-id"];
    expect(faults.filter(({ msg }) => msg === "internal error")).toMatchObject([{ requestId: id }]);
    expect(faults.filter(({ msg }) => msg === "answered")).toMatchObject([{ reqId: id, status: 200 }]);
  });

  test("callers who are refused", async () => {
    await heated({ query: NIGHTS, variables });
    const sent = await ask({ query: NIGHTS, variables }, { authorization: "Bearer nobody" });
    expect(sent.status).toBe(401);
  });

  test("an operation that costs too much by its variables", async () => {
    const sessions = "sessions { id start end inBedSeconds stages { stage start end } }";
    const part = (n: number) => `a${n}: sleep(range: $range) { nodes { ${sessions} } bySource { ${sessions} } }`;
    const many = Array.from({ length: 14 }, (_, n) => part(n));
    const query = `query Many($range: DateRange!, $all: Boolean!) { viewer { id ... @include(if: $all) { ${many.join(" ")} } } }`;
    await heated({ query, variables: { ...variables, all: false } });
    await sameBothWays({ query, variables: { ...variables, all: false } });
    // However often: what is refused is not compiled either.
    for (let use = 0; use < USES; use++) await ask({ query, variables: { ...variables, all: true } });
    const sent = await sameBothWays({ query, variables: { ...variables, all: true } }, {}, false);
    expect(sent.body.toString()).toContain("QUERY_TOO_COMPLEX");
  });

  test("mutations, however often", async () => {
    const query = "mutation { setSourcePreference(input: { metric: SLEEP, order: [] }) { userErrors { code } } }";
    await heated({ query });
    await sameBothWays({ query }, {}, false);
  });
});

test("null is as good as no variables and no name", async () => {
  await start();
  await heated({ query: WHO });
  await sameBothWays({ query: WHO, variables: null, operationName: null });
});

test("two operations of one document are told apart by the name that is asked for", async () => {
  await start();
  for (const operationName of ["A", "B"]) await heated({ query: TWO, operationName });
  const a = await sameBothWays({ query: TWO, operationName: "A" });
  const b = await sameBothWays({ query: TWO, operationName: "B" });
  expect(a.body.equals(b.body)).toBe(false);
  await sameBothWays({ query: TWO }, {}, false);
});

test("the bearer of a server key is answered as one", async () => {
  await start();
  const token = "wg_live_0123456789abcdef";
  gateway.services.serverKeys.set(token, { id: "k", prefix: "wg_live_01234567", scopes: ["read"] } as never);
  const headers = { authorization: `Bearer ${token}` };
  const query = '{ user(externalId: "demo") { externalId } viewer { id } }';
  const alone = '{ user(externalId: "demo") { externalId } }';
  await heated({ query: alone }, headers);
  const sent = await sameBothWays({ query: alone }, headers);
  expect(sent.body.toString()).toContain('"externalId":"demo"');
  await heated({ query }, headers);
  expect((await sameBothWays({ query }, headers)).body.toString()).toContain('"viewer":null');
  // The same document asked by a person, who may not.
  const refused = await sameBothWays({ query: alone }, {}, false);
  expect(refused.body.toString()).toContain("FORBIDDEN");
});

test("an answer that holds is kept with its ETag, and counted and logged once by its id", async () => {
  await start({ maxBytes: 1_000_000 });
  gateway.services.freshUntil = Date.now() / 1_000 + 60;
  const of = (day: string) => ({ query: NIGHTS, variables: { range: { start: day, end: "2026-03-20" } } });
  for (const day of ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]) await ask(of(day));
  byServer.mockClear();
  const logged = gateway.log.length;
  const reads = gateway.services.reads.length;
  const fresh = await ask(of("2026-03-05"));
  const kept = await ask(of("2026-03-05"));
  const framework = await ask(of("2026-03-05"), BY_FRAMEWORK);
  expect(byServer).not.toHaveBeenCalled();
  expect(gateway.services.reads).toHaveLength(reads + 1);
  expect(fresh.headers.etag).toMatch(/^"/);
  for (const other of [kept, framework]) expect(comparable(other)).toEqual(comparable(fresh));
  const lines = gateway.log.slice(logged).filter((line) => line.includes(String(fresh.headers["x-request-id"])));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ route: "/graphql", status: 200, msg: "answered" }]);
  const { text } = await gateway.fetch("/metrics");
  expect(text).toContain(
    'gateway_http_request_duration_seconds_count{method="POST",route="/graphql",status="200"} 7\n',
  );
  expect(text).toContain('gateway_graphql_operation_duration_seconds_count{type="query",outcome="ok"} 5\n');
  expect(text).toContain("gateway_answers_kept_total 2\n");
});

describe("registered operations", () => {
  const hash = documentHash(NIGHTS);
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash } };

  test.each([true, false])("are answered by their hash; others as before (only: %s)", async (only) => {
    await start({ persisted: new PersistedOperations(new Map([[hash, NIGHTS]]), only) });
    await heated({ extensions, variables });
    await sameBothWays({ extensions, variables });
    await sameBothWays({ query: NIGHTS, extensions, variables });
    await sameBothWays({ query: NIGHTS, variables });
    const other = { query: "{ viewer { id } }" };
    if (only) {
      for (let use = 0; use < USES; use++) await ask(other);
      const [mine, theirs] = [await ask(other), await ask(other, BY_FRAMEWORK)];
      expect(comparable(mine)).toEqual(comparable(theirs));
      expect(mine.body.toString()).toContain("OPERATION_NOT_REGISTERED");
    } else await heated(other).then(() => sameBothWays(other));
    const wrong = { query: "{ viewer { id } }", extensions, variables };
    const [mine, theirs] = [await ask(wrong), await ask(wrong, BY_FRAMEWORK)];
    expect(comparable(mine)).toEqual(comparable(theirs));
    expect(mine.body.toString()).toContain("BAD_REQUEST");
  });
});

test.each([
  ["of every field of four metrics", FOUR_METRICS, variables],
  ["of what providers are there", "{ providers { provider displayName metrics } __typename }", {}],
  ["of a node", "query ($id: ID!) { node(id: $id) { id __typename ... on User { externalId } } }", { id: ME }],
  ["of nothing", "query ($id: ID!) { node(id: $id) { id } }", { id: "x" }],
  ["with conditions", "query ($all: Boolean!) { viewer { id externalId @include(if: $all) } }", { all: false }],
  ["with fragments", "{ viewer { ...who } } fragment who on User { id externalId sourcePreferences { metric } }", {}],
])("a query %s", async (_of, query, given) => {
  await start();
  const body = { query, variables: given };
  await heated(body);
  await sameBothWays(body);
});
