import type { OAuthProfile } from "../../../providers/contract/oauth";
import { UpstreamFailure } from "../../../src/domain/errors";
import { authorizationUrl, pkceChallenge, randomSecret } from "../../../src/oauth/authorization";
import { scopesOf, TokenRefused } from "../../../src/oauth/client";
import { exchangeCode, giveBackGrant, refreshTokens, revokeGrant } from "../../../src/oauth/token-endpoint";
import type { InboundAnswer, OutboundRequest } from "../../../src/upstream/port";
import { oauthClient } from "../../support/oauth-client";

const ORIGIN = "https://vendor.example";

/** Surroundings whose provider always answers the same, and what it was asked. */
function answering(answer: Partial<InboundAnswer> | UpstreamFailure) {
  const asked: OutboundRequest[] = [];
  return {
    asked,
    now: () => 1_000,
    outbound: {
      async send(request: OutboundRequest) {
        asked.push(request);
        if (answer instanceof UpstreamFailure) throw answer;
        return { status: 200, headers: {}, body: Buffer.alloc(0), ...answer };
      },
    },
  };
}

const body = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const refreshed = (answer: unknown, profile: Partial<OAuthProfile> = {}, status = 200) =>
  refreshTokens(answering({ status, body: body(answer) }), oauthClient(ORIGIN, profile), "old");
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("expected a failure");
    },
    (error) => error,
  );

