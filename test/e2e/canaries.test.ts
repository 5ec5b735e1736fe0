import { randomBytes } from "node:crypto";
import Redis from "ioredis";
import { SignJWT } from "jose";
import { Client } from "pg";
import { daysAgo, FOUR_SCORES } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { connect, consent } from "../support/newcomer";
import { type FreshDatabase, type FreshRedis, freshDatabase, freshRedis } from "../support/services";
import { type StandinAnswer, startStandin, type VendorStandin } from "../support/vendor-standin";

/** In every access token, refresh token, code and client secret of the vendor. */
const TOKEN = "token-canary-7f3a";
/** In every document of the vendor, as text and as a number. */
const HEALTH = "health-canary-91c4";
const VALUE = 61.7319;
/** In what callers send. */
const INPUT = "input-canary-2be8";

const SECRET = randomBytes(32).toString("hex");
const RANGE = { start: daysAgo(5), end: daysAgo(1) };
const DATA = "/v2/usercollection/";
const LISTS = ["daily_sleep", "daily_readiness", "daily_activity", "sleep"];

let standin: VendorStandin;
let database: FreshDatabase;
let redis: FreshRedis;
let sql: Client;
let gateway: GatewayProcess;
/** Secrets that only came up while running: states, tokens of callers, codes. */
const secrets = new Set<string>();
/** Every body that the gateway answered. */
const bodies: string[] = [];
let paths = 0;

beforeAll(async () => {
  [standin, database, redis] = await Promise.all([startStandin({ canary: TOKEN }), freshDatabase(), freshRedis()]);
  const env = {
    ...standin.env,
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    AUTH_JWT_SECRET: SECRET,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    LINK_COMPLETION: "callback",
    LOG_LEVEL: "debug",
  };
  gateway = await startGateway({ env });
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
}, 60_000);
afterAll(async () => {
  await stopAll(gateway);
  await sql?.end();
  await standin?.stop();
  await database?.drop();
});

async function credentials(subject: string, secret = SECRET): Promise<string> {
  const token = await new SignJWT({ sub: subject })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("10m")
    .sign(Buffer.from(secret));
  secrets.add(token.split(".")[2] ?? "");
  return token;
}

async function ask(query: string, variables: Record<string, unknown>, token?: string): Promise<void> {
  paths += 1;
  const answer = await gateway.graphql(query, variables, token);
  bodies.push(JSON.stringify({ errors: answer.errors }));
}

async function visit(path: string): Promise<void> {
  paths += 1;
  bodies.push(await (await fetch(`${gateway.url}${path}`, { redirect: "manual" })).text());
}

/** Starts linking and brings the browser back with these changes of the address. */
async function comeBack(token: string, change: (back: URL) => void = () => undefined): Promise<void> {
  const { authorizationUrl, state } = await connect(gateway, { token });
  secrets.add(state ?? "");
  const back = new URL(await consent(authorizationUrl ?? ""));
  secrets.add(back.searchParams.get("code") ?? "");
  change(back);
  await visit(back.pathname + back.search);
}

/** Documents of every endpoint that can be read, with canaries in all that is not. */
function document(day: string): Record<string, unknown> {
  const bedtime = { bedtime_start: `${day}T00:10:00+01:00`, bedtime_end: `${day}T07:10:00+01:00`, time_in_bed: 25_200 };
  return {
    id: `${HEALTH}-${day}`,
    day,
    score: VALUE,
    average_hrv: VALUE,
    note: HEALTH,
    type: "long_sleep",
    ...bedtime,
  };
}

const good = (): StandinAnswer => ({ body: { data: [document(daysAgo(2)), document(daysAgo(3))], next_token: null } });

