import { buildGatewaySchema } from "../../schema/build";
import { ERROR_CODES, GatewayError } from "../../src/domain/errors";
import { encodeNodeId } from "../../src/domain/ids";
import { STATUS_OF } from "../../src/http/answers";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { ACCOUNT, PERSON } from "../support/fake-services";
import { fullQuery } from "../support/full-query";

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
});
afterAll(() => gateway.server.close());
beforeEach(() => {
  gateway.services.failure = null;
  gateway.services.reads.length = 0;
});

const RANGE = '(range: { start: "2026-11-01", end: "2026-11-02" })';
const day = (metric: "SLEEP" | "HRV", provider = "oura", person = PERSON.id) =>
  encodeNodeId({
    type: "Daily",
    person,
    metric,
    provider,
    day: "2026-11-01" as never,
    method: metric === "HRV" ? "SDNN" : null,
  });

test("every field of the schema is answered over a year without an error, by one read", async () => {
  const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
  const { status, json } = await gateway.graphql(fullQuery(schema, "2026-01-01", "2026-12-31"));
  expect([status, json.errors]).toEqual([200, undefined]);
  expect(json.data?.viewer.sleep.nodes).toHaveLength(364);
  expect(json.data?.viewer.sleep.absences[0]).toMatchObject({ provider: "OURA", reason: "PROVIDER_HAS_NONE" });
  expect(gateway.services.reads.map((questions) => questions.map(({ metric }) => metric).sort())).toEqual([
    ["ACTIVITY", "HRV", "READINESS", "SLEEP"],
  ]);
});

test("aliases, fragments and node ids of one operation end in one read, equal questions once", async () => {
  const { json } = await gateway.graphql(
    `query($id: ID!, $session: ID!) {
      viewer { a: sleep${RANGE} { nodes { id } } b: sleep${RANGE} { nodes { id } } ...rest }
      again: viewer { readiness${RANGE} { nodes { id } } }
      node(id: $id) { id ... on Hrv { method averageMilliseconds } }
      session: node(id: $session) { ... on SleepSession { sessionType start } }
    }
    fragment rest on User { hrv(range: { start: "2026-11-01", end: "2026-11-02" }, method: SDNN) { nodes { method } } }`,
    {
      id: day("HRV"),
      session: encodeNodeId({
        type: "SleepSession",
        person: PERSON.id,
        provider: "oura",
        day: "2026-11-01" as never,
        startsAt: Date.parse("2026-11-01T00:10:00+02:00") / 1000,
      }),
    },
  );
  expect(json.errors).toBeUndefined();
  expect(json.data?.node).toEqual({ id: day("HRV"), method: "SDNN", averageMilliseconds: 42.5 });
  expect(json.data?.session).toEqual({ sessionType: "MAIN", start: "2026-11-01T00:10:00+02:00" });
  expect(gateway.services.reads).toHaveLength(1);
  expect(gateway.services.reads[0]).toHaveLength(5);
});

test("ids of nodes lead back to the same nodes, and are the same in nodes and bySource", async () => {
  const fields = "id day provider fetchedAt completeness ... on Sleep { score sessions { id start } }";
  const first = await gateway.graphql(
    `{ viewer { id accounts { id } sleep${RANGE} { nodes { ${fields} } bySource { ${fields} } } } }`,
  );
  const { viewer } = first.json.data ?? {};
  expect(viewer.sleep.nodes).toEqual(viewer.sleep.bySource);
  const [node] = viewer.sleep.nodes;
  const byId = await gateway.graphql(`{ node(id: "${node.id}") { ... on DailyRecord { ${fields} } } }`);
  expect(byId.json.data?.node).toEqual(node);
  const user = await gateway.graphql(`{ node(id: "${viewer.id}") { __typename ... on User { externalId } } }`);
  expect(user.json.data?.node).toEqual({ __typename: "User", externalId: "demo" });
  const account = await gateway.graphql(
    `{ node(id: "${viewer.accounts[0].id}") { __typename ... on ProviderAccount { provider connectedAt lastSyncedAt } } }`,
  );
  expect(account.json.data?.node).toEqual({
    __typename: "ProviderAccount",
    provider: "OURA",
    connectedAt: "2026-09-21T14:13:20Z",
    lastSyncedAt: "2026-09-21T14:16:40Z",
  });
});

test.each([
  ["garbage", "x"],
  ["an empty text", ""],
  ["another person", encodeNodeId({ type: "User", person: ACCOUNT.id })],
  ["another person's account", encodeNodeId({ type: "ProviderAccount", person: ACCOUNT.id, account: ACCOUNT.id })],
  ["an account that is not", encodeNodeId({ type: "ProviderAccount", person: PERSON.id, account: PERSON.id })],
  ["another person's day", day("SLEEP", "oura", ACCOUNT.id)],
  ["a day of an unknown wearable", day("SLEEP", "nobody")],
  ["10 kB", "x".repeat(10_000)],
])("the id of %s answers null and reads nothing", async (_name, id) => {
  const { json } = await gateway.graphql("query($id: ID!) { node(id: $id) { id } }", { id });
  expect(json).toEqual({ data: { node: null } });
  expect(gateway.services.reads).toEqual([]);
});

