import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Registry } from "prom-client";
import { AnswerCache } from "../../src/http/answer-cache";
import type { Person } from "../../src/services/api";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { comparable, PlainClient } from "../support/plain-client";

const QUERY = `{ viewer { externalId sleep(range: { start: "2026-03-01", end: "2026-03-20" }) { nodes { id day score bedtimeStart } } } }`;
const BODY = JSON.stringify({ query: QUERY });
const OTHER = JSON.stringify({ query: "{ viewer { externalId } }" });
const now = () => Date.now() / 1_000;

/** Data versions that are trusted, or have to be waited for; `waited`: how often they were. */
class Versions {
  version = "1";
  atOnce = true;
  waited = 0;
  current = async () => {
    this.waited += 1;
    return { version: this.version, confirmed: true };
  };
  trusted = () => (this.atOnce ? this.version : null);
}

let versions: Versions;
let registry: Registry;
let gateway: FakeGateway;
let client: PlainClient;

beforeEach(async () => {
  versions = new Versions();
  registry = new Registry();
  const answers = new AnswerCache({ versions, store: null, build: "test", now, maxBytes: 1_000_000 });
  gateway = await startFakeGateway({ answers, registry });
  gateway.services.freshUntil = now() + 60;
  const known = new Map<string, Person>();
  const { person } = gateway.services.people;
  gateway.services.people.person = async (externalId) => {
    const one = await person(externalId);
    known.set(externalId, one);
    return one;
  };
  gateway.services.people.known = (externalId) => known.get(externalId) ?? null;
  client = new PlainClient(gateway.port);
});
afterEach(async () => {
  client.close();
  await gateway.server.close();
});

const ask = (headers: Record<string, string> = {}, body = BODY) => client.post(body, headers);

/** The answer to these headers at once, which is the same after waiting, and from the framework. */
async function sameEverywhere(headers: Readonly<Record<string, string>>) {
  const framework = await ask({ ...headers, origin: "http://localhost" });
  versions.atOnce = false;
  const waited = await ask(headers);
  versions.atOnce = true;
  const before = versions.waited;
  const atOnce = await ask(headers);
  expect(versions.waited).toBe(before);
  expect(comparable(atOnce)).toEqual(comparable(waited));
  expect(comparable(atOnce)).toEqual(comparable(framework));
  return atOnce;
}

test.each<[string, Record<string, string>]>([
  ["as it is", {}],
  ["in the newer media type", { accept: "application/graphql-response+json" }],
  ["in gzip", { "accept-encoding": "gzip" }],
  ["in br", { "accept-encoding": "gzip, br" }],
  ["to who has another", { "if-none-match": '"else"' }],
  ["to who asks for the connection to be closed", { connection: "close" }],
])("an answer %s is the same at once, after waiting, and from the framework", async (_name, headers) => {
  await ask(headers);
  const atOnce = await sameEverywhere(headers);
  expect(gateway.services.reads).toHaveLength(1);
  expect(atOnce.status).toBe(200);
});

test("304 is the same at once, after waiting, and from the framework", async () => {
  const atOnce = await sameEverywhere({ "if-none-match": String((await ask()).headers.etag) });
  expect([atOnce.status, atOnce.body.length]).toEqual([304, 0]);
});

test("on one connection each gets their own answer to the same bytes, again and again", async () => {
  const names = ["ann", "ben", "demo"];
  for (let turn = 0; turn < 3; turn++) {
    for (const name of names) {
      const { body } = await ask(name === "demo" ? {} : { authorization: `Bearer demo:${name}` });
      expect(JSON.parse(body.toString()).data.viewer.externalId).toBe(name);
    }
  }
  expect(gateway.services.reads).toHaveLength(names.length);
  expect((await ask({ authorization: "Bearer nobody" })).status).toBe(401);
});

test("a new version ends what is given at once, and so does the end of the answer", async () => {
  await ask();
  versions.version = "2";
  await ask();
  expect(gateway.services.reads).toHaveLength(2);
  versions.version = "3";
  gateway.services.freshUntil = now() + 0.2;
  await ask();
  await sleep(250);
  await ask();
  expect(gateway.services.reads).toHaveLength(4);
});

test("every answer at once is counted and logged by its id, once", async () => {
  await ask();
  const ids = [(await ask()).headers["x-request-id"], (await ask()).headers["x-request-id"]];
  const held = await ask({ "if-none-match": String((await ask()).headers.etag) });
  await sleep(20);
  const { text } = await gateway.fetch("/metrics");
  const of = 'duration_seconds_count{method="POST",route="/graphql"';
  expect(text).toContain(`${of},status="200"} 4\n`);
  expect(text).toContain(`${of},status="304"} 1\n`);
  expect(text).toContain("gateway_answers_kept_total 4\n");
  expect((await gateway.fetch("/metrics")).text).toContain(`${of},status="200"} 4\n`);
  for (const id of [...ids, held.headers["x-request-id"]]) {
    const lines = gateway.log.filter((line) => line.includes(String(id)));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ method: "POST", route: "/graphql", msg: "answered" });
  }
});

const head = (body: string, more = "") =>
  `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n`;

/** Sends pieces one after the other, and answers what came back until the connection was closed. */
async function exchange(...pieces: string[]): Promise<string> {
  const socket = connect(gateway.port, "127.0.0.1");
  const closed = once(socket, "close");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(30);
  }
  await closed;
  return text;
}

test("requests sent behind each other are answered in their order, whoever answers them", async () => {
  await ask();
  const text = await exchange(
    `${head(BODY)}${BODY}${head(OTHER)}${OTHER}${head(BODY, "Origin: http://localhost\r\n")}${BODY}${head(BODY)}${BODY}${head(OTHER, "Connection: close\r\n")}${OTHER}`,
  );
  const answers = text.split("HTTP/1.1 ").slice(1);
  expect(answers.map((answer) => answer.slice(0, 3))).toEqual(["200", "200", "200", "200", "200"]);
  expect(answers.map((answer) => answer.includes('"bedtimeStart"'))).toEqual([true, false, true, true, false]);
});

test("a body in pieces is answered like one that comes at once, whether its answer is kept or not", async () => {
  await ask();
  const close = "Connection: close\r\n";
  const whole = await exchange(head(BODY, close) + BODY);
  const pieces = await exchange(head(BODY, close), BODY.slice(0, 20), BODY.slice(20));
  const bodyOf = (text: string) => text.slice(text.indexOf("\r\n\r\n"));
  expect(bodyOf(pieces)).toBe(bodyOf(whole));
  expect(gateway.services.reads).toHaveLength(1);
  const fresh = await exchange(head(OTHER, close), OTHER.slice(0, 5), OTHER.slice(5));
  expect(bodyOf(fresh)).toContain('"externalId":"demo"');
});

test("a request that breaks off is neither answered nor logged, and others go on", async () => {
  await ask();
  const lines = gateway.log.length;
  const socket = connect(gateway.port, "127.0.0.1");
  socket.write(head(BODY) + BODY.slice(0, 20));
  await sleep(50);
  socket.destroy();
  await sleep(50);
  expect(gateway.log).toHaveLength(lines);
  expect((await ask()).status).toBe(200);
});

test("who asks while the server stops is answered, and their connection closed", async () => {
  await ask();
  const closed = gateway.server.close();
  const answer = await ask();
  expect([answer.status, answer.headers.connection]).toEqual([200, "close"]);
  await closed;
});
