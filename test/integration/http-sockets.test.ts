import { connect } from "node:net";
import { SignJWT } from "jose";
import WebSocket from "ws";
import { GatewayError } from "../../src/domain/errors";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { PERSON } from "../support/fake-services";
import { type SubscriptionClient, subscriptionClient } from "../support/subscriber";

const SECRET = new TextEncoder().encode("a secret of at least thirty-two bytes");
const PROTOCOL = "graphql-transport-ws";
const INIT = JSON.stringify({ type: "connection_init" });

let gateway: FakeGateway;
const clients: SubscriptionClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await gateway.server.close();
});

interface Opening {
  readonly path?: string;
  readonly protocol?: string;
  readonly headers?: Record<string, string>;
}

function open({ path = "/graphql", protocol = PROTOCOL, headers = {} }: Opening = {}): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, [protocol], { headers });
}

/** What a handshake is answered with where it is refused: its status and the code of its error; 101 where it is not. */
function handshake(opening: Opening): Promise<[number, string | null]> {
  return new Promise((resolve, reject) => {
    const socket = open(opening);
    socket.on("open", () => {
      socket.close();
      resolve([101, null]);
    });
    socket.on("error", () => undefined);
    socket.on("unexpected-response", (_request, response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        const body = JSON.parse(Buffer.concat(chunks).toString());
        resolve([response.statusCode ?? 0, body.errors[0].extensions.code]);
      });
      response.on("error", reject);
    });
  });
}

/** Sends messages in turn once connected and answers how the socket was closed. */
function closing(messages: readonly (string | Buffer)[], opening: Opening = {}): Promise<[number, string]> {
  return new Promise((resolve) => {
    const socket = open(opening);
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => resolve([code, String(reason)]));
    socket.on("open", () => {
      for (const message of messages) socket.send(message);
    });
  });
}

test.each([
  ["garbage", ["{]"], 4400],
  ["a number", ["1"], 4400],
  ["an unknown type", ['{"type":"nothing"}'], 4400],
  ["binary", [Buffer.from(INIT)], 4400],
  ["half a surrogate pair", ['{"type":"ping","payload":{"a":"\\ud800"}}'], 4400],
  ["forty levels", [`{"type":"ping","payload":{"a":${"[".repeat(40)}${"]".repeat(40)}}}`], 4400],
  ["a message of more than 100 kB", [`{"type":"ping","payload":{"a":"${"x".repeat(100_000)}"}}`], 1009],
  ["two beginnings", [INIT, INIT], 4429],
  ["a subscription before the beginning", ['{"type":"subscribe","id":"1","payload":{"query":"{a}"}}'], 4401],
  ["credentials that are none", ['{"type":"connection_init","payload":{"Authorization":"Bearer nobody"}}'], 4403],
  ["credentials of no kind", ['{"type":"connection_init","payload":{"authorization":{"a":1}}}'], 4403],
  ["nothing at all for three seconds", [], 4408],
])("%s ends the connection, not the gateway", async (_name, messages, code) => {
  gateway = await startFakeGateway();
  expect((await closing(messages))[0]).toBe(code);
  expect((await gateway.fetch("/healthz")).status).toBe(200);
  expect((await gateway.fetch("/metrics")).text).toContain("gateway_websockets 0\n");
});

test("another protocol than graphql-transport-ws is not spoken", async () => {
  gateway = await startFakeGateway();
  // The client gives up where the server chose none of its protocols; without any, the server does.
  const bare = new WebSocket(`ws://127.0.0.1:${gateway.port}/graphql`);
  expect(await new Promise((resolve) => bare.on("close", resolve))).toBe(4406);
});

test("only pages of this host and of the listed origins may connect, and only by this host's name", async () => {
  gateway = await startFakeGateway({ corsOrigins: ["https://app.test"] });
  const own = `127.0.0.1:${gateway.port}`;
  for (const [opening, answer] of [
    [{}, [101, null]],
    [{ headers: { origin: `http://${own}` } }, [101, null]],
    [{ headers: { origin: "https://app.test" } }, [101, null]],
    [{ headers: { origin: "https://evil.test" } }, [403, "FORBIDDEN"]],
    [{ headers: { origin: "null" } }, [403, "FORBIDDEN"]],
    [{ headers: { origin: "http://127.0.0.1:1" } }, [403, "FORBIDDEN"]],
    [{ headers: { host: "evil.test", origin: "http://evil.test" } }, [403, "FORBIDDEN"]],
    [{ path: "/elsewhere" }, [404, "NOT_FOUND"]],
    [{ path: "/graphql?a=b" }, [101, null]],
  ] as const) {
    expect([opening, await handshake(opening)]).toEqual([opening, answer]);
  }
});

