import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createWebhookPost } from "../../../src/upstream/webhook-post";

const RULES = { allowPrivate: ["localhost"], resolve: async () => ["127.0.0.1"] };
const OK = "HTTP/1.1 200 OK\r\n";
const CHUNK = Buffer.alloc(64 * 1024, "x");
/** More than the buffers of the sockets between two ends hold, and far less than a consumer can send. */
const BOUND = 32 * 1024 * 1024;

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** A consumer that answers as it likes once the request is there; gives its port. */
async function consumer(answer: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => answer(socket));
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

const post = (port: number, totalMs = 5_000, path = "/", scheme = "http") =>
  createWebhookPost(
    RULES,
    totalMs,
  )({
    url: `${scheme}://localhost:${port}${path}`,
    headers: { "content-type": "application/json" },
    body: '{"type":"test"}',
    signal: new AbortController().signal,
  });

/** Writes until the other end is gone; answers how many bytes could be written. */
function pouring(socket: Socket, piece: Buffer | string): Promise<number> {
  return new Promise((resolve) => {
    let written = 0;
    const pour = () => {
      while (!socket.destroyed && written < BOUND * 2) {
        written += piece.length;
        if (!socket.write(piece)) return;
      }
      if (written >= BOUND * 2) socket.destroy();
    };
    socket.on("drain", pour);
    socket.once("close", () => resolve(written));
    pour();
  });
}

test.each([
  ["a body without an end", `${OK}transfer-encoding: chunked\r\n\r\n`, `${(64 * 1024).toString(16)}\r\n${CHUNK}\r\n`],
  ["a body of 1 TB", `${OK}content-length: 1000000000000\r\n\r\n`, CHUNK],
  ["a body until the connection closes", `${OK}\r\n`, CHUNK],
])("%s is not read: the status counts, and the connection is closed", async (_name, head, piece) => {
  let poured: Promise<number> = Promise.resolve(0);
  const port = await consumer((socket) => {
    socket.write(head);
    poured = pouring(socket, piece);
  });
  expect(await post(port)).toEqual({ status: 200, retryAfter: null, error: null });
  expect(await poured).toBeLessThan(BOUND);
});

test("headers without an end are given up", async () => {
  let poured: Promise<number> = Promise.resolve(0);
  const port = await consumer((socket) => {
    socket.write(OK);
    poured = pouring(socket, `x-filler: ${"x".repeat(1_000)}\r\n`);
  });
  expect(await post(port)).toEqual({ status: null, retryAfter: null, error: "UND_ERR_HEADERS_OVERFLOW" });
  expect(await poured).toBeLessThan(BOUND);
});

test.each([
  ["interim answers without an end", "HTTP/1.1 102 Processing\r\n\r\n"],
  ["headers byte by byte", "x"],
])("%s end at the deadline", async (_name, piece) => {
  const closed: Promise<void>[] = [];
  const port = await consumer((socket) => {
    if (piece === "x") socket.write(`${OK}x-slow: `);
    const timer = setInterval(() => socket.write(piece), 10);
    // Not by once(): a reset closes as well.
    closed.push(
      new Promise<void>((done) => {
        socket.once("close", () => {
          clearInterval(timer);
          done();
        });
      }),
    );
  });
  expect(await post(port, 300)).toEqual({ status: null, retryAfter: null, error: "TIMEOUT" });
  await Promise.all(closed);
  expect(closed).toHaveLength(1);
});

test.each([301, 302, 303, 307, 308])("%s: its location is not asked", async (status) => {
  let asked = 0;
  const inside = await consumer((socket) => {
    asked += 1;
    socket.end(`${OK}content-length: 0\r\n\r\n`);
  });
  const port = await consumer((socket) =>
    socket.end(`HTTP/1.1 ${status} Moved\r\nlocation: http://localhost:${inside}/\r\ncontent-length: 0\r\n\r\n`),
  );
  expect(await post(port)).toEqual({ status, retryAfter: null, error: null });
  expect(asked).toBe(0);
});

test.each([
  ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
  ["a cut status", "HTTP/1.1 2"],
  ["nothing", ""],
])("%s is a failed attempt with a reason that quotes nothing", async (_name, text) => {
  const port = await consumer((socket) => socket.end(text));
  const { status, error } = await post(port);
  expect(status).toBeNull();
  expect(error).toMatch(/^[A-Z0-9_]+$/);
});

test("a reason never says what lies at an address: of a connection there is a code and no more", async () => {
  const port = await consumer(() => undefined);
  servers.pop()?.close();
  expect(await post(port, 5_000, "/secret-path")).toEqual({ status: null, retryAfter: null, error: "ECONNREFUSED" });
});

test("https to what speaks no TLS fails instead of falling back", async () => {
  const port = await consumer((socket) => socket.end(`${OK}content-length: 0\r\n\r\n`));
  const { status, error } = await post(port, 5_000, "/", "https");
  expect([status, error]).toEqual([null, expect.stringMatching(/^[A-Z0-9_]+$/)]);
});
