import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { webhookSubscriptions } from "../../providers/oura/subscriptions";
import { runCommand } from "../support/command";
import { freePort } from "../support/free-port";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { type FreshDatabase, migratedCopy } from "../support/services";
import { startVendor, type Vendor } from "../support/vendor";

const SHOWN = `{ admin { webhookSubscriptions { provider dataType eventType state callbackUrl expiresAt lastError checkedAt } } }`;
const WANTED = webhookSubscriptions.wanted.map(({ dataType, eventType }) => `${dataType} ${eventType}`).sort();

let vendor: Vendor;
let database: FreshDatabase;
let sql: Client;
let port: number;
let base: string;
const gateways: GatewayProcess[] = [];

beforeAll(async () => {
  vendor = await startVendor();
  database = await migratedCopy();
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
  port = await freePort();
  base = `http://localhost:${port}`;
});
afterAll(async () => {
  await stopAll(...gateways);
  await sql?.end();
  await vendor?.simulator.stop();
  await database?.drop();
});

async function gateway(env: Readonly<Record<string, string>>, onPort?: number): Promise<GatewayProcess> {
  const options = { env: { ...vendor.env, DATABASE_URL: database.url, ...env } };
  const started = await startGateway(onPort === undefined ? options : { ...options, port: onPort });
  gateways.push(started);
  return started;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); await sleep(20)) {
    if (Date.now() > end) throw new Error(`expected ${what}\n${gateways.map((one) => one.output()).join("\n")}`);
  }
}

/** What `npm run subscriptions -- …` does beside the gateways. */
const command = (args: readonly string[], env: Readonly<Record<string, string>> = {}, byNpm = false) =>
  runCommand("subscriptions", args, { ...vendor.env, DATABASE_URL: database.url, ...env }, byNpm);

const held = () => vendor.simulator.subscriptions.active();
const topics = () =>
  held()
    .map(({ dataType, eventType }) => `${dataType} ${eventType}`)
    .sort();
const asked = (method: string) => vendor.simulator.calls().filter((call) => call.method === method);
const metrics = async (one: GatewayProcess) => (await fetch(`${one.url}/metrics`)).text();

test("killed between the making of a subscription and its keeping, the next process makes only what is missing", async () => {
  const making = { kind: "subscription", skip: 5, times: 1 } as const;
  vendor.simulator.faults.add({ effect: "delay", ms: 60_000, workFirst: true, ...making });
  const killed = await gateway({ WEBHOOK_BASE_URL: base }, port);
  await until("five subscriptions, the last unanswered", () => held().length === 5);
  await killed.stop("SIGKILL");
  expect(asked("POST")).toHaveLength(5);
  const { rows } = await sql.query("SELECT count(*)::int AS kept FROM webhook_subscriptions WHERE state = 'ACTIVE'");
  expect(rows).toEqual([{ kept: 4 }]);

  // What a killed process had taken is free after 45 seconds.
  await sql.query("UPDATE webhook_keepers SET taken_until = now()");
  await gateway({ WEBHOOK_BASE_URL: base }, port);
  await until("every subscription", () => held().length >= WANTED.length);
  expect(topics()).toEqual(WANTED);
  expect(asked("POST")).toHaveLength(WANTED.length);
}, 120_000);

test("a second process makes none anew; an operator sees them all", async () => {
  vendor.simulator.resetCalls();
  const second = await gateway({ WEBHOOK_BASE_URL: base });
  await until("a look by the second process", () => asked("GET").length > 0);
  const { stdout } = await runCommand("keys", ["create", "--name", "Operator", "--scopes", "admin"], {
    DATABASE_URL: database.url,
  });
  const { data, errors } = await second.graphql(SHOWN, {}, stdout.trim());
  expect(errors).toEqual([]);
  const shown = (data as unknown as { admin: { webhookSubscriptions: Record<string, unknown>[] } }).admin;
  expect(shown.webhookSubscriptions.map(({ dataType, eventType }) => `${dataType} ${eventType}`).sort()).toEqual(
    WANTED,
  );
  for (const one of shown.webhookSubscriptions) {
    expect(one).toMatchObject({ provider: "OURA", state: "ACTIVE", lastError: null });
    expect(one).toMatchObject({ callbackUrl: `${base}/webhooks/oura`, expiresAt: expect.stringMatching(/Z$/) });
  }
  const refused = await second.graphql(SHOWN, {}, "demo:somebody");
  expect(refused.errors.map(({ extensions }) => extensions?.code)).toEqual(["FORBIDDEN"]);
  const text = await metrics(second);
  expect(text).toContain(`gateway_webhook_subscriptions{provider="oura",state="active"} ${WANTED.length}`);
  expect(text).toContain('gateway_webhook_subscriptions{provider="oura",state="foreign"} 0');
  expect(
    Number(/^gateway_webhook_subscriptions_expiry_seconds\{provider="oura"\} (\d+)$/m.exec(text)?.[1]),
  ).toBeGreaterThan(89 * 86_400);
  expect(asked("POST")).toEqual([]);
  await second.stop();
}, 120_000);

