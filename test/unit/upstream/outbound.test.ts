import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { UpstreamFailure } from "../../../src/domain/errors";
import { createOutbound } from "../../../src/upstream/outbound";
import type { OutboundRequest } from "../../../src/upstream/port";

const MEGABYTE = 1024 * 1024;
const closers: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const served = (answer: (request: IncomingMessage, response: ServerResponse) => void) => listen(createServer(answer));

/** A server that says something to every connection's first bytes. */
const raw = (answer: (socket: Socket) => void) =>
  listen(
    createRawServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", () => answer(socket));
    }),
  );

function outboundTo(origin: string, onAnswer?: (...said: unknown[]) => void) {
  const outbound = createOutbound({
    allowedOrigins: new Map([["vendor", new Set([origin])]]),
    ...(onAnswer ? { onAnswer } : {}),
  });
  closers.push(() => outbound.close());
  return outbound;
}

function request(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return {
    provider: "vendor",
    endpoint: "e",
    method: "GET",
    url,
    headers: {},
    silenceMs: 300,
    totalMs: 1_500,
    ...more,
  };
}

async function failure(sending: Promise<unknown>): Promise<UpstreamFailure> {
  return sending.then(
    () => {
      throw new Error("expected a failure");
    },
    (error) => error,
  );
}

test("gives status, lower-case headers and body of any answer, and tells the metrics", async () => {
  const origin = await served((request, response) => {
    response.writeHead(422, { "X-Trace-Id": "t", "Set-Cookie": ["a=1", "b=2"] });
    response.end(`${request.method} ${request.url} ${request.headers.authorization}`);
  });
  const said: unknown[] = [];
  const answer = await outboundTo(origin, (...told) => said.push(told)).send(
    request(`${origin}/v2/x?next=1`, { headers: { authorization: "Bearer t" } }),
  );
  expect(answer.status).toBe(422);
  expect(answer.headers).toMatchObject({ "x-trace-id": "t", "set-cookie": "a=1, b=2" });
  expect(answer.body.toString()).toBe("GET /v2/x?next=1 Bearer t");
  expect(said).toEqual([["vendor", "e", 422, expect.any(Number)]]);
});

test("posts a body", async () => {
  const origin = await served((request, response) => void request.pipe(response));
  const answer = await outboundTo(origin).send(request(`${origin}/`, { method: "POST", body: "grant_type=x" }));
  expect(answer.body.toString()).toBe("grant_type=x");
});

