import { request as httpRequest } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { AnswerCache } from "../../src/http/answer-cache";
import type { AnswerStore } from "../../src/services/ports/answers";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";

const QUERY = `{ viewer { externalId sleep(range: { start: "2026-03-01", end: "2026-03-20" }) { nodes { id day score bedtimeStart } } } }`;
/** Seconds by which a test has moved the clock of the answers on. */
let ahead = 0;
const now = () => Date.now() / 1_000 + ahead;

/** Data versions that a test raises, and a store that a test can read, spoil and lose. */
class Shared implements AnswerStore {
  readonly raised = new Map<string, number>();
  readonly stored = new Map<string, Buffer>();
  confirmed = true;
  readonly versions = {
    current: async (personId: string) => ({
      version: String(this.raised.get(personId) ?? 1),
      confirmed: this.confirmed,
    }),
    learned: () => undefined,
  };
  async get(personId: string, key: string) {
    return this.stored.get(`${personId} ${key}`) ?? null;
  }
  async put(personId: string, key: string, bytes: Buffer) {
    this.stored.set(`${personId} ${key}`, bytes);
  }
  cache(build = "test", maxBytes = 1_000_000): AnswerCache {
    return new AnswerCache({ versions: this.versions, store: this, build, now, maxBytes });
  }
}

let shared: Shared;
let gateway: FakeGateway;

beforeEach(async () => {
  ahead = 0;
  shared = new Shared();
  gateway = await startFakeGateway({ answers: shared.cache() });
  gateway.services.freshUntil = now() + 60;
});
afterEach(() => gateway.server.close());

const executed = () => gateway.services.reads.length;
const raise = async (externalId: string) => {
  const person = await gateway.services.people.person(externalId);
  shared.raised.set(person.id, (shared.raised.get(person.id) ?? 1) + 1);
};

test("a second equal query is answered with the same bytes and not executed", async () => {
  const first = await gateway.graphql(QUERY);
  const second = await gateway.graphql(QUERY);
  expect(executed()).toBe(1);
  expect(second.text).toBe(first.text);
  expect(first.json.data).toBeDefined();
  for (const answer of [first, second]) {
    expect(answer.headers.get("cache-control")).toBe("private, no-cache");
    expect(answer.headers.get("etag")).toBe(first.headers.get("etag"));
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.headers.get("vary")).toContain("Authorization");
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  }
  expect(first.headers.get("x-request-id")).not.toBe(second.headers.get("x-request-id"));
});

test("another person who sends the same bytes gets their own answer", async () => {
  const mine = await gateway.graphql(QUERY);
  const theirs = await gateway.graphql(QUERY, undefined, { authorization: "Bearer demo:other" });
  expect(executed()).toBe(2);
  expect(JSON.stringify(mine.json.data)).toContain('"externalId":"demo"');
  expect(JSON.stringify(theirs.json.data)).toContain('"externalId":"other"');
});

test("other variables are another question", async () => {
  const query = "query ($range: DateRange!) { viewer { sleep(range: $range) { nodes { day } } } }";
  await gateway.graphql(query, { range: { start: "2026-03-01", end: "2026-03-02" } });
  await gateway.graphql(query, { range: { start: "2026-03-01", end: "2026-03-03" } });
  expect(executed()).toBe(2);
});

test("a new data version ends an answer at once", async () => {
  await gateway.graphql(QUERY);
  await raise("demo");
  await gateway.graphql(QUERY);
  expect(executed()).toBe(2);
});

