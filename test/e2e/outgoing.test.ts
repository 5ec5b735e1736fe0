import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { Webhook } from "standardwebhooks";
import { DEFAULT_APPLICATION_ID } from "../../src/db/migrations/1763700000000-foundation";
import { type KeyScope } from "../../src/services/api";
import { mintKey } from "../../src/services/keys";
import { daysAgo, FOUR_SCORES } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { linked } from "../support/newcomer";
import { type Received, type Receiver, startReceiver } from "../support/outgoing-receiver";
import { type FreshDatabase, migratedCopy } from "../support/services";

const PATH = "path-canary-5d1e";
const ENDPOINT = "endpoint { id url eventTypes description status disabledReason } userErrors { code field message }";
const CREATE = `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { secret ${ENDPOINT} } }`;
const UPDATE = `mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { ${ENDPOINT} } }`;
const ROTATE = "mutation ($id: ID!) { rotateWebhookSecret(input: { endpointId: $id }) { secret userErrors { code } } }";
const DELETE =
  "mutation ($id: ID!) { deleteWebhookEndpoint(input: { endpointId: $id }) { deletedId userErrors { code } } }";
const TEST =
  "mutation ($id: ID!) { sendTestEvent(input: { endpointId: $id }) { delivery { id messageId } userErrors { code } } }";
const RETRY = `mutation ($id: ID!) { retryWebhookDelivery(input: { deliveryId: $id }) { delivery { id status } userErrors { code } } }`;
const LOG = `{ webhookEndpoints { nodes { id url status deliveries(first: 50) { endCursor
  nodes { id messageId eventType status nextAttemptAt attempts { at statusCode durationMs error } } } } } }`;

let database: FreshDatabase;
let sql: Client;
let gateway: GatewayProcess;
let receiver: Receiver;
const keys = { both: mintKey(), read: mintKey() };
const secrets: string[] = [];

beforeAll(async () => {
  [database, receiver] = [await migratedCopy(), await startReceiver()];
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
  const env = {
    DATABASE_URL: database.url,
    WEBHOOK_ALLOW_PRIVATE: "localhost",
    BACKFILL_DAYS: "0",
    LOG_LEVEL: "debug",
  };
  gateway = await startGateway({ env });
  const add = ({ prefix, hash }: ReturnType<typeof mintKey>, scopes: readonly KeyScope[]) =>
    sql.query("INSERT INTO api_keys (application_id, name, prefix, hash, scopes) VALUES ($1, 'Back end', $2, $3, $4)", [
      ...[DEFAULT_APPLICATION_ID, prefix, hash, scopes],
    ]);
  await add(keys.both, ["read", "write"]);
  await add(keys.read, ["read"]);
}, 60_000);
afterAll(async () => {
  await stopAll(gateway);
  await receiver?.close();
  await sql?.end();
  await database?.drop();
});

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
type Data = Record<string, any>;

async function asked(query: string, variables: Record<string, unknown> = {}, token = keys.both.key): Promise<Data> {
  const { data, errors } = await gateway.graphql(query, variables, token);
  expect(errors).toEqual([]);
  return data;
}

async function created(input: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
  const url = receiver.url.replace("/hook", `/${PATH}`);
  const { createWebhookEndpoint: made } = await asked(CREATE, { input: { url, ...input } });
  expect(made.userErrors).toEqual([]);
  secrets.push(made.secret);
  return { id: made.endpoint.id, secret: made.secret };
}

/** Waits for the first request that fits. */
async function came(fits: (request: Received) => boolean): Promise<Received> {
  for (let waited = 0; waited < 15_000; waited += 25) {
    const found = receiver.received.find(fits);
    if (found) return found;
    await sleep(25);
  }
  throw new Error(`nothing came in time\n${gateway.output()}`);
}

const ofType = (type: string) => (request: Received) => JSON.parse(request.body).type === type;

function verified(secret: string, { body, headers }: Received) {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as {
    type: string;
    data: Record<string, never> & { changes: { metric: string }[]; cursor: string; account: { id: string } };
  };
}

test("linking and reading are told, signed, without a value, and with a cursor that goes on", async () => {
  const { id, secret } = await created({ description: "mine" });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await linked(gateway, { token: "demo:ann", user: "ann" });
  const connected = verified(secret, await came(ofType("account.connected")));
  const { data: own } = await gateway.graphql("{ viewer { accounts { id } } }", {}, "demo:ann");
  expect(connected.data).toEqual({
    user: { externalId: "ann" },
    account: { id: own.viewer.accounts[0]?.id, provider: "OURA" },
  });

  const range = { start: daysAgo(4), end: daysAgo(1) };
  const { data } = await gateway.graphql(FOUR_SCORES, { range }, "demo:ann");
  expect(data.viewer.sleep.nodes.length).toBeGreaterThan(0);
  const day = data.viewer.sleep.nodes[0]?.day;
  // Another metric's days may have been committed, and told, before.
  const request = await came(
    (one) =>
      ofType("data.changed")(one) &&
      JSON.parse(one.body).data.changes.some(
        (c: { metric: string; day: string }) => c.metric === "SLEEP" && c.day === day,
      ),
  );
  const told = verified(secret, request);
  expect(told.data.changes).toContainEqual({
    ...{ metric: "SLEEP", provider: "OURA", day, type: "CREATED", origin: "LIVE" },
  });
  expect(Object.keys(told.data).sort()).toEqual(["changes", "cursor", "user"]);

  // Everything that was told lies before the last cursor, in the same order.
  await came(
    (one) =>
      ofType("data.changed")(one) &&
      JSON.parse(one.body).data.changes.some((c: { metric: string }) => c.metric === "HRV"),
  );
  const all = receiver.received.filter(ofType("data.changed")).map((one) => verified(secret, one).data);
  const { user } = await asked(
    `query ($first: String!, $after: String) { user(externalId: $first) {
      all: changes(first: 200) { nodes { metric day } } rest: changes(after: $after) { nodes { metric } } } }`,
    { first: "ann", after: all[0]?.cursor },
  );
  const feed = user as unknown as { all: { nodes: object[] }; rest: { nodes: object[] } };
  expect(feed.all.nodes.length - feed.rest.nodes.length).toBe(all[0]?.changes.length);

  const { webhookEndpoints } = await asked(LOG, {}, keys.read.key);
  const [endpoint] = webhookEndpoints.nodes;
  expect([endpoint.id, endpoint.status]).toEqual([id, "ENABLED"]);
  expect(JSON.stringify(webhookEndpoints)).not.toContain("whsec_");
  expect(endpoint.deliveries.nodes.map(({ eventType }: { eventType: string }) => eventType)).toContain(
    "account.connected",
  );
  await asked(DELETE, { id });
}, 60_000);