test("a redirect is an answer, never followed", async () => {
  let requests = 0;
  const origin = await served((_request, response) => {
    requests += 1;
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  const answer = await outboundTo(origin).send(request(`${origin}/`));
  expect([answer.status, answer.headers["location"], requests]).toEqual([302, "/elsewhere", 1]);
});

test.each([
  ["another port", (origin: string) => origin.replace(/\d+$/, "1")],
  ["another scheme", (origin: string) => origin.replace("http", "https")],
  ["user information", (origin: string) => origin.replace("//", "//a:b@")],
  ["the origin as user information", (origin: string) => `${origin.replace("http://", "http://x@evil.example/")}`],
  ["a host that begins alike", (origin: string) => `${origin}.evil.example`],
  ["a file", () => "file:///etc/passwd"],
  ["no address", () => "not an address"],
])("refuses %s without connecting", async (_name, spoil) => {
  let connections = 0;
  const origin = await raw(() => {
    connections += 1;
  });
  const failed = await failure(outboundTo(origin).send(request(spoil(origin))));
  expect(failed).toMatchObject({ kind: "REJECTED", details: { sent: false } });
  expect(connections).toBe(0);
});

test("refuses a provider without origins", async () => {
  const outbound = outboundTo("http://127.0.0.1:1");
  const failed = await failure(outbound.send(request("http://127.0.0.1:1/", { provider: "other" })));
  expect(failed.kind).toBe("REJECTED");
});

test("a header that cannot be written is REJECTED without quoting it", async () => {
  const origin = await served((_request, response) => void response.end());
  const failed = await failure(
    outboundTo(origin).send(request(`${origin}/`, { headers: { authorization: "canary\r\nx: y" } })),
  );
  expect(failed).toMatchObject({ kind: "REJECTED", details: { sent: false } });
  expect(failed.message).not.toContain("canary");
});

test("nobody listening: UNAVAILABLE, and surely not sent", async () => {
  const failed = await failure(outboundTo("http://127.0.0.1:1").send(request("http://127.0.0.1:1/")));
  expect(failed).toMatchObject({ kind: "UNAVAILABLE", details: { sent: false } });
});

test.each([
  ["a reset before the answer", (socket: Socket) => void socket.resetAndDestroy()],
  ["an end before the answer", (socket: Socket) => void socket.end()],
  ["silence", () => undefined],
  ["a cut-off body", (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")],
  [
    "a cut-off chunk",
    (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhalf"),
  ],
  [
    "silence in the middle of the body",
    (socket: Socket) => void socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
  ],
  ["what is not HTTP", (socket: Socket) => void socket.end("canary canary\r\n\r\n")],
])("%s: UNAVAILABLE, and perhaps processed", async (_name, answer) => {
  const origin = await raw(answer);
  const failed = await failure(outboundTo(origin).send(request(`${origin}/`, { method: "POST", body: "x" })));
  expect(failed).toMatchObject({ kind: "UNAVAILABLE", details: { sent: true } });
  expect(failed.message + JSON.stringify(failed)).not.toContain("canary");
});

test("bytes that keep coming outlast the silence, but not the total", async () => {
  const drip = (socket: Socket, times: number, everyMs: number) => {
    let left = times;
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${times}\r\n\r\n`);
    const timer = setInterval(() => {
      left -= 1;
      if (!socket.destroyed) socket.write("x");
      if (left === 0 || socket.destroyed) clearInterval(timer);
    }, everyMs);
  };
  const patient = await raw((socket) => drip(socket, 6, 100));
  let progress = 0;
  const answer = await outboundTo(patient).send(
    request(`${patient}/`, {
      onProgress: () => {
        progress += 1;
      },
    }),
  );
  expect(answer.body.toString()).toBe("xxxxxx");
  expect(progress).toBeGreaterThanOrEqual(6);
  const endless = await raw((socket) => drip(socket, 1_000, 50));
  const started = Date.now();
  const failed = await failure(outboundTo(endless).send(request(`${endless}/`, { totalMs: 500 })));
  expect(failed.kind).toBe("UNAVAILABLE");
  expect(Date.now() - started).toBeLessThan(10_000);
});

test.each([
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync],
  ["br", brotliCompressSync],
])("inflates %s", async (coding, compress) => {
  const origin = await served((_request, response) => {
    response.writeHead(200, { "content-encoding": coding }).end(compress(Buffer.from("inflated")));
  });
  expect((await outboundTo(origin).send(request(`${origin}/`))).body.toString()).toBe("inflated");
});

test.each([
  ["a body over 10 MB", "identity", () => Buffer.alloc(10 * MEGABYTE + 1)],
  ["a bomb that inflates beyond 10 MB", "gzip", () => gzipSync(Buffer.alloc(40 * MEGABYTE))],
  ["damaged compression", "gzip", () => Buffer.from("not gzip")],
  ["truncated compression", "gzip", () => gzipSync(Buffer.from("x".repeat(1_000))).subarray(0, 20)],
  ["an unknown coding", "zstd", () => Buffer.from("x")],
  ["codings stacked thrice", "gzip, gzip, gzip", () => Buffer.from("x")],
])("%s is INVALID_RESPONSE", async (_name, coding, makeBody) => {
  const body = makeBody();
  const origin = await served((_request, response) => {
    response.on("error", () => response.destroy());
    response.writeHead(200, { "content-encoding": coding }).end(body);
  });
  const failed = await failure(outboundTo(origin).send(request(`${origin}/`)));
  expect(failed).toMatchObject({ kind: "INVALID_RESPONSE", details: { status: 200 } });
});

test("a body of exactly 10 MB is read", async () => {
  const origin = await served((_request, response) => void response.end(Buffer.alloc(10 * MEGABYTE)));
  expect((await outboundTo(origin).send(request(`${origin}/`))).body).toHaveLength(10 * MEGABYTE);
});

test("a provider that never answers holds at most 20 sockets, and the rest were surely not sent", async () => {
  let sockets = 0;
  const origin = await raw(() => {
    sockets += 1;
  });
  const outbound = outboundTo(origin);
  const sent = (count: number, silenceMs: number) =>
    Promise.all(Array.from({ length: count }, () => failure(outbound.send(request(`${origin}/`, { silenceMs })))));
  const [held, queued] = await Promise.all([sent(20, 1_000), sent(30, 300).finally(() => expect(sockets).toBe(20))]);
  expect(held.map(({ details }) => details.sent)).toEqual(Array(20).fill(true));
  expect(queued.map(({ details }) => details.sent)).toEqual(Array(30).fill(false));
});
