import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { daysAgo, FOUR_SCORES } from "../support/four-metrics";
import { type GatewayProcess, startGateway, stopAll } from "../support/gateway-process";
import { link } from "../support/newcomer";
import { type FreshDatabase, freshRedis, migratedCopy } from "../support/services";
import { startVendor, type Vendor } from "../support/vendor";

const ISSUER = "https://issuer.example.com";
const AUDIENCE = "wearables";
const SECRET = randomBytes(32).toString("hex");
const RETURN_URL = "https://app.example.com/linked";
const RANGE = { start: daysAgo(5), end: daysAgo(1) };
const VIEWER = "{ viewer { id externalId accounts { id status } } }";
const NODE = "query ($id: ID!) { node(id: $id) { __typename id } }";
const COMPLETE = `mutation ($callbackUrl: String!) {
  completeConnection(input: { provider: OURA, callbackUrl: $callbackUrl }) { account { id status } userErrors { code } } }`;

const CHECKED = { AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
const NOW = () => Math.floor(Date.now() / 1_000);

let vendor: Vendor;
let databases: FreshDatabase[];
let keyServer: Server;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let bySecret: GatewayProcess;
let byKeys: GatewayProcess;

beforeAll(async () => {
  vendor = await startVendor();
  keys = await generateKeyPair("ES256");
  const published = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: "one", alg: "ES256", use: "sig" }] };
  keyServer = createServer((_request, response) => response.end(JSON.stringify(published)));
  await once(keyServer.listen(0, "127.0.0.1"), "listening");
  databases = [await migratedCopy(), await migratedCopy()];
  const jwks = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks.json`;
  const common = {
    ...vendor.env,
    ...CHECKED,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    ALLOWED_RETURN_URLS: RETURN_URL,
  };
  const redis = await freshRedis();
  const shared = { DATABASE_URL: databases[0]?.url ?? "", REDIS_URL: redis.url };
  [bySecret, byKeys] = await Promise.all([
    startGateway({ env: { ...common, ...shared, AUTH_JWT_SECRET: SECRET } }),
    startGateway({ env: { ...common, DATABASE_URL: databases[1]?.url ?? "", AUTH_JWKS_URL: jwks } }),
  ]);
}, 90_000);
afterAll(async () => {
  await stopAll(bySecret, byKeys);
  await vendor?.simulator.stop();
  keyServer?.close();
  for (const database of databases ?? []) await database.drop();
});

const claims = (sub: string, changed: JWTPayload = {}): JWTPayload => ({
  sub,
  iss: ISSUER,
  aud: AUDIENCE,
  exp: NOW() + 600,
  ...changed,
});
const signed = (sub: string, changed?: JWTPayload) =>
  new SignJWT(claims(sub, changed)).setProtectedHeader({ alg: "HS256" }).sign(Buffer.from(SECRET));
const signedByKey = (sub: string, changed?: JWTPayload) =>
  new SignJWT(claims(sub, changed)).setProtectedHeader({ alg: "ES256", kid: "one" }).sign(keys.privateKey);
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe.each([
  ["a shared secret", () => bySecret, signed],
  ["published keys", () => byKeys, signedByKey],
])("tokens signed by %s", (_, gateway, sign) => {
  test("make their subject a person at first sight, and the same person again", async () => {
    const first = await gateway().graphql(VIEWER, {}, await sign("new-person"));
    expect(first).toMatchObject({
      status: 200,
      errors: [],
      data: { viewer: { externalId: "new-person", accounts: [] } },
    });
    const again = await gateway().graphql(VIEWER, {}, await sign("new-person", { exp: NOW() + 60 }));
    expect(again.data.viewer.id).toBe(first.data.viewer.id);
    const other = await gateway().graphql(VIEWER, {}, await sign("other-person"));
    expect(other.data.viewer.id).not.toBe(first.data.viewer.id);
  });

  test.each<[string, JWTPayload]>([
    ["that have expired", { exp: NOW() - 1 }],
    ["that are not valid yet", { nbf: NOW() + 3_600 }],
    ["for another audience", { aud: "another" }],
    ["of another issuer", { iss: "https://another.example.com" }],
    ["without a subject", { sub: "" }],
  ])("%s are refused with 401", async (__, changed) => {
    const { status, errors } = await gateway().graphql(VIEWER, {}, await sign("someone", changed));
    expect([status, errors[0]?.extensions?.code]).toEqual([401, "UNAUTHENTICATED"]);
  });

  test("of no or another signature are refused with 401", async () => {
    const none = `${encoded({ alg: "none" })}.${encoded(claims("someone"))}.`;
    const [header, , signature] = (await sign("someone")).split(".");
    const swapped = `${header}.${encoded(claims("someone-else"))}.${signature}`;
    const otherKey = await new SignJWT(claims("someone")).setProtectedHeader({ alg: "HS256" }).sign(randomBytes(32));
    const unknownKid = await new SignJWT(claims("someone"))
      .setProtectedHeader({ alg: "ES256", kid: "../../two" })
      .sign(keys.privateKey);
    for (const token of [none, swapped, otherKey, unknownKid, "demo:alice", "not-a-token"]) {
      const { status, errors } = await gateway().graphql(VIEWER, {}, token);
      expect([status, errors[0]?.extensions?.code]).toEqual([401, "UNAUTHENTICATED"]);
    }
    const { status } = await gateway().graphql(VIEWER);
    expect(status).toBe(401);
  });
});

/** What the app's own page is told, as the callback sends the browser back to it. */
async function comeBack(token: string, user: string): Promise<string> {
  const { answer } = await link(bySecret, { token, user, returnUrl: RETURN_URL });
  expect(answer.status).toBe(303);
  const location = answer.headers.get("location") ?? "";
  expect(location.startsWith(`${RETURN_URL}?`)).toBe(true);
  return location;
}

describe("linking that ends in the app", () => {
  test("links only when the same person completes it, and once", async () => {
    const token = await signed("completer");
    const callbackUrl = await comeBack(token, "completer");
    expect((await bySecret.graphql(VIEWER, {}, token)).data.viewer.accounts).toEqual([]);
    const done = await bySecret.graphql(COMPLETE, { callbackUrl }, token);
    expect(done.data.completeConnection).toMatchObject({ account: { status: "ACTIVE" }, userErrors: [] });
    const { data } = await bySecret.graphql(FOUR_SCORES, { range: RANGE }, token);
    expect(data.viewer.sleep.nodes.length).toBeGreaterThan(0);
    const again = await bySecret.graphql(COMPLETE, { callbackUrl }, token);
    expect(again.data.completeConnection).toMatchObject({ account: null, userErrors: [{ code: "STATE_INVALID" }] });
  });

  test("refuses another person, who gets nothing", async () => {
    const callbackUrl = await comeBack(await signed("attacker"), "attacker");
    const victim = await signed("victim");
    const refused = await bySecret.graphql(COMPLETE, { callbackUrl }, victim);
    expect(refused.data.completeConnection).toMatchObject({ account: null, userErrors: [{ code: "STATE_INVALID" }] });
    expect((await bySecret.graphql(VIEWER, {}, victim)).data.viewer.accounts).toEqual([]);
  });

  test.each(["", "no address", "https://app.example.com/linked", `${RETURN_URL}?link_code=made-up&provider=oura`])(
    "refuses %j as the way back",
    async (callbackUrl) => {
      const { data, errors } = await bySecret.graphql(COMPLETE, { callbackUrl }, await signed("completer"));
      expect(errors).toEqual([]);
      expect(data.completeConnection.userErrors).toMatchObject([{ code: "STATE_INVALID" }]);
    },
  );

  test("a link code is nobody's without credentials", async () => {
    const callbackUrl = await comeBack(await signed("careless"), "careless");
    const { status } = await bySecret.graphql(COMPLETE, { callbackUrl });
    expect(status).toBe(401);
  });
});

describe("one person and another", () => {
  test("a node's id answers its owner and is null for everybody else", async () => {
    const owner = await signed("owner");
    await bySecret.graphql(COMPLETE, { callbackUrl: await comeBack(owner, "owner") }, owner);
    const query = `query ($range: DateRange!) { viewer { id accounts { id }
      sleep(range: $range) { nodes { id day sessions { id } } } readiness(range: $range) { nodes { id day } }
      activity(range: $range) { nodes { id day } } hrv(range: $range) { nodes { id day } } } }`;
    const { viewer } = (await bySecret.graphql(query, { range: RANGE }, owner)).data;
    const days = [...viewer.sleep.nodes, ...viewer.readiness.nodes, ...viewer.activity.nodes, ...viewer.hrv.nodes];
    const sessions = viewer.sleep.nodes.flatMap((night) => night["sessions"] as { id: string }[]);
    const ids = [viewer.id, ...[...viewer.accounts, ...days, ...sessions].map(({ id }) => id)];
    expect(ids.length).toBeGreaterThan(15);
    const stranger = await signed("stranger");
    for (const id of ids) {
      expect((await bySecret.graphql(NODE, { id }, owner)).data.node).toMatchObject({ id });
      const { data, errors } = await bySecret.graphql(NODE, { id }, stranger);
      expect([data.node, errors]).toEqual([null, []]);
    }
  });

  test("user(externalId:) is FORBIDDEN to everyone, known or not, oneself too", async () => {
    for (const externalId of ["owner", "stranger", "nobody-at-all"]) {
      const token = await signed("stranger");
      const query = "query ($externalId: String!) { user(externalId: $externalId) { id } }";
      const { data, errors } = await bySecret.graphql(query, { externalId }, token);
      expect([data?.user ?? null, errors.map(({ extensions }) => extensions?.code)]).toEqual([null, ["FORBIDDEN"]]);
    }
  });
});
