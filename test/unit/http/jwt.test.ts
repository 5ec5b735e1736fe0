import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from "jose";
import type { AuthSettings } from "../../../src/config/auth";
import { createAuthenticator } from "../../../src/http/auth";

const SECRET = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const NOW = 1_795_000_000;
const CLAIMS = { sub: "ann", iss: "https://id.test/", aud: "wearables", exp: NOW + 3600 };
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });

let clock = NOW;
let asked: string[] = [];
let keyServer: Server;
let remote: AuthSettings;

beforeAll(async () => {
  const keys = await Promise.all(
    [
      { kid: "rsa", alg: "RS256", key: rsa.publicKey },
      { kid: "ec", alg: "ES256", key: ec.publicKey },
      { kid: "ed", alg: "EdDSA", key: ed.publicKey },
    ].map(async ({ kid, alg, key }) => ({ ...(await exportJWK(key)), kid, alg, use: "sig" })),
  );
  keyServer = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks`);
  remote = { kind: "jwks", url, issuer: CLAIMS.iss, audience: CLAIMS.aud };
});
afterAll(() => new Promise((resolve) => keyServer.close(resolve)));
beforeEach(() => {
  clock = NOW;
  asked = [];
});

const signIn = (settings: AuthSettings) => {
  const authenticate = createAuthenticator(settings, () => clock * 1000);
  return (token: string) => authenticate(["Authorization", `Bearer ${token}`]);
};
const shared = (): AuthSettings => ({ kind: "secret", secret: SECRET, issuer: CLAIMS.iss, audience: CLAIMS.aud });
const sign = (claims: JWTPayload, header: JWTHeaderParameters, key: KeyObject | Uint8Array) =>
  new SignJWT(claims).setProtectedHeader(header).sign(key);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const refused = { code: "UNAUTHENTICATED" };

test("a token of the shared secret is its subject", async () => {
  expect(await signIn(shared())(await sign(CLAIMS, { alg: "HS256" }, SECRET))).toBe("ann");
});

test.each([
  ["rsa", "RS256", rsa.privateKey],
  ["ec", "ES256", ec.privateKey],
  ["ed", "EdDSA", ed.privateKey],
])("a token of the published %s key is its subject", async (kid, alg, key) => {
  expect(await signIn(remote)(await sign(CLAIMS, { alg, kid }, key))).toBe("ann");
});

test.each<[string, JWTPayload]>([
  ["expired a second ago", { ...CLAIMS, exp: NOW - 1 }],
  ["expiring now", { ...CLAIMS, exp: NOW }],
  ["not valid before an hour", { ...CLAIMS, nbf: NOW + 3600 }],
  ["without exp", { sub: CLAIMS.sub, iss: CLAIMS.iss, aud: CLAIMS.aud }],
  ["without sub", { iss: CLAIMS.iss, aud: CLAIMS.aud, exp: CLAIMS.exp }],
  ["with an empty sub", { ...CLAIMS, sub: "" }],
  ["with a sub of 256 characters", { ...CLAIMS, sub: "x".repeat(256) }],
  ["with a control character in sub", { ...CLAIMS, sub: "a\u0000b" }],
  ["with a sub that is no text", { ...CLAIMS, sub: 7 as unknown as string }],
  ["of another issuer", { ...CLAIMS, iss: "https://evil.test/" }],
  ["without issuer", { sub: CLAIMS.sub, aud: CLAIMS.aud, exp: CLAIMS.exp }],
  ["for another audience", { ...CLAIMS, aud: "other" }],
  ["without audience", { sub: CLAIMS.sub, iss: CLAIMS.iss, exp: CLAIMS.exp }],
])("a token %s is refused", async (_name, claims) => {
  await expect(signIn(shared())(await sign(claims, { alg: "HS256" }, SECRET))).rejects.toMatchObject(refused);
});

test("another clock may run five seconds ahead, not more", async () => {
  const verify = signIn(shared());
  expect(await verify(await sign({ ...CLAIMS, nbf: NOW + 4 }, { alg: "HS256" }, SECRET))).toBe("ann");
  await expect(verify(await sign({ ...CLAIMS, nbf: NOW + 7 }, { alg: "HS256" }, SECRET))).rejects.toMatchObject(
    refused,
  );
});

test("alg none is refused, in every spelling and by both ways", async () => {
  for (const alg of ["none", "None", "NONE", ""]) {
    const token = `${base64({ alg })}.${base64(CLAIMS)}.`;
    await expect(signIn(shared())(token)).rejects.toMatchObject(refused);
    await expect(signIn(remote)(token)).rejects.toMatchObject(refused);
  }
});

test("the public key as an HMAC secret is refused", async () => {
  const head = `${base64({ alg: "HS256", kid: "rsa" })}.${base64(CLAIMS)}`;
  const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
  const signature = createHmac("sha256", pem).update(head).digest("base64url");
  await expect(signIn(remote)(`${head}.${signature}`)).rejects.toMatchObject(refused);
});

test.each(["HS384", "HS512"])("%s is refused where HS256 is pinned", async (alg) => {
  await expect(signIn(shared())(await sign(CLAIMS, { alg }, SECRET))).rejects.toMatchObject(refused);
});

test.each(["RS384", "RS512", "PS512"])("%s is refused by published keys", async (alg) => {
  const token = await sign(CLAIMS, { alg, kid: "rsa" }, rsa.privateKey);
  await expect(signIn(remote)(token)).rejects.toMatchObject(refused);
});

test.each(["nobody", "../../../../dev/null", "http://169.254.169.254/", "' OR 1=1 --", "rsa\u0000"])(
  "kid %j is refused and opens nothing but the key server",
  async (kid) => {
    const token = await sign(CLAIMS, { alg: "RS256", kid }, other.privateKey);
    await expect(signIn(remote)(token)).rejects.toMatchObject(refused);
    expect(asked.every((url) => url === "/jwks")).toBe(true);
  },
);

test("a key or an address inside the token is not used", async () => {
  const jwk = await exportJWK(other.publicKey);
  const header = { alg: "RS256", kid: "rsa", jwk, jku: "https://evil.test/jwks", x5u: "https://evil.test/x" };
  await expect(signIn(remote)(await sign(CLAIMS, header, other.privateKey))).rejects.toMatchObject(refused);
});

test("a changed payload, a cut signature and unknown critical headers are refused", async () => {
  const [head = "", , signature = ""] = (await sign(CLAIMS, { alg: "HS256" }, SECRET)).split(".");
  const verify = signIn(shared());
  for (const token of [
    `${head}.${base64({ ...CLAIMS, sub: "bob" })}.${signature}`,
    `${head}.${base64(CLAIMS)}.`,
    "a.b",
    "a.b.c.d.e",
    "...",
    "x",
  ]) {
    await expect(verify(token)).rejects.toMatchObject(refused);
  }
  const critical = `${base64({ alg: "HS256", crit: ["x"], x: 1 })}.${base64(CLAIMS)}`;
  const forged = createHmac("sha256", SECRET).update(critical).digest("base64url");
  await expect(verify(`${critical}.${forged}`)).rejects.toMatchObject(refused);
});

test("a key server that is away is a degraded service, not a refusal", async () => {
  const away: AuthSettings = {
    kind: "jwks",
    url: new URL("http://127.0.0.1:1/jwks"),
    issuer: CLAIMS.iss,
    audience: CLAIMS.aud,
  };
  const token = await sign(CLAIMS, { alg: "RS256", kid: "rsa" }, rsa.privateKey);
  await expect(signIn(away)(token)).rejects.toMatchObject({ code: "SERVICE_DEGRADED" });
});

test("a verified token is not verified again for a minute, and never beyond its expiry", async () => {
  const verify = signIn(remote);
  const token = await sign({ ...CLAIMS, exp: NOW + 30 }, { alg: "RS256", kid: "rsa" }, rsa.privateKey);
  expect(await verify(token)).toBe("ann");
  clock = NOW + 29;
  expect(await verify(token)).toBe("ann");
  clock = NOW + 30;
  await expect(verify(token)).rejects.toMatchObject(refused);
});

test("a token is known at once after it was verified, for a minute, and never beyond its expiry", async () => {
  const authenticate = createAuthenticator(shared(), () => clock * 1000);
  const signed = (exp: number) => sign({ ...CLAIMS, exp }, { alg: "HS256" }, SECRET);
  const [long, short, never] = await Promise.all([NOW + 3_600, NOW + 30, NOW - 1].map(signed));
  const known = () => [long, short, never, "x", null].map((token) => authenticate.known?.(token ?? null));
  expect(known()).toEqual([null, null, null, null, null]);
  for (const token of [long, short]) await authenticate(["Authorization", `Bearer ${token}`]);
  await expect(authenticate(["Authorization", `Bearer ${never}`])).rejects.toMatchObject(refused);
  for (const [second, subjects] of [
    [0, ["ann", "ann", null, null, null]],
    [29, ["ann", "ann", null, null, null]],
    [30, ["ann", null, null, null, null]],
    [59, ["ann", null, null, null, null]],
    [60, [null, null, null, null, null]],
  ] as const) {
    clock = NOW + second;
    expect(known()).toEqual(subjects);
    expect(known()).toEqual(subjects);
  }
});

test("without credentials a gateway of tokens refuses", async () => {
  await expect(createAuthenticator(shared())(["Host", "x"])).rejects.toMatchObject(refused);
  await expect(createAuthenticator(shared())(["Authorization", "Bearer demo:ann"])).rejects.toMatchObject(refused);
});
