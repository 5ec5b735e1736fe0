import { Client } from "pg";
import { daysAgo, FOUR_SCORES, METRICS } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { connect, consent, type Linking, link, linked } from "../support/newcomer";
import { type FreshDatabase, freshRedis, migratedCopy } from "../support/services";
import { dataCalls, startVendor, type Vendor } from "../support/vendor";

const RETURN_URL = "https://app.example.com/linked?from=gateway";
const RANGE = { start: daysAgo(20), end: daysAgo(1) };
const ACCOUNTS = "{ viewer { accounts { id provider status grantedScopes connectedAt } } }";

let vendor: Vendor;
let database: FreshDatabase;
let sql: Client;
let gateway: GatewayProcess;

beforeAll(async () => {
  vendor = await startVendor();
  database = await migratedCopy();
  const redis = await freshRedis();
  const returning = { ALLOWED_RETURN_URLS: `${RETURN_URL},myapp://linked` };
  gateway = await startGateway({
    env: { ...vendor.env, ...returning, DATABASE_URL: database.url, REDIS_URL: redis.url },
  });
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
}, 60_000);
afterAll(async () => {
  await stopAll(gateway);
  await sql?.end();
  await vendor?.simulator.stop();
  await database?.drop();
});
beforeEach(() => vendor.simulator.resetCalls());
afterEach(() => vendor.simulator.reset());

/** Somebody of this test's own, the same name here and at the vendor. */
const somebody = (name: string): Linking & { token: string } => ({ token: `demo:${name}`, user: name });
const requestsTo = (kind: string) => vendor.simulator.calls().filter((call) => call.kind === kind).length;
const accountsOf = async (token: string) => (await gateway.graphql(ACCOUNTS, {}, token)).data.viewer.accounts;

async function scores(token: string) {
  const { data, errors } = await gateway.graphql(FOUR_SCORES, { range: RANGE }, token);
  expect(errors).toEqual([]);
  return data.viewer;
}

async function callback(query: string, provider = "oura") {
  const answer = await fetch(`${gateway.url}/oauth/${provider}/callback${query}`, { redirect: "manual" });
  return { status: answer.status, page: await answer.text() };
}

describe("what was granted", () => {
  test("is kept in the vendor's own words", async () => {
    await linked(gateway, { ...somebody("granted"), scopes: ["daily", "personal"] });
    expect(await accountsOf("demo:granted")).toMatchObject([
      { provider: "OURA", status: "ACTIVE", grantedScopes: ["extapi:daily", "extapi:personal"] },
    ]);
  });

  test("may lack what a metric needs: SCOPE_NOT_GRANTED, and no request for it", async () => {
    // The vendor drops scopes without a word.
    vendor.simulator.change({ withheldScopes: ["daily"] });
    await linked(gateway, { ...somebody("dropped"), scopes: ["daily", "personal"] });
    expect((await accountsOf("demo:dropped"))[0]?.grantedScopes).toEqual(["extapi:personal"]);
    vendor.simulator.resetCalls();
    const viewer = await scores("demo:dropped");
    for (const metric of METRICS) {
      expect(viewer[metric].nodes).toEqual([]);
      expect(viewer[metric].absences).toMatchObject([
        { firstDay: RANGE.start, lastDay: RANGE.end, provider: "OURA", reason: "SCOPE_NOT_GRANTED" },
      ]);
      expect(viewer[metric].issues).toMatchObject([{ code: "SCOPE_NOT_GRANTED", provider: "OURA" }]);
    }
    expect(dataCalls(vendor.simulator)).toEqual([]);
  });

  test("cannot be a scope that the vendor does not know", async () => {
    const { authorizationUrl, userErrors } = await connect(gateway, { scopes: ["daily", "everything"] });
    expect(authorizationUrl).toBeNull();
    expect(userErrors).toMatchObject([{ code: "SCOPE_UNKNOWN", field: ["input", "scopes"] }]);
  });
});

describe("a person who denies", () => {
  test("is shown a page that says so", async () => {
    const { answer, page } = await link(gateway, { ...somebody("denier"), decision: "deny" });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page).toMatch(/not granted|denied|declined/i);
    expect(await accountsOf("demo:denier")).toEqual([]);
    expect(requestsTo("token")).toBe(0);
  });

  test("comes back to the app with a typed error", async () => {
    const { answer } = await link(gateway, { ...somebody("denier"), decision: "deny", returnUrl: RETURN_URL });
    expect(answer.status).toBe(303);
    const back = new URL(answer.headers.get("location") ?? "");
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ from: "gateway", error: "AUTHORIZATION_DENIED" });
    expect(requestsTo("token")).toBe(0);
  });
});