/** Everything that a vendor can do wrong, each with canaries in it. */
const WRONG: readonly StandinAnswer[] = [
  { status: 500, body: { detail: HEALTH, token: TOKEN } },
  { status: 503, body: `<html>${HEALTH} ${TOKEN}</html>` },
  { status: 400, body: { detail: `${HEALTH} ${TOKEN}` } },
  { status: 403, body: { detail: HEALTH } },
  { status: 404, body: HEALTH },
  { status: 422, body: { detail: [{ msg: HEALTH, input: TOKEN }] } },
  { status: 302, headers: { location: `https://evil.example/${TOKEN}` }, body: HEALTH },
  { body: `<html>${HEALTH}</html>` },
  { headers: { "content-type": "application/json" }, body: `{"data":[{"id":"${HEALTH}","score":${VALUE}` },
  { headers: { "content-type": "application/json" }, body: `${HEALTH} is no JSON` },
  { body: { data: HEALTH } },
  { body: [HEALTH] },
  { body: { data: [{ id: { nested: HEALTH }, day: HEALTH, score: HEALTH, contributors: HEALTH }] } },
  { body: { data: [{ ...document(daysAgo(2)), score: 4_711.7319, bedtime_end: HEALTH, timestamp: HEALTH }] } },
  { body: { data: [document(daysAgo(2))], next_token: `${HEALTH}-page` } },
  { body: { data: [document(daysAgo(2))] }, reset: true },
  { headers: { "content-type": `text/${HEALTH}`, "content-encoding": HEALTH }, body: HEALTH },
];

function serve(answer: () => StandinAnswer): void {
  for (const name of LISTS) standin.data.set(DATA + name, answer);
}

