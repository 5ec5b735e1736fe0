import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Ended, runGateway, startGateway } from "../support/gateway-process";
import { freshDatabase } from "../support/services";

const KEY = Buffer.alloc(32, 1).toString("base64");
const SIGNED = { AUTH_JWT_SECRET: "s".repeat(32), ENCRYPTION_KEYS: `k1:${KEY}` };
const CANARY = "canary-in-a-setting";

/** Settings that cannot work, by what the one line must name; those of each kind are proven where they are read. */
const BAD: readonly (readonly [what: string, names: string, env: Readonly<Record<string, string>>])[] = [
  ["a host beyond this machine without AUTH_*", "HOST", { HOST: "0.0.0.0" }],
  ["a malformed key ring", "ENCRYPTION_KEYS", { ENCRYPTION_KEYS: `k1:${CANARY}` }],
  ["a client without its secret", "OURA_CLIENT_SECRET", { OURA_CLIENT_ID: CANARY }],
  ["production without a database", "DATABASE_URL", { NODE_ENV: "production", ...SIGNED }],
  ["a database address of another kind", "DATABASE_URL", { DATABASE_URL: `mysql://u:${CANARY}@localhost/db` }],
  ["a wildcard return address", "ALLOWED_RETURN_URLS", { ALLOWED_RETURN_URLS: "https://*.example.com" }],
];

function expectOneLine(ended: Ended, names: string): void {
  expect([ended.code, ended.stdout]).toEqual([1, ""]);
  const lines = ended.stderr.trim().split("\n");
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^${names}: `))]);
  expect(ended.stderr).not.toContain(CANARY);
}

test("settings that cannot work stop the start with one line that names the variable", async () => {
  const waiting = [...BAD];
  // Two at a time: each is a process of its own.
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [what, names, env] = next;
      const ended = await runGateway(env);
      expect([what, ended.stderr.trim()]).toEqual([what, expect.stringMatching(new RegExp(`^${names}: `))]);
      expectOneLine(ended, names);
    }
  };
  await Promise.all([work(), work()]);
}, 90_000);

test("a database role that bypasses row-level security stops the start once people have credentials", async () => {
  const database = await freshDatabase();
  try {
    const ended = await runGateway({ ...SIGNED, DATABASE_URL: database.adminUrl });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^DATABASE_URL: .*(superuser|BYPASSRLS)[^\n]*\n$/);
  } finally {
    await database.drop();
  }
}, 60_000);

test("a port in use and a database out of reach stop the start with a line that names the setting", async () => {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const port = String((server.address() as AddressInfo).port);
  const database = await freshDatabase();
  try {
    const taken = await runGateway({ PORT: port, DATABASE_URL: database.url });
    expectOneLine(taken, "PORT");
    const away = new URL(database.url);
    away.port = "1";
    const unreachable = await runGateway({ DATABASE_URL: away.href });
    expectOneLine(unreachable, "DATABASE_URL");
  } finally {
    await database.drop();
    await new Promise((done) => server.close(done));
  }
}, 60_000);

test("under the demo identity the gateway answers on this machine's names only", async () => {
  const database = await freshDatabase();
  const gateway = await startGateway({ env: { DATABASE_URL: database.url } });
  try {
    const spoofed = await fetch(`http://127.0.0.1:${gateway.port}/healthz`);
    expect(spoofed.status).toBe(200);
    const alice = await gateway.graphql("{ viewer { externalId } }", {}, "demo:alice");
    expect(alice.data.viewer.externalId).toBe("alice");
    expect((await gateway.graphql("{ viewer { externalId } }")).data.viewer.externalId).toBe("demo");
    expect((await gateway.graphql("{ viewer { externalId } }", {}, "demo:not/a/name")).status).toBe(401);
    expect((await gateway.graphql("{ viewer { externalId } }", {}, "alice")).status).toBe(401);
  } finally {
    await gateway.stop();
    await database.drop();
  }
}, 60_000);
