import { generateKeyPairSync } from "node:crypto";
import { connect } from "node:net";
import { SignJWT } from "jose";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway({ corsOrigins: ["https://app.example.com"] });
});
afterAll(() => gateway.server.close());

/** Sends bytes as they are and answers all that comes back until the connection closes. */
function raw(bytes: string, port = gateway.port): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", (error) => (text === "" ? reject(error) : resolve(text)));
    socket.on("close", () => resolve(text));
    socket.setTimeout(5000, () => socket.destroy());
  });
}
const BODY = '{"query":"{ viewer { externalId } }"}';
const request = (headers: string[], body = BODY) =>
  `POST /graphql HTTP/1.1\r\n${[...headers, "Content-Type: application/json", `Content-Length: ${body.length}`, "Connection: close"].join("\r\n")}\r\n\r\n${body}`;
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const codeOf = (answer: string) => /"code":"([A-Z_]+)"/.exec(answer)?.[1];

describe("Host under the demo identity", () => {
  test.each(["localhost", "localhost:4000", "127.0.0.1:4000", "[::1]:4000", "LOCALHOST"])(
    "%s is served",
    async (host) => {
      expect(statusOf(await raw(request([`Host: ${host}`])))).toBe(200);
    },
  );

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "localhost:4000@evil.example",
    "10.0.0.1",
    "",
  ])("%j is refused on every path", async (host) => {
    for (const path of ["/graphql", "/oauth/oura/callback?code=a", "/healthz", "/nowhere"]) {
      const answer = await raw(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect([statusOf(answer), codeOf(answer)]).toEqual([403, "FORBIDDEN"]);
    }
  });
});

describe("credentials", () => {
  const host = "Host: localhost";

  test.each([
    ["empty", ["Authorization:"]],
    ["a bare scheme", ["Authorization: Bearer"]],
    ["two", ["Authorization: Bearer demo:a", "Authorization: Bearer demo:b"]],
    ["of another scheme", ["Authorization: Basic eDp5"]],
  ])("%s are a 401 of one shape", async (_name, headers) => {
    const answer = await raw(request([host, ...headers]));
    expect([statusOf(answer), codeOf(answer)]).toEqual([401, "UNAUTHENTICATED"]);
    expect(answer).toMatch(/\r\nwww-authenticate: Bearer\r\n/i);
    expect(answer).not.toMatch(/\bat .*\.ts/);
  });

  test("64 kB are a 431, control characters a 400, both in JSON", async () => {
    const huge = await raw(request([host, `Authorization: Bearer ${"x".repeat(65_536)}`]));
    expect([statusOf(huge), codeOf(huge)]).toEqual([431, "BAD_REQUEST"]);
    const control = await raw(request([host, "Authorization: Bearer demo:a\u0001b"]));
    expect([statusOf(control), codeOf(control)]).toEqual([400, "BAD_REQUEST"]);
  });

  test("pages and health need none; a browser's page does not carry the schema out", async () => {
    const bad = { authorization: "nonsense" };
    expect((await gateway.fetch("/healthz", { headers: bad })).json).toEqual({ status: "ok" });
    expect((await gateway.fetch("/graphql", { headers: { ...bad, accept: "text/html" } })).status).toBe(200);
  });
});

describe("broken HTTP", () => {
  test.each([
    [
      "Content-Length beside Transfer-Encoding",
      "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    [
      "two Content-Lengths",
      "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    ],
    ["no HTTP at all", "hello\r\n\r\n"],
    [
      "a broken chunk",
      "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
  ])("%s is a 400 in JSON and the connection closes", async (_name, bytes) => {
    const answer = await raw(bytes);
    expect([statusOf(answer), codeOf(answer)]).toEqual([400, "BAD_REQUEST"]);
  });

  test("TRACE is a 405", async () => {
    expect(statusOf(await raw("TRACE /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))).toBe(405);
  });

  test("a request that never ends has its deadline", () => {
    const { headersTimeout, requestTimeout } = gateway.server.app.server;
    expect([headersTimeout, requestTimeout]).toEqual([10_000, 20_000]);
  });
});

describe("origins", () => {
  const preflight = (origin: string) =>
    gateway.fetch("/graphql", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
    });

  test("a listed origin may call", async () => {
    const asked = await preflight("https://app.example.com");
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, "https://app.example.com"]);
    const answer = await gateway.graphql("{ __typename }", {}, { origin: "https://app.example.com" });
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test.each(["https://app.example.com.evil.test", "http://app.example.com", "https://APP.example.com", "null"])(
    "%s may not",
    async (origin) => {
      const asked = await preflight(origin);
      expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    },
  );
});

describe("with tokens", () => {
  const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
  let guarded: FakeGateway;
  beforeAll(async () => {
    guarded = await startFakeGateway({
      auth: { kind: "secret", secret, issuer: null, audience: null },
      production: true,
    });
  });
  afterAll(() => guarded.server.close());

  test("the subject is the person, whatever the Host", async () => {
    const token = await new SignJWT({ sub: "ann" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1m")
      .sign(secret);
    const answer = await raw(request(["Host: gw.example.com", `Authorization: Bearer ${token}`]), guarded.port);
    expect([statusOf(answer), answer.includes('"externalId":"ann"')]).toEqual([200, true]);
    expect(statusOf(await raw(request(["Host: a b", `Authorization: Bearer ${token}`]), guarded.port))).toBe(400);
  });

  test("none and forged ones are a 401, for pages too", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const forged = await new SignJWT({ sub: "ann" })
      .setProtectedHeader({ alg: "RS256" })
      .setExpirationTime("1m")
      .sign(privateKey);
    for (const headers of [{}, { authorization: `Bearer ${forged}` }, { accept: "text/html" }] as Record<
      string,
      string
    >[]) {
      const answer = await guarded.fetch("/graphql", { headers });
      expect([answer.status, answer.json.errors?.[0]?.extensions.code]).toEqual([401, "UNAUTHENTICATED"]);
    }
  });

  test("production tells nothing of the schema", async () => {
    const token = await new SignJWT({ sub: "ann" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1m")
      .sign(secret);
    const ask = (query: string, variables?: unknown) =>
      guarded.graphql(query, variables, { authorization: `Bearer ${token}` });
    const texts = await Promise.all([
      ask("{ __schema { types { name } } }"),
      ask('{ __type(name: "User") { name } }'),
      ask("{ viewe { id } }"),
      ask("{ viewer { slep } }"),
      ask("{ viewer { id(x: 1) } node { id } }"),
      ask("query($p: Provder) { __typename }"),
      ask("mutation($i: ConnectProviderInput!) { connectProvider(input: $i) { state } }", {
        i: { provider: "OURRA", returnUr: "x" },
      }),
    ]);
    for (const { text, json } of texts) {
      expect(json.errors?.length).toBeGreaterThan(0);
      expect(text).not.toMatch(/Did you mean|"types"/);
    }
  });
});