test("a test event comes, can be sent again under its id, and follows a new secret; deleted is deleted", async () => {
  const { id, secret } = await created({ eventTypes: ["account.connected"] });
  const { sendTestEvent } = await asked(TEST, { id });
  const { messageId } = sendTestEvent.delivery;
  const mine = ({ headers }: Received) => headers["webhook-id"] === messageId;
  expect(verified(secret, await came(mine)).type).toBe("test");
  const { rotateWebhookSecret } = await asked(ROTATE, { id });
  secrets.push(rotateWebhookSecret.secret);
  for (let waited = 0; receiver.received.filter(mine).length < 2 && waited < 100; waited += 1) {
    await asked(RETRY, { id: sendTestEvent.delivery.id });
    await sleep(200);
  }
  const again = receiver.received.filter(mine).at(-1);
  for (const each of [secret, rotateWebhookSecret.secret]) verified(each, again!);
  expect(await asked(DELETE, { id })).toMatchObject({ deleteWebhookEndpoint: { deletedId: id, userErrors: [] } });
  expect((await asked(LOG)).webhookEndpoints.nodes).toEqual([]);
  const gone = [{ code: "WEBHOOK_NOT_FOUND" }];
  expect((await asked(DELETE, { id })).deleteWebhookEndpoint).toEqual({ deletedId: null, userErrors: gone });
  expect((await asked(TEST, { id })).sendTestEvent).toEqual({ delivery: null, userErrors: gone });
  expect((await asked(ROTATE, { id })).rotateWebhookSecret).toEqual({ secret: null, userErrors: gone });
}, 60_000);

test.each([
  "http://169.254.169.254",
  "https://169.254.169.254/",
  "http://[::ffff:127.0.0.1]",
  "https://[::ffff:127.0.0.1]/",
  "http://2130706433",
  "https://2130706433/",
  "https://127.0.0.1/",
  "https://[::1]/",
  "https://metadata.google.internal/",
  "https://no-such-host.invalid/",
])("%s is a user error at save", async (url) => {
  const { createWebhookEndpoint: made } = await asked(CREATE, { input: { url } });
  const refused = { code: "WEBHOOK_URL_NOT_ALLOWED", field: ["input", "url"], message: expect.any(String) };
  expect(made).toEqual({ secret: null, endpoint: null, userErrors: [refused] });
  const { id } = await created();
  const { updateWebhookEndpoint: changed } = await asked(UPDATE, { input: { endpointId: id, url } });
  expect(changed).toEqual({ endpoint: null, userErrors: [refused] });
  await asked(DELETE, { id });
});

test("only server keys, and to change something those with the scope write", async () => {
  const codes = async (query: string, variables: Record<string, unknown>, token: string) =>
    (await gateway.graphql(query, variables, token)).errors.map(({ extensions }) => extensions?.code);
  const { id } = await created();
  const mutations: [string, Record<string, unknown>][] = [
    [CREATE, { input: { url: receiver.url } }],
    [UPDATE, { input: { endpointId: id, enabled: false } }],
    ...[ROTATE, DELETE, TEST, RETRY].map((query): [string, Record<string, unknown>] => [query, { id }]),
  ];
  for (const [query, variables] of mutations) {
    expect(await codes(query, variables, "demo:ann")).toEqual(["FORBIDDEN"]);
    expect(await codes(query, variables, keys.read.key)).toEqual(["FORBIDDEN"]);
  }
  expect(await codes(LOG, {}, "demo:ann")).toEqual(["FORBIDDEN"]);
  expect((await asked(LOG, {}, keys.read.key)).webhookEndpoints.nodes).toMatchObject([{ id, status: "ENABLED" }]);
  await asked(DELETE, { id });
});

test("logs and metrics hold no secret, no address of an endpoint and nothing of what was sent", async () => {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toMatch(/gateway_webhook_attempts_total\{outcome="delivered"\} [1-9]/);
  const canaries = [PATH, "webhook-signature", "data.changed", "whsec_", ...secrets.map((secret) => secret.slice(6))];
  expect(secrets.length).toBeGreaterThan(3);
  const ids = receiver.received.map(({ headers }) => String(headers["webhook-signature"]).split(",")[1] ?? "none");
  for (const canary of [...canaries, ...ids]) {
    expect(gateway.output()).not.toContain(canary);
    expect(metrics).not.toContain(canary);
  }
});
