import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { runCommand } from "../support/command";
import { daysAgo } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll, temporaryDirectory } from "../support/gateway-process";
import { consent, linked } from "../support/newcomer";
import { type FreshDatabase, migratedCopy } from "../support/services";
import { startVendor, type Vendor } from "../support/vendor";

const KEY = /^wg_live_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;
const RANGE = { start: daysAgo(5), end: daysAgo(1) };
const TWO = `query ($one: String!, $other: String!, $range: DateRange!) { viewer { id }
  one: user(externalId: $one) { ...week } other: user(externalId: $other) { ...week } }
fragment week on User { id externalId accounts { id status } sleep(range: $range) { nodes { id day score } issues { code } } }`;
const ONE = "query ($externalId: String!) { user(externalId: $externalId) { externalId accounts { status } } }";
const CONNECT = `mutation ($who: String) { connectProvider(input: { provider: OURA, userExternalId: $who }) {
  authorizationUrl userErrors { code } } }`;

let vendor: Vendor;
let database: FreshDatabase;
let sql: Client;
let gateway: GatewayProcess;

beforeAll(async () => {
  vendor = await startVendor();
  database = await migratedCopy();
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
  gateway = await startGateway({ env: { ...vendor.env, DATABASE_URL: database.url } });
}, 60_000);
afterAll(async () => {
  await stopAll(gateway);
  await sql?.end();
  await vendor?.simulator.stop();
  await database?.drop();
});

const run = (...args: readonly string[]) => runCommand("keys", args, { DATABASE_URL: database.url });

async function created(...args: readonly string[]): Promise<{ key: string; prefix: string }> {
  const { code, stdout, stderr } = await run("create", "--name", "Back end", ...args);
  const key = stdout.trim();
  expect([code, stderr.replaceAll(/^npm warn.*\n/gm, "")]).toEqual([0, ""]);
  expect(key).toMatch(KEY);
  return { key, prefix: key.slice(0, 16) };
}

const codesOf = ({ status, errors }: Awaited<ReturnType<GatewayProcess["graphql"]>>) => [
  status,
  errors.map(({ extensions }) => extensions?.code),
];

test("a key reads two persons in one query, links for a third, and ends with its revocation", async () => {
  await linked(gateway, { token: "demo:one", user: "one" });
  await linked(gateway, { token: "demo:other", user: "other" });
  const { key, prefix } = await created("--scopes", "read,write");

  const { data, errors } = await gateway.graphql(TWO, { one: "one", other: "other", range: RANGE }, key);
  expect(errors).toEqual([]);
  expect(data.viewer).toBeNull();
  const answers = data as unknown as Record<"one" | "other", NonNullable<typeof data.user>>;
  for (const name of ["one", "other"] as const) {
    const own = await gateway.graphql(
      "query ($range: DateRange!) { viewer { id externalId accounts { id status } sleep(range: $range) { nodes { id day score } issues { code } } } }",
      { range: RANGE },
      `demo:${name}`,
    );
    expect(answers[name].sleep.nodes.length).toBeGreaterThan(0);
    expect(answers[name]).toEqual(own.data.viewer);
  }
  expect(answers.one.id).not.toBe(answers.other.id);
  const [night] = answers.other.sleep.nodes;
  const node = await gateway.graphql("query ($id: ID!) { node(id: $id) { id } }", { id: night?.id }, key);
  expect(node.data.node).toEqual({ id: night?.id });

  expect((await gateway.graphql(ONE, { externalId: "third" }, key)).data.user).toBeNull();
  expect(codesOf(await gateway.graphql(CONNECT, {}, key))).toEqual([200, ["BAD_USER_INPUT"]]);
  expect(codesOf(await gateway.graphql(CONNECT, { who: "one" }, "demo:other"))).toEqual([200, ["FORBIDDEN"]]);
  const started = await gateway.graphql(CONNECT, { who: "third" }, key);
  expect(started.data.connectProvider.userErrors).toEqual([]);
  const callback = await consent(started.data.connectProvider.authorizationUrl ?? "", { user: "third" });
  expect((await fetch(callback)).status).toBe(200);
  const third = { externalId: "third", accounts: [{ status: "ACTIVE" }] };
  expect((await gateway.graphql(ONE, { externalId: "third" }, key)).data.user).toEqual(third);
  const theirs = await gateway.graphql("{ viewer { externalId accounts { status } } }", {}, "demo:third");
  expect(theirs.data.viewer).toEqual(third);

  const listed = await run("list");
  expect(listed.stdout).toMatch(new RegExp(`^${prefix}  read,write  .* Back end$`, "m"));
  expect(listed.stdout).not.toContain(key.slice(16));
  const { rows } = await sql.query("SELECT last_used_at IS NOT NULL AS used FROM api_keys WHERE prefix = $1", [prefix]);
  expect(rows).toEqual([{ used: true }]);

  expect((await run("revoke", prefix)).code).toBe(0);
  // This gateway may believe the key for up to a minute; one that has not seen it asks.
  const fresh = await startGateway({ env: { ...vendor.env, DATABASE_URL: database.url } });
  const refused = await fresh.graphql(ONE, { externalId: "one" }, key);
  await fresh.stop();
  expect(codesOf(refused)).toEqual([401, ["UNAUTHENTICATED"]]);
  expect(gateway.output() + fresh.output()).not.toContain(key.slice(17));
}, 120_000);

