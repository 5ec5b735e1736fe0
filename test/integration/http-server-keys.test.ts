import { encodeNodeId } from "../../src/domain/ids";
import { mintKey } from "../../src/services/keys";
import { type Answer, type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { ACCOUNT, PERSON } from "../support/fake-services";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const minted = { both: mintKey(), read: mintKey(), write: mintKey() };
const both = bearer(minted.both.key);
const readOnly = bearer(minted.read.key);
const writeOnly = bearer(minted.write.key);

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
  const { serverKeys } = gateway.services;
  const known = (name: keyof typeof minted, scopes: readonly ("read" | "write")[]) =>
    serverKeys.set(minted[name].key, { id: name, prefix: minted[name].prefix, scopes, expiresAt: null });
  known("both", ["read", "write"]);
  known("read", ["read"]);
  known("write", ["write"]);
});
afterAll(() => gateway.server.close());
beforeEach(() => {
  gateway.services.actedFor.length = 0;
});

const codes = ({ json }: Answer) => json.errors?.map(({ extensions }) => extensions.code);
const said = ({ json }: Answer) => json.errors?.map(({ message }) => message).join();
const USER = "query ($externalId: String!) { user(externalId: $externalId) { id externalId accounts { id } } }";
const NODE = "query ($id: ID!) { node(id: $id) { __typename id } }";
const RANGE = '(range: { start: "2026-11-01", end: "2026-11-02" })';

describe("reading", () => {
  test("viewer is null, providers are told", async () => {
    const { status, json } = await gateway.graphql("{ viewer { id } providers { provider } }", {}, readOnly);
    expect([status, json]).toEqual([200, { data: { viewer: null, providers: [{ provider: "OURA" }] } }]);
  });

  test("user(externalId:) answers a person that is there, and null for one that is not, who is not made by asking", async () => {
    const known = await gateway.graphql(USER, { externalId: PERSON.externalId }, readOnly);
    expect(known.json.data?.user).toMatchObject({ externalId: "demo", accounts: [{}] });
    for (const externalId of ["nobody", "", "a\nb", "x".repeat(256), "nobody"]) {
      expect((await gateway.graphql(USER, { externalId }, readOnly)).json).toEqual({ data: { user: null } });
    }
  });

  test("user(externalId:) stays FORBIDDEN to persons, oneself too", async () => {
    for (const externalId of ["demo", "nobody"]) {
      const answer = await gateway.graphql(USER, { externalId });
      expect([codes(answer), answer.json.data]).toEqual([["FORBIDDEN"], { user: null }]);
    }
  });

  test("node(id:) answers nodes of any person there is", async () => {
    const day = { metric: "SLEEP", provider: "oura", day: "2026-11-01" as never, method: null } as const;
    const ids = [
      encodeNodeId({ type: "User", person: PERSON.id }),
      encodeNodeId({ type: "ProviderAccount", person: PERSON.id, account: ACCOUNT.id }),
      encodeNodeId({ type: "Daily", person: PERSON.id, ...day }),
    ];
    for (const id of ids) {
      expect((await gateway.graphql(NODE, { id }, readOnly)).json.data?.node).toMatchObject({ id });
      expect((await gateway.graphql(NODE, { id }, bearer("demo:mallory"))).json).toEqual({ data: { node: null } });
    }
    const strange = encodeNodeId({ type: "User", person: "99999999-9999-4999-8999-999999999999" });
    expect((await gateway.graphql(NODE, { id: strange }, readOnly)).json).toEqual({ data: { node: null } });
  });

  test("without the scope read, user and node are FORBIDDEN", async () => {
    const user = await gateway.graphql(USER, { externalId: "demo" }, writeOnly);
    expect([codes(user), said(user)]).toEqual([["FORBIDDEN"], "the server key lacks the scope read"]);
    const id = encodeNodeId({ type: "User", person: PERSON.id });
    expect(codes(await gateway.graphql(NODE, { id }, writeOnly))).toEqual(["FORBIDDEN"]);
  });

  test("several persons in one query, within the limits that hold for everybody", async () => {
    const persons = (count: number) =>
      `{ ${Array.from({ length: count }, (_, n) => `u${n}: user(externalId: "demo") { sleep${RANGE} { nodes { id } } }`).join(" ")} }`;
    const answer = await gateway.graphql(persons(15), {}, readOnly);
    expect(answer.json.errors).toBeUndefined();
    expect(answer.json.data?.["u14"].sleep.nodes).toHaveLength(2);
    expect(codes(await gateway.graphql(persons(16), {}, readOnly))).toEqual(["QUERY_TOO_COMPLEX"]);
  });
});