test("another person sees nothing of the first by any of their ids", async () => {
  const headers = { authorization: "Bearer demo:mallory" };
  const { json } = await gateway.graphql(
    "query($id: ID!) { node(id: $id) { id } viewer { accounts { id } } }",
    { id: day("SLEEP") },
    headers,
  );
  expect(json.data).toEqual({ node: null, viewer: { accounts: [] } });
});

test("user(externalId:) is forbidden, the rest of the answer stands", async () => {
  const { status, json } = await gateway.graphql('{ user(externalId: "demo") { id } viewer { externalId } }');
  expect(status).toBe(200);
  expect(json.data).toEqual({ user: null, viewer: { externalId: "demo" } });
  expect(json.errors).toMatchObject([{ path: ["user"], extensions: { code: "FORBIDDEN" } }]);
});

test("what a person must handle is a userError with its field and time", async () => {
  const { json } = await gateway.graphql(
    'mutation { connectProvider(input: { provider: OURA, returnUrl: "x" }) { state userErrors { code field message retryAt } } }',
  );
  expect(json.data?.connectProvider).toEqual({
    state: null,
    userErrors: [
      {
        code: "RETURN_URL_NOT_ALLOWED",
        field: ["input", "returnUrl"],
        message: "not among the allowed addresses",
        retryAt: null,
      },
    ],
  });
});

test("mutations answer what was done", async () => {
  const { json } = await gateway.graphql(`mutation {
    connectProvider(input: { provider: OURA }) { authorizationUrl expiresAt userErrors { code } }
    completeConnection(input: { provider: OURA, callbackUrl: "https://x.test/" }) { account { status } userErrors { code } }
    syncProvider(input: { provider: OURA, range: { start: "2026-11-01", end: "2026-11-02" } }) { account { id } fetchedRecords }
    disconnectProvider(input: { provider: OURA }) { provider revokedAtProvider deletedRecords userErrors { code } }
  }`);
  expect(json.errors).toBeUndefined();
  expect(json.data).toMatchObject({
    connectProvider: { expiresAt: "2026-09-21T14:23:20Z", userErrors: [] },
    completeConnection: { account: { status: "ACTIVE" } },
    syncProvider: { fetchedRecords: 3 },
    disconnectProvider: { provider: "OURA", revokedAtProvider: true, deletedRecords: null, userErrors: [] },
  });
});

test("a fault loses its own field alone, says only the request id, and logs no message of it", async () => {
  gateway.services.failure = new Error("canary 4711 at postgres://user:pw@db");
  const { status, json, headers, text } = await gateway.graphql(
    `{ viewer { externalId sleep${RANGE} { nodes { id } } } }`,
  );
  expect(status).toBe(200);
  expect(json.data?.viewer).toEqual({ externalId: "demo", sleep: null });
  expect(json.errors).toEqual([
    {
      message: `Internal error in request ${headers.get("x-request-id")}`,
      locations: expect.anything(),
      path: ["viewer", "sleep"],
      extensions: { code: "INTERNAL_SERVER_ERROR" },
    },
  ]);
  expect(text).not.toContain("canary");
  const log = gateway.log.join("");
  expect(log).toContain(String(headers.get("x-request-id")));
  expect(log).not.toContain("canary");
});

test("a person who cannot be looked up is a fault without details", async () => {
  const { person } = gateway.services.people;
  gateway.services.people.person = () => Promise.reject(new Error("canary 4711"));
  const { status, json, text, headers } = await gateway.graphql("{ __typename }");
  gateway.services.people.person = person;
  expect([status, json.errors?.[0]?.extensions.code]).toEqual([500, "INTERNAL_SERVER_ERROR"]);
  expect(text).toContain(String(headers.get("x-request-id")));
  expect(text + gateway.log.join("")).not.toContain("canary");
});

test("a degraded part is a typed error of its field", async () => {
  gateway.services.failure = new GatewayError("SERVICE_DEGRADED", "the database is out of reach; try again");
  const { json } = await gateway.graphql(`{ viewer { hrv${RANGE} { nodes { id } } } }`);
  expect(json.errors).toMatchObject([
    { message: "the database is out of reach; try again", extensions: { code: "SERVICE_DEGRADED" } },
  ]);
});

test("a value that cannot be answered is not quoted", async () => {
  const { list } = gateway.services.accounts;
  gateway.services.accounts.list = async () => [
    { ...ACCOUNT, grantedScopes: ["a", { canary: 1 } as unknown as string] },
  ];
  const { json, text } = await gateway.graphql("{ viewer { accounts { grantedScopes } } }");
  gateway.services.accounts.list = list;
  expect(json.errors).toMatchObject([{ extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
  expect(text).not.toContain("canary");
});

test("the catalogue has no code that HTTP cannot answer", () => {
  expect(Object.keys(STATUS_OF).sort()).toEqual(Object.keys(ERROR_CODES).sort());
});
