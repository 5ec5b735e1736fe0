import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { createWebhookPost } from "../../../src/upstream/webhook-post";
import { checkedAddresses, isPublicAddress, parseTarget, TargetRefused } from "../../../src/upstream/webhook-target";

const PUBLIC = "93.184.215.14";
const rules = (resolve: (host: string) => readonly string[], allowPrivate: readonly string[] = []) => ({
  allowPrivate,
  resolve: async (host: string) => resolve(host),
});
/** As at save: the address is parsed, and its name resolved. */
const save = async (url: string, of = rules(() => [PUBLIC])) => checkedAddresses(parseTarget(url, of), of);

/** Hosts that name something inside, in every way of writing them. */
const INSIDE_HOSTS = [
  "127.0.0.1",
  "127.1",
  "127.255.255.254",
  "2130706433",
  "0x7f000001",
  "0x7f.0.0.1",
  "017700000001",
  "0177.0.0.1",
  "127.0.0.1.",
  "0.0.0.0",
  "0",
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "100.100.100.200",
  "169.254.169.254",
  "2852039166",
  "0xA9FEA9FE",
  "169.254.170.2",
  "168.63.129.16",
  "192.0.0.192",
  "192.0.2.1",
  "198.18.0.1",
  "198.51.100.7",
  "203.0.113.9",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::ffff:a9fe:a9fe]",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[64:ff9b::a9fe:a9fe]",
  "[64:ff9b:1::a00:1]",
  "[2002:7f00:1::]",
  "[2002:a9fe:a9fe::]",
  "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
  "[fe80::1]",
  "[fec0::1]",
  "[fc00::1]",
  "[fd00:ec2::254]",
  "[ff02::1]",
  "[100::1]",
  "[2001:db8::1]",
  "[::ffff:0:127.0.0.1]",
  "①②⑦.⓪.⓪.①",
  "127。0。0。1",
];

/** Addresses that a public name may answer at one time or another. */
const INSIDE_ADDRESSES = [
  "127.0.0.1",
  "10.1.2.3",
  "169.254.169.254",
  "100.64.0.1",
  "::1",
  "::ffff:10.0.0.1",
  "64:ff9b::a00:1",
  "2002:a00:1::",
  "fe80::1",
  "fd12::1",
];