const MUTATIONS: readonly [string, string][] = [
  ["connectProvider", "provider: OURA|userErrors { code }"],
  ["completeConnection", 'provider: OURA, callbackUrl: "https://app.test/?link_code=c"|account { id lastSyncedAt }'],
  ["disconnectProvider", "provider: OURA|revokedAtProvider"],
  ["syncProvider", 'provider: OURA, range: { start: "2026-11-01", end: "2026-11-02" }|fetchedRecords'],
  ["setSourcePreference", "metric: SLEEP, order: [OURA]|preference { metric }"],
];

describe.each(MUTATIONS)("%s", (name, parts) => {
  const [input = "", fields = ""] = parts.split("|");
  const mutate = (acting: string, headers: Record<string, string>) =>
    gateway.graphql(`mutation { ${name}(input: { ${input} ${acting} }) { ${fields} } }`, {}, headers);

  test("acts for the person whom a server key names", async () => {
    const answer = await mutate(', userExternalId: "demo"', both);
    expect(answer.json.errors).toBeUndefined();
    expect(gateway.services.actedFor).toEqual(["demo"]);
  });

  test.each(["", ", userExternalId: null", ', userExternalId: ""', ', userExternalId: "a\\u0000b"'])(
    "of a server key with %j is BAD_USER_INPUT that names the field",
    async (acting) => {
      const answer = await mutate(acting, both);
      expect(codes(answer)).toEqual(["BAD_USER_INPUT"]);
      expect(said(answer)).toMatch(/^input\.userExternalId /);
      expect(gateway.services.actedFor).toEqual([]);
    },
  );

  test("of a key without the scope write is FORBIDDEN", async () => {
    const answer = await mutate(', userExternalId: "demo"', readOnly);
    expect([codes(answer), said(answer)]).toEqual([["FORBIDDEN"], "the server key lacks the scope write"]);
    expect(gateway.services.actedFor).toEqual([]);
  });

  test("of a person acts for that person, and is FORBIDDEN with userExternalId, one's own too", async () => {
    expect((await mutate(", userExternalId: null", bearer("demo:demo"))).json.errors).toBeUndefined();
    expect(gateway.services.actedFor).toEqual(["demo"]);
    for (const other of ["demo", "ann"]) {
      const answer = await mutate(`, userExternalId: "${other}"`, bearer("demo:demo"));
      expect([codes(answer), said(answer)]).toEqual([["FORBIDDEN"], expect.stringContaining("input.userExternalId")]);
    }
    expect(gateway.services.actedFor).toEqual(["demo"]);
  });
});

test("a mutation makes its person at first sight, whom the key may then read", async () => {
  const mutation = 'mutation { connectProvider(input: { provider: OURA, userExternalId: "first seen" }) { state } }';
  expect((await gateway.graphql(mutation, {}, writeOnly)).json.errors).toBeUndefined();
  const { json } = await gateway.graphql(USER, { externalId: "first seen" }, both);
  expect(json.data?.user).toMatchObject({ externalId: "first seen", accounts: [] });
});

test("an unknown or malformed key is a 401 that logs nothing of it", async () => {
  const unknown = mintKey().key;
  for (const token of [unknown, "wg_live_", "wg_anything"]) {
    const answer = await gateway.graphql("{ providers { provider } }", {}, bearer(token));
    expect([answer.status, codes(answer), answer.headers.get("www-authenticate")]).toEqual([
      401,
      ["UNAUTHENTICATED"],
      "Bearer",
    ]);
  }
  const log = gateway.log.join("");
  for (const { key } of [...Object.values(minted), { key: unknown }]) expect(log).not.toContain(key.slice(-43));
});