test("a key may do what its scopes say, until it is revoked or expires", async () => {
  const [reader, revoked] = [await created(), await created()];
  expect((await run("revoke", revoked.prefix)).code).toBe(0);
  const refused = [401, ["UNAUTHENTICATED"]];
  expect(codesOf(await gateway.graphql(ONE, { externalId: "one" }, revoked.key))).toEqual(refused);

  await sql.query("UPDATE api_keys SET expires_at = now() + interval '3 seconds' WHERE prefix = $1", [reader.prefix]);
  expect(codesOf(await gateway.graphql(ONE, { externalId: "one" }, reader.key))).toEqual([200, []]);
  expect(codesOf(await gateway.graphql(CONNECT, { who: "one" }, reader.key))).toEqual([200, ["FORBIDDEN"]]);
  await sleep(3_100);
  expect(codesOf(await gateway.graphql(ONE, { externalId: "one" }, reader.key))).toEqual(refused);

  const { prefix } = await created("--expires-in-days", "30");
  const { rows } = await sql.query(
    "SELECT round(extract(epoch FROM expires_at - created_at) / 86400)::int AS days FROM api_keys WHERE prefix = $1",
    [prefix],
  );
  expect(rows).toEqual([{ days: 30 }]);
}, 60_000);

test.each([
  [[], /npm run keys -- create --name/],
  [["create"], /--name: expected/],
  [["create", "--name", "x", "--scopes", "root"], /--scopes: expected some of read,write,admin/],
  [["create", "--name", "x", "--expires-in-days", "0"], /--expires-in-days: expected/],
  [["revoke", "wg_live_00000000"], /no key of this prefix/],
])("keys %j ends with 1 and says what was expected", async (args, problem) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(problem);
});

test("without DATABASE_URL, keys attaches to the embedded database of the running gateway and leaves it running", async () => {
  const dataDirectory = await temporaryDirectory();
  const embedded = await startGateway({ dataDirectory });
  try {
    const { code, stdout, stderr } = await runCommand(
      "keys",
      ["create", "--name", "x"],
      { DATA_DIR: dataDirectory },
      true,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/attached to the PostgreSQL that still runs/);
    expect(codesOf(await embedded.graphql(ONE, { externalId: "nobody" }, stdout.trim()))).toEqual([200, []]);
  } finally {
    await embedded.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}, 120_000);