describe("a callback that cannot be trusted answers 400 and asks the provider nothing", () => {
  test.each([
    ["nothing at all", ""],
    ["no state", "?code=abc"],
    ["a made-up state", `?code=abc&state=${"A".repeat(43)}`],
    ["an empty state", "?code=abc&state="],
    ["a state with NUL", "?code=abc&state=%00"],
    ["a state of 10 kB", `?code=abc&state=${"A".repeat(10_000)}`],
    ["an error with markup", "?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E&state=x"],
  ])("%s", async (_, query) => {
    const { status, page } = await callback(query);
    expect(status).toBe(400);
    expect(page).not.toMatch(/<script/i);
    expect(page).toMatch(/^<!doctype html>/i);
    expect(requestsTo("token")).toBe(0);
  });

  test.each([
    ["a doubled code", (back: URL) => `${back.search}&code=another`],
    ["a code of 10 kB", (back: URL) => back.search.replace(/code=[^&]*/, `code=${"A".repeat(10_000)}`)],
    ["a code with NUL", (back: URL) => back.search.replace(/code=[^&]*/, "code=a%00b")],
    [
      "a state changed in one character",
      (back: URL) => back.search.replace(/state=(.)/, (_, c) => `state=${c === "A" ? "B" : "A"}`),
    ],
  ])("%s", async (_, change) => {
    const { authorizationUrl } = await connect(gateway, somebody("tampered"));
    const back = new URL(await consent(authorizationUrl ?? "", somebody("tampered")));
    expect((await callback(change(back))).status).toBe(400);
    expect(requestsTo("token")).toBe(0);
    expect(await accountsOf("demo:tampered")).toEqual([]);
  });

  test("a state older than ten minutes", async () => {
    const { authorizationUrl } = await connect(gateway, somebody("late"));
    const back = new URL(await consent(authorizationUrl ?? "", somebody("late")));
    await sql.query("UPDATE link_states SET expires_at = expires_at - interval '11 minutes'");
    expect((await callback(back.search)).status).toBe(400);
    expect(requestsTo("token")).toBe(0);
  });

  test("a state brought to another wearable's callback", async () => {
    const { authorizationUrl } = await connect(gateway, somebody("mixed"));
    const back = new URL(await consent(authorizationUrl ?? "", somebody("mixed")));
    // As if it had been made for another wearable: this gateway speaks to one only.
    await sql.query(
      "UPDATE link_states SET provider = 'other' WHERE person_id = (SELECT id FROM people WHERE external_id = 'mixed')",
    );
    expect((await callback(back.search)).status).toBe(400);
    expect((await callback(back.search, "other")).status).toBe(404);
    expect(requestsTo("token")).toBe(0);
  });

  test("one state used 100 times at once links once", async () => {
    const { authorizationUrl } = await connect(gateway, somebody("replayed"));
    const back = new URL(await consent(authorizationUrl ?? "", somebody("replayed")));
    const answers = await Promise.all(Array.from({ length: 100 }, () => callback(back.search)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(99).fill(400)]);
    expect(requestsTo("token")).toBe(1);
    expect(await accountsOf("demo:replayed")).toHaveLength(1);
  });
});

describe("returnUrl", () => {
  test.each([
    "https://app.example.com/linked",
    `${RETURN_URL}&more=1`,
    `${RETURN_URL}#fragment`,
    "https://app.example.com/linked?from=gateway/../..",
    "https://APP.example.com/linked?from=gateway",
    "https://app.example.com:443/linked?from=gateway",
    "https://app.example.com@evil.example/linked?from=gateway",
    "https://app.example.com.evil.example/linked?from=gateway",
    "https://app.example.com\\@evil.example/",
    "//evil.example",
    "/linked",
    "http://app.example.com/linked?from=gateway",
    "myapp://linked/",
    "myapp://other",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app。example.com/linked?from=gateway",
    ` ${RETURN_URL}`,
    `${RETURN_URL}%00`,
  ])("refuses %j", async (returnUrl) => {
    const { authorizationUrl, userErrors } = await connect(gateway, { returnUrl });
    expect(authorizationUrl).toBeNull();
    expect(userErrors).toMatchObject([{ code: "RETURN_URL_NOT_ALLOWED", field: ["input", "returnUrl"] }]);
  });

  test.each([RETURN_URL, "myapp://linked"])("takes the person back to %s", async (returnUrl) => {
    const { answer } = await linked(gateway, { ...somebody("returning"), returnUrl });
    expect(answer.status).toBe(303);
    const location = answer.headers.get("location") ?? "";
    expect(location.startsWith(returnUrl)).toBe(true);
    expect(location).toContain("status=connected");
    expect(location).not.toMatch(/code=|token|state=/);
  });
});