test.each([
  ["oura", "a wrong token", "verification_token=wrong&challenge=%3Cscript%3E", 401, "verification failed"],
  ["oura", "no token", "challenge=c", 401, "verification failed"],
  ["oura", "nothing", "", 401, "verification failed"],
  ["whoop", "a vendor without handshakes", "verification_token=x&challenge=c", 404, "NOT_FOUND"],
  ["nobody", "an unknown vendor", "verification_token=x&challenge=c", 404, "NOT_FOUND"],
  ["__proto__", "no vendor at all", "verification_token=x&challenge=c", 404, "NOT_FOUND"],
])("the handshake at /webhooks/%s with %s repeats nothing", async (slug, _name, query, status, said) => {
  const answer = await fetch(`${base}/webhooks/${slug}?${query}`);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "application/json; charset=utf-8"]);
  const body = await answer.text();
  expect(body).toContain(said);
  expect(body).not.toContain("script");
});

test("without WEBHOOK_BASE_URL nothing is ended: the log says so, until an operator ends them", async () => {
  await stopAll(...gateways);
  vendor.simulator.resetCalls();
  const off = await gateway({});
  await until("a warning", () => off.output().includes("WEBHOOK_BASE_URL is not set"));
  expect(off.output()).toMatch(new RegExp(`"provider":"oura","count":${WANTED.length},`));
  expect(await metrics(off)).toContain(`gateway_webhook_subscriptions{provider="oura",state="off"} ${WANTED.length}`);
  expect(vendor.simulator.calls()).toEqual([]);
  expect(topics()).toEqual(WANTED);

  const listed = await command(["list", "oura"]);
  expect(listed.stdout.split("\n").filter((line) => line.includes(`\tyes\t${base}/webhooks/oura`))).toHaveLength(
    WANTED.length,
  );
  const unset = await command(["remove", "oura"], { WEBHOOK_BASE_URL: base });
  expect([unset.code, unset.stderr]).toEqual([1, expect.stringContaining("WEBHOOK_BASE_URL is set")]);
  expect(topics()).toEqual(WANTED);
  const removed = await command(["remove", "oura"]);
  expect([removed.code, removed.stdout]).toEqual([0, `${WANTED.length} subscriptions ended at Oura\n`]);
  expect(held()).toEqual([]);
  expect((await command(["list"], {}, true)).stdout).toMatch(/^oura\tsleep\tupdate\tMISSING\t-\t/m);
  await off.stop();
}, 120_000);

test("command lines that cannot be obeyed are refused with a reason", async () => {
  const refusals: readonly [readonly string[], string][] = [
    [["list", "whoop"], "whoop has no credentials here"],
    [["remove", "nobody"], "nobody has no credentials here"],
    [["remove"], "npm run subscriptions -- remove"],
    [["make", "oura"], "npm run subscriptions -- remove"],
  ];
  const ended = await Promise.all(refusals.map(([args]) => command(args)));
  for (const [index, [, said]] of refusals.entries()) {
    expect([ended[index]?.code, ended[index]?.stderr]).toEqual([1, expect.stringContaining(said)]);
  }
}, 60_000);

test("where no credentials are set, a handshake is refused like the notices would be", async () => {
  const closed = await gateway({
    ...{ NODE_ENV: "production", OURA_CLIENT_ID: "", OURA_CLIENT_SECRET: "" },
    ...{ AUTH_JWT_SECRET: "x".repeat(32), ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}` },
  });
  const get = await fetch(`${closed.url}/webhooks/oura?verification_token=x&challenge=c`);
  const post = await fetch(`${closed.url}/webhooks/oura`, { method: "POST", body: "{}" });
  expect([get.status, post.status]).toEqual([503, 503]);
  await closed.stop();
}, 60_000);