test("a handshake that is none is refused as JSON", async () => {
  gateway = await startFakeGateway();
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(gateway.port, "127.0.0.1", () => {
      socket.write(`GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
  });
  expect(answer).toContain("HTTP/1.1 400 Bad Request");
  expect(answer).toContain('"code":"BAD_REQUEST"');
});

test("the credentials of the handshake count where the first message has none", async () => {
  gateway = await startFakeGateway();
  const client = subscriptionClient(gateway.url, { headers: { authorization: "Bearer demo:else" } });
  clients.push(client);
  const follower = client.subscribe<{ cursor: string }>("subscription { dataChanged { cursor } }");
  await until(async () => (await gateway.fetch("/metrics")).text.includes("gateway_subscriptions 1\n"));
  const other = await gateway.services.people.person("else");
  gateway.services.feed.tell(other.id, { metric: null, day: null, type: "DELETED" });
  await follower.until(1);
});

test("a token that expires, and a key that is revoked, end their connections", async () => {
  gateway = await startFakeGateway({ auth: { kind: "secret", secret: SECRET, issuer: null, audience: null } });
  gateway.services.serverKeys.set("wg_test", { id: "k", prefix: "wg_test", scopes: ["read"], expiresAt: null });
  const now = Math.floor(Date.now() / 1_000);
  const token = await new SignJWT({ sub: "someone" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(now + 2)
    .sign(SECRET);
  const lasting = await new SignJWT({ sub: "else" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(now + 600)
    .sign(SECRET);
  const [expiring, key, other] = [token, "wg_test", lasting].map((one) =>
    subscriptionClient(gateway.url, { token: one }),
  );
  clients.push(expiring!, key!, other!);
  expiring!.subscribe("subscription { dataChanged { cursor } }");
  key!.subscribe('subscription { dataChanged(userExternalId: "demo") { cursor } }');
  other!.subscribe("subscription { dataChanged { cursor } }");
  await until(async () => (await gateway.fetch("/metrics")).text.includes("gateway_subscriptions 3\n"));
  gateway.services.serverKeys.clear();
  await until(() => expiring!.closed.length > 0 && key!.closed.length > 0);
  expect([expiring!.closed, key!.closed, other!.closed]).toEqual([[4403], [4403], []]);
});

test("without a person's token nothing is followed where tokens are needed", async () => {
  gateway = await startFakeGateway({ auth: { kind: "secret", secret: SECRET, issuer: null, audience: null } });
  expect(await closing([INIT])).toEqual([4403, "Forbidden"]);
});

test("while the database is away, clients are asked to try again later", async () => {
  gateway = await startFakeGateway();
  jest.spyOn(gateway.services.people, "person").mockRejectedValue(new GatewayError("SERVICE_DEGRADED", "away"));
  expect((await closing([INIT]))[0]).toBe(1013);
});

test("a client that does not read is cut before much waits for it", async () => {
  gateway = await startFakeGateway();
  const socket = open();
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.on("open", resolve));
  socket.send(INIT);
  // Nothing is read any more; every ping is answered with its payload.
  socket.pause();
  const ping = JSON.stringify({ type: "ping", payload: { a: "x".repeat(90_000) } });
  await until(async () => {
    for (let n = 0; n < 20; n += 1) socket.send(ping);
    return (await gateway.fetch("/metrics")).text.includes("gateway_websockets 0\n");
  });
  socket.resume();
  expect(await closed).toBe(1006);
}, 90_000);

test("for a follower that does not read, no more is read than fits on the way", async () => {
  gateway = await startFakeGateway();
  const { feed } = gateway.services;
  const entries = 20_000;
  feed.tell(
    PERSON.id,
    ...Array.from({ length: entries }, () => ({ metric: null, day: null, type: "DELETED" }) as const),
  );
  const { json } = await gateway.graphql("{ changes(first: 1) { nodes { cursor } } }");
  const socket = open();
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.on("open", resolve));
  socket.send(INIT);
  await new Promise((resolve) => socket.once("message", resolve));
  socket.pause();
  const fields = Array.from({ length: 15 }, (_, n) => `a${n}: cursor`).join(" ");
  const query = `subscription { dataChanged(after: "${json.data!.changes.nodes[0].cursor}") { ${fields} } }`;
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  let before = 0;
  await until(async () => {
    const still = feed.asked.length > 1 && feed.asked.length === before;
    before = feed.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    return still && feed.asked.length === before;
  });
  expect(feed.asked.length).toBeLessThan(entries / 100 / 2);
  socket.terminate();
}, 90_000);

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("it has not come to hold in 60 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