describe("the authorization address", () => {
  test("carries what RFC 6749 and RFC 7636 ask for", () => {
    const verifier = randomSecret();
    const url = new URL(authorizationUrl(oauthClient(ORIGIN), { state: "s", scopes: ["daily", "personal"], verifier }));
    expect(url.origin + url.pathname).toBe(`${ORIGIN}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "client id:1",
      redirect_uri: "http://localhost:4000/oauth/vendor/callback",
      scope: "daily personal",
      state: "s",
      code_challenge: pkceChallenge(verifier),
      code_challenge_method: "S256",
    });
  });

  test("keeps the vendor's own parameters and separator", () => {
    const client = {
      ...oauthClient(ORIGIN, { scopeSeparator: ",", authorizeParameters: { prompt: "consent" } }),
      authorizeUrl: `${ORIGIN}/authorize?tenant=1`,
    };
    const url = new URL(authorizationUrl(client, { state: "s", scopes: ["a", "b"], verifier: null }));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({ tenant: "1", prompt: "consent", scope: "a,b" });
    expect(url.searchParams.has("code_challenge")).toBe(false);
  });

  test("the challenge is that of RFC 7636, appendix B", () => {
    expect(pkceChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe(
      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
  });

  test("secrets have 256 bits and differ", () => {
    expect(randomSecret()).toMatch(/^[\w-]{43}$/);
    expect(randomSecret()).not.toBe(randomSecret());
  });
});

describe("the code exchange", () => {
  test("sends client credentials in the form", async () => {
    const at = answering({ body: body({ access_token: "a", refresh_token: "r", expires_in: 60, scope: "x y" }) });
    const tokens = await exchangeCode(at, oauthClient(ORIGIN), { code: "c", verifier: "v" });
    expect(tokens).toMatchObject({ accessToken: "a", refreshToken: "r", expiresInSeconds: 60, scopes: ["x", "y"] });
    expect(Object.fromEntries(new URLSearchParams(at.asked[0]?.body))).toEqual({
      grant_type: "authorization_code",
      code: "c",
      code_verifier: "v",
      redirect_uri: "http://localhost:4000/oauth/vendor/callback",
      client_id: "client id:1",
      client_secret: "s&cret+ü",
    });
  });

  test("sends them form-urlencoded by HTTP Basic where the vendor wants that", async () => {
    const at = answering({ body: body({ access_token: "a" }) });
    await exchangeCode(at, oauthClient(ORIGIN, { clientAuthentication: "basic" }), { code: "c", verifier: null });
    const [scheme, credentials] = at.asked[0]!.headers["authorization"]!.split(" ");
    expect([scheme, Buffer.from(credentials!, "base64").toString()]).toEqual([
      "Basic",
      "client+id%3A1:s%26cret%2B%C3%BC",
    ]);
    expect(at.asked[0]?.body).not.toMatch(/client_secret|code_verifier/);
  });
});

describe("token answers", () => {
  test.each([
    ["a number", 3600, 3600],
    ["a string", "3600", 3600],
    ["a fraction, upwards", 1.5, 2],
    ["−1, as unstated", -1, 3600],
    ["zero, as unstated", 0, 3600],
    ["1e12, as a year", 1e12, 366 * 86_400],
    ["absence", undefined, 3600],
    ["null", null, 3600],
    ["words", "soon", 3600],
  ])("expires_in as %s", async (_name, expires_in, expected) => {
    expect((await refreshed({ access_token: "a", expires_in })).expiresInSeconds).toBe(expected);
  });

  test("an unstated lifetime is the profile's, where it has one", async () => {
    const tokens = await refreshed({ access_token: "a" }, { defaultExpiresInSeconds: 10_800 });
    expect(tokens.expiresInSeconds).toBe(10_800);
  });

  test("a missing refresh token keeps the old one", async () => {
    expect((await refreshed({ access_token: "a" }, { refresh: "lasting" })).refreshToken).toBe("old");
    expect((await refreshed({ access_token: "a" }, { refresh: "rotating" })).refreshToken).toBe("old");
    expect((await refreshed({ access_token: "a", refresh_token: "new" }, { refresh: "lasting" })).refreshToken).toBe(
      "new",
    );
  });

  test.each([
    ["invalid_grant with 400", 400, { error: "invalid_grant" }, "invalid_grant"],
    ["invalid_grant with 401", 401, { error: "invalid_grant" }, "invalid_grant"],
    ["invalid_grant with 200", 200, { error: "invalid_grant", access_token: "a" }, "invalid_grant"],
    ["invalid_client", 401, { error: "invalid_client" }, "invalid_client"],
    ["unauthorized_client", 400, { error: "unauthorized_client" }, "invalid_client"],
    ["401 without a body", 401, "", "invalid_client"],
    ["invalid_request", 400, { error: "invalid_request", error_description: "canary" }, "other"],
    ["400 with HTML", 400, "<p>invalid_grant canary", "other"],
    ["an error that is no string", 400, { error: { message: "invalid_grant" } }, "other"],
    ["404", 404, { detail: "canary" }, "other"],
    ["a redirect", 302, "", "other"],
  ])("%s is a refusal", async (_name, status, answer, reason) => {
    const error = await rejection(refreshed(answer, {}, status));
    expect(error).toBeInstanceOf(TokenRefused);
    expect(error).toMatchObject({ reason, status });
    expect(JSON.stringify(error) + error.message).not.toContain("canary");
  });

  test.each([
    ["429", 429, "", "RATE_LIMITED"],
    ["500 with invalid_grant", 500, { error: "invalid_grant" }, "UNAVAILABLE"],
    ["503", 503, "", "UNAVAILABLE"],
    ["200 with HTML", 200, "<html>canary", "INVALID_RESPONSE"],
    ["200 with truncated tokens", 200, '{"access_token":"canary","refr', "INVALID_RESPONSE"],
    ["200 with null", 200, "null", "INVALID_RESPONSE"],
    ["200 with an array", 200, "[]", "INVALID_RESPONSE"],
    [
      "200 with its own status in the body",
      200,
      { status: 401, error: null, body: { x: "canary" } },
      "INVALID_RESPONSE",
    ],
    ["an access token that is no string", 200, { access_token: 1 }, "INVALID_RESPONSE"],
    ["an empty access token", 200, { access_token: "" }, "INVALID_RESPONSE"],
    ["an access token with a line break", 200, { access_token: "canary\r\nx: y" }, "INVALID_RESPONSE"],
  ])("%s is a failure without the body", async (_name, status, answer, kind) => {
    const error = await rejection(refreshed(answer, {}, status));
    expect(error).toBeInstanceOf(UpstreamFailure);
    expect(error.kind).toBe(kind);
    expect(error.details.body).toBeUndefined();
    expect(JSON.stringify(error) + error.message).not.toContain("canary");
  });

  test.each([
    ["words", "a  b a", " ", ["a", "b"]],
    ["commas where the vendor uses them", "a,b c", ",", ["a", "b", "c"]],
    ["a list", ["a", 1, "b"], " ", ["a", "b"]],
    ["emptiness, as unstated", "", " ", null],
    ["absence", undefined, " ", null],
  ] as const)("scope as %s", (_name, value, separator, expected) => {
    expect(scopesOf(value, separator)).toEqual(expected);
  });
});

describe("revocation", () => {
  const tokens = { accessToken: "acc", refreshToken: "ref" };

  test.each([
    [200, true],
    [204, true],
    [401, true],
    [400, false],
    [404, false],
    [500, false],
    [302, false],
  ])("status %i is %s", async (status, expected) => {
    expect(await revokeGrant(answering({ status }), oauthClient(ORIGIN), tokens)).toBe(expected);
  });

  test("a provider out of reach is false", async () => {
    const away = answering(new UpstreamFailure("UNAVAILABLE", "away"));
    expect(await revokeGrant(away, oauthClient(ORIGIN), tokens)).toBe(false);
  });

  test("no way to revoke is null, and asks nothing", async () => {
    const at = answering({ status: 200 });
    expect(await revokeGrant(at, { ...oauthClient(ORIGIN), revokeUrl: null }, tokens)).toBeNull();
    const refreshOnly = oauthClient(ORIGIN, {
      revocation: { url: "", method: "POST", token: "refresh", tokenIn: "form" },
    });
    expect(await revokeGrant(at, refreshOnly, { accessToken: "acc", refreshToken: null })).toBeNull();
    expect(at.asked).toEqual([]);
  });

  test("a grant that came to nothing is given back, but not where that would end the user's other grants", async () => {
    const at = answering({ status: 200 });
    const client = oauthClient(ORIGIN);
    await giveBackGrant(at, client, { ...tokens, vendorUserId: "7" });
    expect(at.asked).toHaveLength(1);
    const ofUser = { ...client, revokeUrl: `${ORIGIN}/users/{vendorUserId}` };
    await giveBackGrant(at, ofUser, { ...tokens, vendorUserId: "7" });
    expect(at.asked).toHaveLength(1);
    expect(await revokeGrant(at, ofUser, { ...tokens, vendorUserId: "7" })).toBe(true);
    expect(at.asked[1]?.url).toBe(`${ORIGIN}/users/7`);
  });

  test.each([
    ["form", "access", undefined, { body: expect.stringMatching(/^token=acc&client_id=/) }],
    ["query", "access", "access_token", { url: `${ORIGIN}/revoke?access_token=acc` }],
    ["bearer", "refresh", undefined, { headers: expect.objectContaining({ authorization: "Bearer ref" }) }],
  ] as const)("puts the token into %s", async (tokenIn, token, parameter, expected) => {
    const at = answering({ status: 200 });
    const revocation = { url: "", method: "POST" as const, token, tokenIn, ...(parameter ? { parameter } : {}) };
    await revokeGrant(at, oauthClient(ORIGIN, { revocation }), tokens);
    expect(at.asked[0]).toMatchObject(expected);
  });
});