describe("with a listener on this machine", () => {
  let server: Server;
  let port: number;
  let connections = 0;
  beforeAll(async () => {
    server = createServer((socket) => {
      connections += 1;
      socket.on("error", () => undefined);
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    await once(server.listen(0, "::"), "listening");
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    connections = 0;
  });
  const send = (url: string, of: Parameters<typeof createWebhookPost>[0]) =>
    createWebhookPost(of)({ url, headers: {}, body: "{}", signal: new AbortController().signal });

  test.each(INSIDE_HOSTS)("%s is refused at save and at send, by https and http", async (host) => {
    for (const scheme of ["https", "http"]) {
      const url = `${scheme}://${host}:${port}/hook`;
      const refused = save(url, { ...rules(() => [PUBLIC]), allowPrivate: [] });
      await expect(refused).rejects.toThrow(TargetRefused);
      expect((await send(url, { allowPrivate: [] })).status).toBeNull();
    }
    expect(connections).toBe(0);
  });

  test.each(INSIDE_ADDRESSES)(
    "a name that resolves to %s is refused, also where another address is public",
    async (address) => {
      const url = `https://evil.example:${port}/`;
      for (const addresses of [[address], [PUBLIC, address], [address, PUBLIC]]) {
        await expect(
          save(
            url,
            rules(() => addresses),
          ),
        ).rejects.toThrow(TargetRefused);
        expect(
          await send(
            url,
            rules(() => addresses),
          ),
        ).toEqual({
          status: null,
          retryAfter: null,
          error: "the address is not public",
        });
      }
      expect(connections).toBe(0);
    },
  );

  test("a name that was public at save and points inside at send is refused then", async () => {
    let asked = 0;
    const rebinding = rules(() => (asked++ === 0 ? [PUBLIC] : ["127.0.0.1"]));
    const url = `https://rebinding.example:${port}/`;
    expect(await save(url, rebinding)).toEqual([{ address: PUBLIC, family: 4 }]);
    expect(await send(url, rebinding)).toMatchObject({ status: null, error: "the address is not public" });
    expect([asked, connections]).toEqual([2, 0]);
  });

  test("a name is resolved once a request, and only what was checked is connected to", async () => {
    const asked: string[] = [];
    // That the name leads elsewhere for everybody else does not matter: nobody asks again.
    const pinned = rules(
      (host) => {
        asked.push(host);
        return ["127.0.0.1"];
      },
      ["pinned.invalid"],
    );
    expect((await send(`http://pinned.invalid:${port}/`, pinned)).status).toBe(200);
    expect([asked, connections]).toEqual([["pinned.invalid"], 1]);
  });

  test("what is excepted is excepted by its exact host and port", async () => {
    const url = `http://localhost:${port}/`;
    const open = (allowPrivate: readonly string[]) => rules(() => ["127.0.0.1"], allowPrivate);
    for (const list of [["localhost"], [`localhost:${port}`]]) expect((await send(url, open(list))).status).toBe(200);
    expect(connections).toBe(2);
    for (const list of [["localhost:1"], ["ocalhost"], ["127.0.0.1"], []]) {
      expect((await send(url, open(list))).status).toBeNull();
      await expect(save(url, open(list))).rejects.toThrow(TargetRefused);
    }
    expect((await send(`http://a.localhost:${port}/`, open(["localhost"]))).status).toBeNull();
    expect(connections).toBe(2);
  });

  test("the system's own resolver finds an excepted localhost", async () => {
    expect((await send(`http://localhost:${port}/`, { allowPrivate: ["localhost"] })).status).toBe(200);
  });

  test("a redirect inside is not followed", async () => {
    const moving = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(`HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:${port}/\r\ncontent-length: 0\r\n\r\n`);
    });
    await once(moving.listen(0, "127.0.0.1"), "listening");
    const url = `http://localhost:${(moving.address() as AddressInfo).port}/`;
    const open = rules(() => ["127.0.0.1"], ["localhost"]);
    expect((await send(url, open)).status).toBe(307);
    expect(connections).toBe(0);
    moving.close();
  });

  test("proxies of the environment are not used", async () => {
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = `http://127.0.0.1:${port}`;
    try {
      const open = rules(() => ["127.0.0.1"], ["localhost"]);
      expect((await send("http://localhost:1/", open)).error).toBe("ECONNREFUSED");
    } finally {
      if (before === undefined) delete process.env.HTTP_PROXY;
      else process.env.HTTP_PROXY = before;
    }
    expect(connections).toBe(0);
  });

  test("silence ends at the deadline, before and after the connection", async () => {
    const silent = createServer((socket) => socket.on("error", () => undefined));
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const url = `http://localhost:${(silent.address() as AddressInfo).port}/`;
    const request = { url, headers: {}, body: "{}", signal: new AbortController().signal };
    const mute = createWebhookPost(
      rules(() => ["127.0.0.1"], ["localhost"]),
      200,
    );
    expect(await mute(request)).toEqual({ status: null, retryAfter: null, error: "TIMEOUT" });
    const nameless = { allowPrivate: ["localhost"], resolve: () => new Promise<never>(() => undefined) };
    expect(await createWebhookPost(nameless, 200)(request)).toEqual({
      status: null,
      retryAfter: null,
      error: "TIMEOUT",
    });
    silent.close();
  });
});

test.each([
  ["http://app.example/hook", "https"],
  ["ftp://app.example/", "https"],
  ["gopher://app.example/", "https"],
  ["file:///etc/passwd", "https"],
  ["https://user@app.example/", "credentials"],
  ["https://user:secret@app.example/", "credentials"],
  ["https://:secret@app.example/", "credentials"],
  ["https://app.example/#fragment", "fragment"],
  ["https://app.example/#", "fragment"],
  ["https://app.example:22/", "port"],
  ["https://app.example:80/", "port"],
  ["https://app.example\\@127.0.0.1/", "whole address"],
  ["https://app.example/\r\nx", "whole address"],
  ["https://app.example/ x", "whole address"],
  ["//app.example/", "whole address"],
  ["app.example", "whole address"],
  ["", "whole address"],
  ["https://", "whole address"],
  ["https://[::1/", "whole address"],
  [`https://app.example/${"x".repeat(2_048)}`, "2048 characters"],
])("%s is no target", (url, why) => {
  const of = rules(() => [PUBLIC]);
  expect(() => parseTarget(url, of)).toThrow(TargetRefused);
  expect(() => parseTarget(url, of)).toThrow(why);
});

test("a name that resolves to nothing, or not at all, is refused", async () => {
  await expect(
    save(
      "https://app.example/",
      rules(() => []),
    ),
  ).rejects.toThrow("does not resolve");
  const failing = { allowPrivate: [], resolve: async () => Promise.reject(new Error("ENOTFOUND")) };
  await expect(save("https://app.example/", failing)).rejects.toThrow("does not resolve");
});

test.each([
  "https://app.example/hook?a=b",
  "https://app.example:8443/",
  `https://${PUBLIC}/`,
  "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
])("%s is a target", async (url) => {
  expect(await save(url)).toHaveLength(1);
});

test.each([PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808"])(
  "%s is public",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each(["", "localhost", "8.8.8", "0x8.8.8.8", "8.8.8.8/8"])("%j is no address", (text) =>
  expect(isPublicAddress(text)).toBe(false),
);
