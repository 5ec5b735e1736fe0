import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { buildGatewaySchema } from "../../schema/build";
import { AnswerCache } from "../../src/http/answer-cache";
import { documentHash } from "../../src/http/persisted";
import { readPersistedOperations } from "../../src/open-operations";
import { type Answer, type FakeGateway, startFakeGateway } from "../support/fake-gateway";

const schema = buildGatewaySchema({ providers: [{ slug: "oura", displayName: "Oura" }] });
const NIGHTS = "query Nights($range: DateRange!) { viewer { sleep(range: $range) { nodes { day score } } } }";
const WHO = "{ viewer { externalId } }";
const CHANGE = "mutation { setSourcePreference(input: { metric: SLEEP, order: [] }) { userErrors { code } } }";
const FILE = JSON.stringify(Object.fromEntries([NIGHTS, WHO, CHANGE].map((text) => [documentHash(text), text])));
const variables = { range: { start: "2026-03-01", end: "2026-03-02" } };
const PREFLIGHT = { "apollo-require-preflight": "yes" };

const folder = mkdtempSync(join(tmpdir(), "persisted-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const read = (path: string, only = false) => readPersistedOperations({ path, only }, schema);
const extensions = (hash: string, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash: hash } });
const codes = (answer: Answer) => answer.json.errors?.map((error) => error.extensions.code);

function keptAnswers(): AnswerCache {
  const versions = { current: async () => ({ version: "1", confirmed: true }), learned: () => undefined };
  return new AnswerCache({ versions, store: null, build: "b", now: () => Date.now() / 1_000, maxBytes: 1e6 });
}

async function gatewayWith(only: boolean): Promise<FakeGateway> {
  const persisted = await read(written("operations.json", FILE), only);
  const gateway = await startFakeGateway({ persisted, answers: keptAnswers() });
  gateway.services.freshUntil = Date.now() / 1_000 + 60;
  return gateway;
}
const post = (gateway: FakeGateway, body: object, headers = {}) => gateway.post(JSON.stringify(body), headers);