test("no token, code, state, credential or health value reaches a log, a metric, an error or a place where it is not sealed", async () => {
  const identity = (): StandinAnswer => ({ body: { id: "vendor-user", email: HEALTH } });
  standin.data.set(`${DATA}personal_info`, identity);
  const reader = await credentials("reader");

  // Linking that goes wrong at the vendor.
  for (const wrong of WRONG) {
    standin.token = () => wrong;
    await comeBack(reader);
    standin.token = (body) => ({ body });
    standin.data.set(`${DATA}personal_info`, () => wrong);
    await comeBack(reader);
    standin.data.set(`${DATA}personal_info`, identity);
  }
  standin.token = () => ({ status: 400, body: { error: "invalid_grant", error_description: TOKEN } });
  await comeBack(reader);
  standin.token = (body) => ({ body: { ...body, access_token: [TOKEN], scope: HEALTH } });
  await comeBack(reader);
  standin.token = (body) => ({ body });

  // Callbacks that go wrong here.
  await comeBack(reader, (back) => back.searchParams.set("code", `${TOKEN}-forged`));
  await comeBack(reader, (back) => back.searchParams.append("code", TOKEN));
  await comeBack(reader, (back) => back.searchParams.set("state", `${TOKEN}-state`));
  await comeBack(reader, (back) => {
    back.searchParams.delete("code");
    back.searchParams.set("error", "server_error");
    back.searchParams.set("error_description", TOKEN);
  });
  await visit(`/oauth/${TOKEN}/callback?code=${TOKEN}`);
  await visit(`/oauth/oura/callback?${TOKEN}=%FF%00&state=${TOKEN}`);
  await visit(`/no-such-page/${TOKEN}?access_token=${TOKEN}`);

  // Database errors quote the failing row in their detail.
  for (const table of ["grants", "accounts", "link_states"]) {
    await sql.query(`ALTER TABLE ${table} ADD CONSTRAINT refuse CHECK (person_id IS NULL) NOT VALID`);
    await comeBack(reader).catch((error: Error) => bodies.push(error.message));
    await sql.query(`ALTER TABLE ${table} DROP CONSTRAINT refuse`);
  }

  // Reading that goes wrong at the vendor.
  await comeBack(reader);
  for (const wrong of WRONG) {
    serve(() => wrong);
    await ask(FOUR_SCORES, { range: RANGE, age: 0 }, reader);
  }
  serve(good);
  await sql.query("ALTER TABLE records ADD CONSTRAINT refuse CHECK (day < '2000-01-01') NOT VALID");
  await ask(FOUR_SCORES, { range: RANGE, age: 0 }, reader);
  await sql.query("ALTER TABLE records DROP CONSTRAINT refuse");
  await ask(FOUR_SCORES, { range: RANGE, age: 0 }, reader);
  const { data } = await gateway.graphql(FOUR_SCORES, { range: RANGE }, reader);
  expect(data.viewer.sleep.nodes).toMatchObject([{ score: VALUE }, { score: VALUE }]);

  // Tokens that go wrong: refused, and the refresh answers with everything imaginable.
  for (const wrong of [
    WRONG[0],
    WRONG[8],
    { status: 400, body: { error: "invalid_grant", hint: TOKEN } },
  ] as StandinAnswer[]) {
    serve(() => ({ status: 401, body: { detail: TOKEN } }));
    standin.token = () => wrong;
    await ask(FOUR_SCORES, { range: RANGE, age: 0 }, reader);
    await sql.query("UPDATE grants SET retry_at = NULL");
  }
  standin.token = (body) => ({ body });
  serve(good);

  // What callers send.
  const garbage = [`${INPUT}'; DROP TABLE people; --`, `${INPUT}\u0000`, `${INPUT}\ud800`, "*".repeat(50) + INPUT];
  for (const text of garbage) {
    await ask("query ($id: ID!) { node(id: $id) { id } }", { id: text }, reader);
    await ask("query ($id: String!) { user(externalId: $id) { id } }", { id: text }, reader);
    await ask(FOUR_SCORES, { range: { start: text, end: text } }, reader);
    await ask(
      `mutation ($url: String!) { completeConnection(input: { provider: OURA, callbackUrl: $url }) { userErrors { code } } }`,
      { url: text },
      reader,
    );
    await ask("{ viewer { id } }", {}, await credentials(text));
    await ask("{ viewer { id } }", {}, await credentials("reader", `${SECRET}-another`));
    await ask(`{ viewer { ${INPUT.replaceAll("-", "_")} } }`, {}, reader);
  }
  for (const body of [`{"query":"{ viewer { id } }","${INPUT}`, `[{"${INPUT}":1}]`, INPUT]) {
    const answer = await fetch(`${gateway.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${reader}` },
      body,
    });
    bodies.push(await answer.text());
    paths += 1;
  }

  // Asked to wait, in words that make no sense; nothing is asked for a while after that.
  serve(() => ({
    status: 429,
    headers: { "retry-after": TOKEN, "x-ratelimit-tier": HEALTH },
    body: { detail: HEALTH },
  }));
  await ask(FOUR_SCORES, { range: RANGE, age: 0 }, reader);

  // The end of the link, refused by the vendor.
  standin.data.set("/oauth/revoke", () => ({ status: 500, body: TOKEN }));
  await comeBack(reader);
  await ask(
    "mutation { disconnectProvider(input: { provider: OURA, deleteData: false }) { userErrors { code } } }",
    {},
    reader,
  );
  await comeBack(reader);

  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  const stored = [...(await tables()), ...(await redisValues())];
  const logs = gateway.output();
  // The hunt is only worth something where the errors were really met and logged.
  expect(logs).toMatch(/"level":(?:50|40)/);
  expect(logs).toMatch(/"code":"23514"/);
  expect(metrics).toMatch(/gateway_upstream_requests_total\{[^}]*status="500"/);
  expect(stored.length).toBeGreaterThan(50);
  const tokens = [TOKEN, ...[...secrets].filter((secret) => secret.length > 16)];
  const hits = {
    logs: found([logs], [...tokens, HEALTH, String(VALUE), INPUT, SECRET]),
    metrics: found([metrics], [...tokens, HEALTH, String(VALUE), INPUT]),
    answers: found(bodies, [...tokens, HEALTH, String(VALUE)]),
    stored: found(stored, [...tokens, Buffer.from(TOKEN).toString("hex"), SECRET]),
  };
  console.log(
    `${paths} error paths, ${tokens.length} secrets, ${stored.length} rows and values: ${JSON.stringify(hits)}`,
  );
  expect(hits).toEqual({ logs: [], metrics: [], answers: [], stored: [] });
}, 120_000);

/** Around each hit, enough to see where it comes from. */
function found(texts: readonly string[], canaries: readonly string[]): string[] {
  return texts.flatMap((text) =>
    canaries.flatMap((canary) => {
      const at = text.indexOf(canary);
      return at < 0 ? [] : [text.slice(Math.max(0, at - 200), at + canary.length + 40)];
    }),
  );
}

/** Every row of every table as text. */
async function tables(): Promise<string[]> {
  const names = await sql.query<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  const rows: string[] = [];
  for (const { name } of names.rows) {
    const { rows: found } = await sql.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    rows.push(...found.map(({ text }) => `${name} ${text}`));
  }
  return rows;
}

/** Every key and value in this gateway's Redis. */
async function redisValues(): Promise<string[]> {
  const client = new Redis(redis.url);
  const values: string[] = [];
  for (const key of await client.keys("*")) {
    const type = await client.type(key);
    values.push(`${key} ${JSON.stringify(type === "hash" ? await client.hgetall(key) : await client.dump(key))}`);
  }
  client.disconnect();
  return values;
}
