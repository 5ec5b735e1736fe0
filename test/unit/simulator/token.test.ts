import { type Simulator, startSimulator } from "../../../src/simulator";
import { acme, acmeWith } from "./acme";
import { allowedCode, askSleeps, askTokens, CLIENT, consent, exchange, link, NOON, refresh } from "./newcomer";

let simulator: Simulator;
let now = NOON;

beforeEach(async () => {
  now = NOON;
  simulator = await startSimulator({ provider: acme, ...CLIENT, now: () => now });
});
afterEach(() => simulator.stop());

test("a code becomes tokens that open the data", async () => {
  const answer = await exchange(simulator, await allowedCode(simulator));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.body).toEqual({
    access_token: expect.stringMatching(/^[\w-]{43}$/),
    token_type: "Bearer",
    expires_in: 3600,
    refresh_token: expect.stringMatching(/^[\w-]{43}$/),
    scope: "ext:sleep ext:profile",
    user_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect((await askSleeps(simulator, answer.body.access_token)).status).toBe(200);
});

test.each([
  ["a wrong secret", { client_secret: "no" }, 401, "invalid_client"],
  ["no secret", { client_secret: undefined }, 401, "invalid_client"],
  ["another client", { client_id: "other" }, 401, "invalid_client"],
  ["an unknown code", { code: "no" }, 400, "invalid_grant"],
  ["another redirect_uri", { redirect_uri: "http://localhost:4000/" }, 400, "invalid_grant"],
  ["no redirect_uri", { redirect_uri: undefined }, 400, "invalid_request"],
  ["another verifier", { code_verifier: "x".repeat(43) }, 400, "invalid_grant"],
  ["no verifier", { code_verifier: undefined }, 400, "invalid_grant"],
  ["no grant type", { grant_type: undefined }, 400, "invalid_request"],
  ["an unknown grant type", { grant_type: "password" }, 400, "unsupported_grant_type"],
])("an exchange is refused: %s", async (_name, changed: Record<string, string | undefined>, status, error) => {
  const answer = await exchange(simulator, await allowedCode(simulator), changed);
  expect(answer.status).toBe(status);
  expect(answer.body).toMatchObject({ error });
  expect(answer.body).not.toHaveProperty("access_token");
});

test("a verifier for a code that was asked for without a challenge is refused", async () => {
  const query = { code_challenge: undefined, code_challenge_method: undefined };
  const withVerifier = await consent(simulator, { query });
  const code = withVerifier.location.searchParams.get("code") ?? "";
  expect((await exchange(simulator, code)).body).toMatchObject({ error: "invalid_grant" });
  const without = (await consent(simulator, { query })).location.searchParams.get("code") ?? "";
  expect((await exchange(simulator, without, { code_verifier: undefined })).status).toBe(200);
});

test("a code is valid for 10 minutes", async () => {
  const [early, late] = [await allowedCode(simulator), await allowedCode(simulator)];
  now += 599;
  expect((await exchange(simulator, early)).status).toBe(200);
  now += 1;
  expect((await exchange(simulator, late)).body).toMatchObject({ error: "invalid_grant" });
});

test("a code that comes twice revokes the tokens made of it", async () => {
  const code = await allowedCode(simulator);
  const first = await exchange(simulator, code);
  expect((await exchange(simulator, code)).body).toMatchObject({ error: "invalid_grant" });
  expect((await askSleeps(simulator, first.body.access_token)).status).toBe(401);
  expect((await refresh(simulator, first.body.refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  expect(simulator.killedGrants()).toMatchObject([{ user: "demo", reason: "code_reused" }]);
});

test("of simultaneous exchanges of one code one is answered, and its tokens die", async () => {
  const code = await allowedCode(simulator);
  const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(simulator, code)));
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  expect(simulator.killedGrants()).toHaveLength(1);
});

test("a refresh spends the refresh token and gives a new pair", async () => {
  const first = await link(simulator);
  const second = await refresh(simulator, first.refresh_token);
  expect(second.status).toBe(200);
  expect(second.body.refresh_token).not.toBe(first.refresh_token);
  expect(second.body.access_token).not.toBe(first.access_token);
  expect((await askSleeps(simulator, second.body.access_token)).status).toBe(200);
  expect((await refresh(simulator, second.body.refresh_token)).status).toBe(200);
  expect(simulator.killedGrants()).toEqual([]);
});

test("a spent refresh token that comes again kills the whole grant, and that is recorded", async () => {
  const first = await link(simulator);
  const second = await refresh(simulator, first.refresh_token);
  expect((await refresh(simulator, first.refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  expect((await askSleeps(simulator, second.body.access_token)).status).toBe(401);
  expect((await refresh(simulator, second.body.refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  expect(simulator.killedGrants()).toMatchObject([{ user: "demo", reason: "refresh_token_reused", at: NOON }]);
});

test("of simultaneous refreshes with one token one is answered, and the grant dies once", async () => {
  const { refresh_token } = await link(simulator);
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(simulator, refresh_token)));
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  expect(simulator.killedGrants()).toHaveLength(1);
  expect(simulator.calls().filter((call) => call.kind === "refresh")).toHaveLength(10);
});

test("killing one grant leaves those of other people and the same person's other grants", async () => {
  const [spoilt, other, alice] = [await link(simulator), await link(simulator), await link(simulator, "alice")];
  await refresh(simulator, spoilt.refresh_token);
  await refresh(simulator, spoilt.refresh_token);
  expect((await askSleeps(simulator, other.access_token)).status).toBe(200);
  expect((await askSleeps(simulator, alice.access_token)).status).toBe(200);
});

test("a lasting refresh token stays", async () => {
  const lasting = await startSimulator({ provider: acmeWith({ refresh: "lasting" }), ...CLIENT });
  try {
    const { refresh_token } = await link(lasting);
    for (let round = 0; round < 3; round += 1) {
      const answer = await refresh(lasting, refresh_token);
      expect(answer.status).toBe(200);
      expect(answer.body).not.toHaveProperty("refresh_token");
    }
    expect(lasting.killedGrants()).toEqual([]);
  } finally {
    await lasting.stop();
  }
});

test("a vendor without refresh gives no refresh token", async () => {
  const none = await startSimulator({ provider: acmeWith({ refresh: "none" }), ...CLIENT });
  try {
    expect(await link(none)).not.toHaveProperty("refresh_token");
  } finally {
    await none.stop();
  }
});

test("a vendor with Basic authentication takes the credentials there only, each half form-encoded", async () => {
  const basic = await startSimulator({ provider: acmeWith({ clientAuthentication: "basic" }), ...CLIENT });
  try {
    const refused = await exchange(basic, await allowedCode(basic));
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Basic"]);
    const half = (text: string) => new URLSearchParams({ v: text }).toString().slice(2);
    const pair = `${half(CLIENT.clientId)}:${half(CLIENT.clientSecret)}`;
    const answer = await fetch(basic.tokenUrl, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(pair).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: "unknown" }),
    });
    expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
  } finally {
    await basic.stop();
  }
});

test("access tokens end with their lifetime, which can be changed", async () => {
  const long = await link(simulator);
  simulator.change({ accessTokenSeconds: 60 });
  const short = await refresh(simulator, long.refresh_token);
  expect(short.body.expires_in).toBe(60);
  now += 60;
  expect((await askSleeps(simulator, short.body.access_token)).status).toBe(401);
  expect((await askSleeps(simulator, long.access_token)).status).toBe(200);
});

test("a token request as JSON or with a repeated parameter is refused", async () => {
  const headers = { "content-type": "application/json" };
  const asJson = await fetch(simulator.tokenUrl, { method: "POST", headers, body: '{"grant_type":["x"]}' });
  expect(asJson.status).toBe(401);
  const { clientId, clientSecret } = CLIENT;
  const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, grant_type: "refresh_token" });
  body.append("refresh_token", "a");
  body.append("refresh_token", "b");
  const twice = await fetch(simulator.tokenUrl, { method: "POST", body });
  expect([twice.status, await twice.json()]).toEqual([400, { error: "invalid_request" }]);
});

test("a revoked access token takes its whole grant with it; an unknown one is answered alike", async () => {
  const tokens = await link(simulator);
  const revoke = (fields: Record<string, string>) =>
    fetch(simulator.revokeUrl ?? "", { method: "POST", body: new URLSearchParams(fields) });
  expect((await revoke({ token: "unknown" })).status).toBe(200);
  expect((await revoke({ token: tokens.refresh_token })).status).toBe(200);
  expect((await revoke({ token: tokens.access_token, client_id: CLIENT.clientId, client_secret: "no" })).status).toBe(
    401,
  );
  expect((await askSleeps(simulator, tokens.access_token)).status).toBe(200);
  expect((await revoke({ token: tokens.access_token })).status).toBe(200);
  expect((await askSleeps(simulator, tokens.access_token)).status).toBe(401);
  expect((await refresh(simulator, tokens.refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  expect(simulator.killedGrants()).toEqual([]);
});

test.each([
  ["DELETE", "bearer", "access", undefined],
  ["POST", "query", "access", "access_token"],
  ["POST", "form", "refresh", undefined],
  ["POST", "bearer", "refresh", undefined],
] as const)("revokes as the profile says: %s, token in %s, %s token", async (method, tokenIn, kind, parameter) => {
  const url = "https://api.acme.example/v1/access";
  const revocation = { url, method, tokenIn, token: kind, ...(parameter === undefined ? {} : { parameter }) };
  const other = await startSimulator({ provider: acmeWith({ revocation }), ...CLIENT });
  try {
    const tokens = await link(other);
    const value = kind === "access" ? tokens.access_token : tokens.refresh_token;
    const fields = new URLSearchParams({ [parameter ?? "token"]: value });
    const send = () =>
      fetch(`${other.revokeUrl}${tokenIn === "query" ? `?${fields}` : ""}`, {
        method,
        ...(tokenIn === "bearer" ? { headers: { authorization: `Bearer ${value}` } } : {}),
        ...(tokenIn === "form" ? { body: fields } : {}),
      });
    expect((await send()).status).toBe(method === "DELETE" ? 204 : 200);
    expect((await askSleeps(other, tokens.access_token)).status).toBe(401);
    expect((await send()).status).toBe(tokenIn === "bearer" ? 401 : 200);
    expect(other.calls().filter((call) => call.kind === "revoke")).toHaveLength(2);
  } finally {
    await other.stop();
  }
});

test("a person can withdraw access at the vendor", async () => {
  const tokens = await link(simulator, "alice");
  expect(simulator.withdraw("alice")).toBe(1);
  expect((await askSleeps(simulator, tokens.access_token)).status).toBe(401);
  expect(
    (await askTokens(simulator, { grant_type: "refresh_token", refresh_token: tokens.refresh_token })).status,
  ).toBe(400);
});