describe.each([
  ["beside others", false],
  ["alone", true],
])("registered operations %s", (_name, only) => {
  let gateway: FakeGateway;
  beforeAll(async () => {
    gateway = await gatewayWith(only);
  });
  afterAll(() => gateway.server.close());

  test("are executed by their hash, with variables, and their answers kept", async () => {
    const ask = () => post(gateway, { extensions: extensions(documentHash(NIGHTS)), variables });
    const before = gateway.services.reads.length;
    const [first, second] = [await ask(), await ask()];
    expect(first.json.data?.["viewer"].sleep.nodes).toHaveLength(2);
    expect(second.text).toBe(first.text);
    expect(gateway.services.reads).toHaveLength(before + 1);
  });

  test("are executed by GET with ETag and Cache-Control: private, and 304 where the browser has them", async () => {
    const search = new URLSearchParams({
      extensions: JSON.stringify(extensions(documentHash(NIGHTS))),
      variables: JSON.stringify(variables),
    });
    const got = await gateway.fetch(`/graphql?${search}`, { headers: PREFLIGHT });
    expect(got.json.data?.["viewer"].sleep.nodes).toHaveLength(2);
    expect(got.headers.get("cache-control")).toBe("private, no-cache");
    const etag = got.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"/);
    const again = await gateway.fetch(`/graphql?${search}`, { headers: { ...PREFLIGHT, "if-none-match": etag } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("are refused by a GET that a page of another site could send, and mutations by any GET", async () => {
    const by = (text: string) =>
      `/graphql?${new URLSearchParams({ extensions: JSON.stringify(extensions(documentHash(text))) })}`;
    expect((await gateway.fetch(by(WHO))).status).toBe(400);
    expect((await gateway.fetch(by(CHANGE), { headers: PREFLIGHT })).status).toBe(405);
  });

  test("are executed where the document is sent, with its hash or without", async () => {
    for (const body of [{ query: WHO }, { query: WHO, extensions: extensions(documentHash(WHO)) }]) {
      expect((await post(gateway, body)).json.data).toEqual({ viewer: { externalId: "demo" } });
    }
  });

  test.each([
    ["a hash of another document", { query: WHO, extensions: extensions(documentHash(NIGHTS)) }, "BAD_REQUEST"],
    ["an unknown hash", { extensions: extensions("0".repeat(64)) }, "PERSISTED_QUERY_NOT_FOUND"],
    ["a hash in capitals", { extensions: extensions(documentHash(WHO).toUpperCase()) }, "PERSISTED_QUERY_NOT_FOUND"],
    ["a hash that is no text", { extensions: { persistedQuery: { version: 1, sha256Hash: 1 } } }, "BAD_REQUEST"],
    ["another version", { extensions: extensions(documentHash(WHO), 2) }, "BAD_REQUEST"],
    ["an inherited name", { extensions: extensions("constructor") }, "PERSISTED_QUERY_NOT_FOUND"],
    ["neither document nor hash", {}, "BAD_REQUEST"],
    ["a batch", [{ query: WHO }], "BAD_REQUEST"],
  ])("%s is refused", async (_what, body, code) => {
    const answer = await post(gateway, body);
    expect(answer.json.data).toBeUndefined();
    expect(codes(answer)).toEqual([code]);
    const strict = await post(gateway, body, { accept: "application/graphql-response+json" });
    expect([strict.status, codes(strict)]).toEqual([400, [code]]);
  });

  test(`another document is ${only ? "refused" : "executed"}, also where its hash is sent, and registers nothing`, async () => {
    const query = "{ viewer { id } }";
    const search = new URLSearchParams({ query });
    const answers = [
      await post(gateway, { query }),
      await post(gateway, { query, extensions: extensions(documentHash(query)) }),
      await gateway.fetch(`/graphql?${search}`, { headers: PREFLIGHT }),
    ];
    for (const answer of answers) {
      if (only) expect(codes(answer)).toEqual(["OPERATION_NOT_REGISTERED"]);
      else expect(answer.json.data?.["viewer"].id).toMatch(/./);
    }
    expect(codes(await post(gateway, { extensions: extensions(documentHash(query)) }))).toEqual([
      "PERSISTED_QUERY_NOT_FOUND",
    ]);
  });

  test(`a browser's visit gets ${only ? "a page that says why there is no GraphiQL" : "GraphiQL"}`, async () => {
    const { status, text } = await gateway.fetch("/graphql", { headers: { accept: "text/html" } });
    expect(status).toBe(200);
    expect(text.includes("PERSISTED_ONLY")).toBe(only);
  });
});

test("a folder is read file by file, each under the hash of its text with and without white space at its ends", async () => {
  const root = mkdtempSync(join(folder, "documents-"));
  writeFileSync(join(root, "who.graphql"), `\n${WHO}\n`);
  writeFileSync(join(root, "notes.txt"), "no document");
  const persisted = await read(root);
  expect(persisted?.get(documentHash(WHO))).toBe(WHO);
  expect(persisted?.get(documentHash(`\n${WHO}\n`))).toBe(`\n${WHO}\n`);
});

test("Apollo's manifest is read", async () => {
  const manifest = {
    format: "apollo-persisted-query-manifest",
    version: 1,
    operations: [{ id: documentHash(WHO), body: WHO }],
  };
  expect((await read(written("manifest.json", JSON.stringify(manifest))))?.get(documentHash(WHO))).toBe(WHO);
});

const BROKEN = "{ viewer {";
const UNKNOWN = "{ viewer { shoeSize } }";
const DEEP = `{ viewer { ${"...on User { ".repeat(3)} ${Array.from({ length: 20 }, (_, i) => `a${i}: id`).join(" ")} ${"}".repeat(3)} } }`;
const TWIN = "{ viewer { id } } ";
test.each([
  ["no JSON", "{", "is not valid JSON"],
  ["a list", "[]", "is no object from SHA-256 to document"],
  ["nothing", "{}", "holds no operation"],
  ["a hash without document", `{"${"0".repeat(64)}": 7}`, `${"0".repeat(64)} has no document`],
  [
    "a hash of another document",
    `{"${"0".repeat(64)}": "${WHO}"}`,
    `${"0".repeat(64)} is not the SHA-256 of its document`,
  ],
  ["broken GraphQL", JSON.stringify({ [documentHash(BROKEN)]: BROKEN }), `${documentHash(BROKEN)}: Syntax Error`],
  [
    "an unknown field",
    JSON.stringify({ [documentHash(UNKNOWN)]: UNKNOWN }),
    `${documentHash(UNKNOWN)}: Cannot query field "shoeSize"`,
  ],
  ["a limit exceeded", JSON.stringify({ [documentHash(DEEP)]: DEEP }), `${documentHash(DEEP)}: `],
])("a file with %s stops the start by name", async (_name, text, problem) => {
  await expect(read(written("bad.json", text))).rejects.toThrow(`PERSISTED_OPERATIONS: ${problem}`);
});

test("a file that is missing stops the start by name", async () => {
  await expect(read(join(folder, "missing"))).rejects.toThrow("PERSISTED_OPERATIONS: there is no such file or folder");
});

test("what is accepted at all changes the name that answers are kept under", async () => {
  const both = await read(written("two.json", FILE), true);
  const one = await read(written("one.json", JSON.stringify({ [documentHash(TWIN)]: TWIN })), true);
  expect(both?.name).not.toBe(one?.name);
  expect((await read(written("two.json", FILE)))?.name).toBe("any");
});

test.each([
  ["an unregistered subscription", "subscription { dataChanged { cursor } }", undefined, "OPERATION_NOT_REGISTERED"],
  ["an unknown hash", "", extensions("0".repeat(64)), "PERSISTED_QUERY_NOT_FOUND"],
])("over WebSocket %s is refused where registered operations are executed alone", async (_name, query, given, code) => {
  const gateway = await gatewayWith(true);
  const client = createClient({
    url: `${gateway.url.replace("http", "ws")}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  try {
    const ended = new Promise((_resolve, reject) => {
      const payload = given ? { query, extensions: given } : { query };
      client.subscribe(payload, { next: () => undefined, error: reject, complete: () => undefined });
    });
    await expect(ended).rejects.toMatchObject([{ extensions: { code } }]);
  } finally {
    await client.dispose();
    await gateway.server.close();
  }
});