test("an answer holds no longer than what is in it, and not at all while the version cannot be confirmed", async () => {
  gateway.services.freshUntil = now() + 60;
  await gateway.graphql(QUERY);
  await gateway.graphql(QUERY);
  expect(executed()).toBe(1);
  ahead = 61;
  gateway.services.freshUntil = now() + 60;
  await gateway.graphql(QUERY);
  expect(executed()).toBe(2);
  shared.confirmed = false;
  const answer = await gateway.graphql(QUERY);
  expect(executed()).toBe(3);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test.each([
  ["lastSyncedAt", `{ viewer { accounts { lastSyncedAt } } }`],
  ["an introspection", `{ __schema { queryType { name } } }`],
  ["a field that fails", `{ viewer { sleep(range: { start: "2026-03-02", end: "2026-03-01" }) { nodes { day } } } }`],
  ["a clock in a fragment", `{ viewer { ...F } } fragment F on User { accounts { lastSyncedAt } }`],
  ["a clock behind an interface", `{ node(id: "x") { ... on ProviderAccount { lastSyncedAt } } }`],
  ["a mutation", `mutation { setSourcePreference(input: { metric: SLEEP, order: [] }) { userErrors { code } } }`],
])("%s keeps an answer from being kept", async (_name, query) => {
  const answers = [await gateway.graphql(query), await gateway.graphql(query)];
  for (const answer of answers) {
    expect(answer.headers.get("etag")).toBeNull();
    expect(answer.headers.get("cache-control")).toBe("no-store");
  }
  expect(shared.stored.size).toBe(0);
});

test("an answer with issues is not kept", async () => {
  gateway.services.issues = [{ provider: "oura", code: "STALE_DATA", message: "old", retryAt: null }];
  await gateway.graphql(QUERY);
  await gateway.graphql(QUERY);
  expect(executed()).toBe(2);
});

test("ANSWER_CACHE_MB=0 keeps nothing, in the shared store neither", async () => {
  const off = await startFakeGateway({ answers: shared.cache("test", 0) });
  off.services.freshUntil = now() + 60;
  try {
    const answers = [await off.graphql(QUERY), await off.graphql(QUERY)];
    expect(off.services.reads).toHaveLength(2);
    expect(answers.map(({ headers }) => headers.get("etag"))).toEqual([null, null]);
    expect(shared.stored.size).toBe(0);
  } finally {
    await off.server.close();
  }
});

test("what a process keeps is bounded by bytes: the answer asked for least recently goes first", async () => {
  const cache = new AnswerCache({ versions: shared.versions, store: null, build: "test", now, maxBytes: 5_000 });
  const ask = (text: string) => cache.asked({ personId: "p", type: "application/json", text });
  const [first, second, third] = [await ask("1"), await ask("2"), await ask("3")];
  for (const question of [first, second, third]) {
    await cache.keep(question!, "x".repeat(2_000), now() + 60);
    await cache.find(first!);
  }
  const held = await Promise.all([first, second, third].map(async (one) => (await cache.find(one!)) !== null));
  expect(held).toEqual([true, false, true]);
  await cache.keep(second!, "x".repeat(6_000), now() + 60);
  expect(await cache.find(second!)).toBeNull();
  expect(await cache.find(first!)).not.toBeNull();
});

test("errors, their paths and the nulls around them are the same however often an operation was asked", async () => {
  const query = `{ viewer { externalId sleep(range: { start: "2026-03-02", end: "2026-03-01" }) { nodes { day } } } providers { slow: provider } }`;
  const answers = [];
  for (let asked = 0; asked < 8; asked++) answers.push((await gateway.graphql(query)).text);
  expect(new Set(answers).size).toBe(1);
  expect(JSON.parse(answers[0] ?? "")).toMatchObject({
    data: { viewer: { externalId: "demo", sleep: null } },
    errors: [{ path: ["viewer", "sleep"], extensions: { code: "BAD_USER_INPUT" } }],
  });
});

test("server keys are not answered from what is kept", async () => {
  const key = { id: crypto.randomUUID(), name: "k", prefix: "p", scopes: ["read"] as const };
  gateway.services.serverKeys.set("gw_test", key as never);
  const query = `{ providers { provider } }`;
  const headers = { authorization: "Bearer gw_test" };
  const answer = await gateway.graphql(query, undefined, headers);
  expect(answer.headers.get("etag")).toBeNull();
});

test("If-None-Match gets 304 without a body, for GET and POST", async () => {
  const { headers } = await gateway.graphql(QUERY);
  const etag = headers.get("etag") ?? "";
  const again = await gateway.graphql(QUERY, undefined, { "if-none-match": etag });
  expect([again.status, again.text]).toEqual([304, ""]);
  const path = `/graphql?query=${encodeURIComponent(QUERY)}`;
  const preflight = { "apollo-require-preflight": "yes" };
  const got = await gateway.fetch(path, { headers: preflight });
  expect(got.status).toBe(200);
  const same = await gateway.fetch(path, { headers: { ...preflight, "if-none-match": got.headers.get("etag") ?? "" } });
  expect([same.status, same.text]).toEqual([304, ""]);
  expect((await gateway.graphql(QUERY, undefined, { "if-none-match": '"else"' })).status).toBe(200);
});

test("a GET that a page of another site could send is refused although its answer is kept", async () => {
  const path = `/graphql?query=${encodeURIComponent(QUERY)}`;
  expect((await gateway.fetch(path, { headers: { "apollo-require-preflight": "yes" } })).status).toBe(200);
  expect((await gateway.fetch(path)).status).toBe(400);
});

test.each([
  ["no credentials that count", { authorization: "Bearer nonsense" }, 401],
  ["a media type that is not ours", { accept: "text/html, image/png" }, 400],
  ["a coded body", { "content-encoding": "gzip" }, 415],
  ["a body that is no JSON by its type", { "content-type": "text/plain" }, 415],
])("a kept answer is not given to %s", async (_name, headers, status) => {
  await gateway.graphql(QUERY);
  expect((await gateway.graphql(QUERY, undefined, headers as Record<string, string>)).status).toBe(status);
});

test.each([
  ["gzip", gunzipSync],
  ["br", brotliDecompressSync],
])("is sent in %s where the client likes that", async (coding, decode) => {
  const plain = await gateway.graphql(QUERY);
  const coded = await raw(gateway.port, JSON.stringify({ query: QUERY }), { "accept-encoding": coding });
  expect(coded.headers["content-encoding"]).toBe(coding);
  expect(decode(coded.body).toString()).toBe(plain.text);
  const refused = await raw(gateway.port, JSON.stringify({ query: QUERY }), { "accept-encoding": `${coding};q=0` });
  expect(refused.headers["content-encoding"]).toBeUndefined();
});

test("another process finds it in the shared store, but never another's, another version's, another build's or a spoilt one", async () => {
  await gateway.graphql(QUERY);
  expect(shared.stored.size).toBe(0);
  await gateway.graphql(QUERY);
  expect(shared.stored.size).toBe(1);
  const second = await startFakeGateway({ answers: shared.cache() });
  const other = await startFakeGateway({ answers: shared.cache("another build") });
  const people = await gateway.services.people.person("demo");
  for (const twin of [second, other]) {
    twin.services.freshUntil = now() + 60;
    twin.services.people.person = async () => people;
  }
  try {
    expect((await second.graphql(QUERY)).text).toBe((await gateway.graphql(QUERY)).text);
    expect(second.services.reads).toHaveLength(0);
    await other.graphql(QUERY);
    expect(other.services.reads).toHaveLength(1);
  } finally {
    await Promise.all([second.server.close(), other.server.close()]);
  }
});

test("what lies in the store under a person's key is looked at again: foreign, cut and altered values are misses", async () => {
  for (let turn = 0; turn < 2; turn++) {
    await gateway.graphql(QUERY);
    await gateway.graphql(QUERY, undefined, { authorization: "Bearer demo:other" });
  }
  const [[mine, bytes], [, theirs]] = [...shared.stored] as [[string, Buffer], [string, Buffer]];
  const altered = Buffer.from(bytes);
  altered[altered.length - 5]! ^= 1;
  for (const spoilt of [theirs, bytes.subarray(0, -3), altered, Buffer.from("nonsense"), Buffer.alloc(0)]) {
    shared.stored.set(mine, spoilt);
    const fresh = await startFakeGateway({ answers: shared.cache() });
    fresh.services.freshUntil = now() + 60;
    const person = await gateway.services.people.person("demo");
    fresh.services.people.person = async () => person;
    try {
      const answer = await fresh.graphql(QUERY);
      expect(fresh.services.reads).toHaveLength(1);
      expect(JSON.stringify(answer.json.data)).toContain('"externalId":"demo"');
    } finally {
      await fresh.server.close();
    }
  }
});

interface RawAnswer {
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** One POST whose answer is not decoded. */
function raw(port: number, body: string, headers: Record<string, string>): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: "127.0.0.1",
        port,
        path: "/graphql",
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}
