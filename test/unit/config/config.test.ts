import { readFileSync } from "node:fs";
import path from "node:path";
import { readConfig } from "../../../src/config";
import { SETTINGS } from "../../../src/config/settings";
import { WEARABLE_SETTINGS } from "../../../src/config/wearables";
import { SettingError } from "../../../src/domain/errors";

const KEY = Buffer.alloc(32, 7).toString("base64");
const PRODUCTION = {
  NODE_ENV: "production",
  DATABASE_URL: "postgresql://gateway:pw@db:5432/gateway",
  ENCRYPTION_KEYS: `k1:${KEY}`,
  AUTH_JWKS_URL: "https://id.example.com/jwks",
  AUTH_ISSUER: "https://id.example.com/",
  AUTH_AUDIENCE: "wearables",
};
const read = (env: Record<string, string | undefined>) => readConfig(env, ["oura"]);

function refusal(env: Record<string, string | undefined>): SettingError {
  try {
    read(env);
  } catch (error) {
    if (error instanceof SettingError) return error;
    throw error;
  }
  throw new Error("expected the settings to be refused");
}

test("an empty environment is the demo identity on loopback", () => {
  const config = read({});
  expect(config).toMatchObject({
    production: false,
    host: "127.0.0.1",
    port: 4000,
    publicUrl: "http://localhost:4000",
    roles: ["api", "worker"],
    auth: { kind: "demo" },
    database: { url: null, pools: { api: 10, reads: 4, refresh: 5, attempts: 1, worker: 4 } },
    redisUrl: null,
    encryptionKeys: null,
    linkCompletion: "callback",
    trustProxy: false,
  });
  expect(config.wearables.oura).toMatchObject({
    client: null,
    redirectUri: "http://localhost:4000/oauth/oura/callback",
    apiUrl: null,
  });
});

test("empty values count as absent", () => {
  expect(read({ PORT: "", AUTH_JWT_SECRET: "", OURA_CLIENT_ID: "", NODE_ENV: "" })).toEqual(read({}));
});

test("production reads all that it needs", () => {
  const config = read({ ...PRODUCTION, HOST: "0.0.0.0", PUBLIC_URL: "https://gw.example.com/" });
  expect(config).toMatchObject({ production: true, linkCompletion: "app", publicUrl: "https://gw.example.com" });
  expect(config.encryptionKeys).toEqual([{ id: "k1", key: Buffer.alloc(32, 7) }]);
  expect(config.auth).toMatchObject({ kind: "jwks", audience: "wearables" });
});

test.each([
  ["https://gw.example.com", "https://gw.example.com"],
  ["https://GW.example.com:8443/", "https://gw.example.com:8443"],
  ["https://203.0.113.7", "https://203.0.113.7"],
  ["http://localhost:4000", "http://localhost:4000"],
  ["", null],
])("WEBHOOK_BASE_URL=%s is the origin %s", (text, origin) => {
  expect(read({ WEBHOOK_BASE_URL: text }).webhookBaseUrl).toBe(origin);
});

test.each(["DATABASE_URL", "ENCRYPTION_KEYS", "AUTH_ISSUER", "AUTH_AUDIENCE"])(
  "production without %s is refused",
  (name) => {
    expect(refusal({ ...PRODUCTION, [name]: undefined }).variable).toBe(name);
  },
);

test("production without sign-in is refused", () => {
  const { AUTH_JWKS_URL: _url, AUTH_ISSUER: _issuer, AUTH_AUDIENCE: _audience, ...rest } = PRODUCTION;
  expect(refusal(rest).variable).toBe("AUTH_JWKS_URL");
});

test("production reaches no private address", () => {
  expect(refusal({ ...PRODUCTION, WEBHOOK_ALLOW_PRIVATE: "localhost:3000" }).variable).toBe("WEBHOOK_ALLOW_PRIVATE");
  const list = "localhost:3000,10.0.0.7,[::1]:80,hooks.internal";
  expect(read({ WEBHOOK_ALLOW_PRIVATE: list }).webhookAllowPrivate).toEqual(list.split(","));
});

test.each<[string, Record<string, string>]>([
  ["HOST", { HOST: "0.0.0.0" }],
  ["HOST", { HOST: "::" }],
  ["PORT", { PORT: "65536" }],
  ["PORT", { PORT: "4e3" }],
  ["PORT", { PORT: "-1" }],
  ["NODE_ENV", { NODE_ENV: "prod" }],
  ["ROLES", { ROLES: "api,web" }],
  ["ROLES", { ROLES: "api,api" }],
  ["PUBLIC_URL", { PUBLIC_URL: "http://gw.example.com" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "gw.example.com" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "http://gw.example.com" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://gw.example.com/behind" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://gw.example.com/?a=b" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://user:pw@gw.example.com" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://10.0.0.7" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://169.254.169.254" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://0x0a000007" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://[::ffff:10.0.0.7]" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://[fd00::7]" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://gateway" }],
  ["WEBHOOK_BASE_URL", { WEBHOOK_BASE_URL: "https://gateway.local" }],
  ["WEBHOOK_BASE_URL", { ...PRODUCTION, WEBHOOK_BASE_URL: "http://localhost:4000" }],
  ["WEBHOOK_BASE_URL", { ...PRODUCTION, WEBHOOK_BASE_URL: "https://[::1]" }],
  ["DATABASE_URL", { DATABASE_URL: "mysql://x" }],
  ["REDIS_URL", { REDIS_URL: "localhost:6379" }],
  ["ANSWER_CACHE_MB", { ANSWER_CACHE_MB: "-1" }],
  ["DATABASE_POOL_API", { DATABASE_POOL_API: "0" }],
  ["DATABASE_POOL_READS", { DATABASE_POOL_READS: "0" }],
  ["AUTH_JWT_SECRET", { AUTH_JWT_SECRET: "x".repeat(31) }],
  ["AUTH_ISSUER", { AUTH_ISSUER: "https://id.example.com" }],
  ["AUTH_JWKS_URL", { AUTH_JWKS_URL: "http://id.example.com/jwks", AUTH_ISSUER: "x", AUTH_AUDIENCE: "y" }],
  ["AUTH_JWKS_URL", { AUTH_JWKS_URL: "https://id.example.com/jwks", AUTH_JWT_SECRET: "x".repeat(32) }],
  ["ENCRYPTION_KEYS", { AUTH_JWT_SECRET: "x".repeat(32) }],
  ["ENCRYPTION_KEYS", { ENCRYPTION_KEYS: `a b:${KEY}` }],
  ["ENCRYPTION_KEYS", { ENCRYPTION_KEYS: `a:${KEY},a:${KEY}` }],
  ["ENCRYPTION_KEYS", { ENCRYPTION_KEYS: `a:${Buffer.alloc(31).toString("base64")}` }],
  ["LINK_COMPLETION", { LINK_COMPLETION: "auto" }],
  ["BACKFILL_DAYS", { BACKFILL_DAYS: "-1" }],
  ["BACKFILL_DAYS", { BACKFILL_DAYS: "3651" }],
  ["BACKFILL_DAYS", { BACKFILL_DAYS: "all" }],
  ["TRUST_PROXY", { TRUST_PROXY: "true" }],
  ["CORS_ORIGINS", { CORS_ORIGINS: "*" }],
  ["CORS_ORIGINS", { CORS_ORIGINS: "https://app.example.com/" }],
  ["CORS_ORIGINS", { CORS_ORIGINS: "null" }],
  ["WEBHOOK_ALLOW_PRIVATE", { WEBHOOK_ALLOW_PRIVATE: "http://localhost" }],
  ["WEBHOOK_ALLOW_PRIVATE", { WEBHOOK_ALLOW_PRIVATE: "localhost,*" }],
  ["WEBHOOK_ALLOW_PRIVATE", { WEBHOOK_ALLOW_PRIVATE: "10.0.0.0/8" }],
  ["WEBHOOK_ALLOW_PRIVATE", { WEBHOOK_ALLOW_PRIVATE: "LOCALHOST:3000" }],
  ["OURA_CLIENT_SECRET", { OURA_CLIENT_ID: "id" }],
  ["OURA_CLIENT_ID", { OURA_CLIENT_SECRET: "secret" }],
  ["OURA_API_URL", { OURA_API_URL: "https://api.example.com/v2" }],
  ["OURA_API_URL", { OURA_API_URL: "http://api.example.com" }],
  ["OURA_TOKEN_URL", { OURA_TOKEN_URL: "http://169.254.169.254/token" }],
  ["OURA_AUTHORIZE_URL", { OURA_AUTHORIZE_URL: "https://user:pw@example.com/" }],
])("%s is named when it is malformed: %j", (variable, env) => {
  const error = refusal(env);
  expect(error.variable).toBe(variable);
  expect(error.message).toMatch(new RegExp(`^${variable}: .+`));
  expect(error.message).not.toContain("\n");
});

test("a refused secret is not quoted", () => {
  expect(refusal({ AUTH_JWT_SECRET: "hunter2" }).message).not.toContain("hunter2");
  expect(refusal({ ENCRYPTION_KEYS: "hunter2" }).message).not.toContain("hunter2");
});

test.each([
  "https://app.example.com/*",
  "javascript:alert(1)",
  "data:text/html,x",
  "http://app.example.com/back",
  "//app.example.com",
  "https://user@app.example.com/",
  "https://app.example.com/#x",
  "https:\\\\app.example.com",
  "file:///etc/passwd",
])("%s is no return address", (url) => {
  expect(refusal({ ALLOWED_RETURN_URLS: url }).variable).toBe("ALLOWED_RETURN_URLS");
});

test("return addresses are https, loopback http or an app's own scheme", () => {
  const urls = ["https://app.example.com/linked?x=1", "http://localhost:3000/back", "com.example.app:/linked"];
  expect(read({ ALLOWED_RETURN_URLS: urls.join(", ") }).allowedReturnUrls).toEqual(urls);
});

test.each<[string, unknown]>([
  ["false", false],
  ["2", 2],
  ["10.0.0.0/8, ::1", ["10.0.0.0/8", "::1"]],
])("TRUST_PROXY=%s", (text, expected) => {
  expect(read({ TRUST_PROXY: text }).trustProxy).toEqual(expected);
});

test.each([
  ["oura", { SLEEP: ["oura"], READINESS: ["oura"], ACTIVITY: ["oura"], HRV: ["oura"] }],
  ["SLEEP=watch, oura ; HRV=oura", { SLEEP: ["watch", "oura"], HRV: ["oura"] }],
  ["", {}],
])("SOURCE_ORDER=%s", (text, expected) => {
  expect(readConfig({ SOURCE_ORDER: text }, ["oura", "watch"]).sourceOrder).toEqual(expected);
});

test.each([
  ["oura,oura", "at most once"],
  ["SLEEP=oura;SLEEP=watch", "at most once"],
  ["oura;HRV=watch", "at most once"],
  ["sleep=oura", "expected providers"],
  ["STRESS=oura", "expected providers"],
  ["SLEEP=", "expected providers"],
  ["SLEEP=oura;", "expected providers"],
  ["oura,,watch", "expected providers"],
  ["OURA", "expected providers"],
  ["SLEEP=oura=watch", "expected providers"],
  ["band", "names band: expected some of oura"],
  ["HRV=oura,band", "names band: expected some of oura"],
])("SOURCE_ORDER=%s is refused", (text, message) => {
  const error = refusal({ SOURCE_ORDER: text });
  expect(error.variable).toBe("SOURCE_ORDER");
  expect(error.message).toContain(message);
});

test("a key may be hexadecimal, and one without an id is named by its hash", () => {
  const hex = Buffer.from(KEY, "base64").toString("hex");
  const [named, unnamed] = [`a:${hex}`, KEY].map((text) => read({ ENCRYPTION_KEYS: text }).encryptionKeys?.[0]);
  expect(named).toEqual({ id: "a", key: Buffer.from(KEY, "base64") });
  expect(unnamed?.key).toEqual(named?.key);
  expect(unnamed?.id).toMatch(/^[0-9a-f]{8}$/);
});

test("a wearable's addresses may be loopback http", () => {
  const env = { OURA_API_URL: "http://127.0.0.1:5000", OURA_CLIENT_ID: "id", OURA_CLIENT_SECRET: "secret" };
  expect(read(env).wearables.oura).toMatchObject({
    apiUrl: "http://127.0.0.1:5000",
    client: { id: "id", secret: "secret" },
  });
});

test(".env.example names every setting and no other", () => {
  const text = readFileSync(path.join(__dirname, "../../../.env.example"), "utf8");
  const named = [...text.matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map((match) => match[1]);
  // The password is docker compose's own; the gateway sees it inside DATABASE_URL only.
  const expected = [
    "POSTGRES_PASSWORD",
    ...Object.keys(SETTINGS.shape),
    ...WEARABLE_SETTINGS.map((name) => `OURA_${name}`),
  ];
  expect([...named].sort()).toEqual([...expected].sort());
});

test.each([
  ["0 3 * * *", "0 3 * * *"],
  ["  15,45   0-5 1 */2 1-5 ", "15,45 0-5 1 */2 1-5"],
  ["*/10 * * * *", "*/10 * * * *"],
])("SYNC_CRON=%s", (text, expected) => {
  expect(read({ SYNC_CRON: text }).syncCron).toBe(expected);
});

test.each([
  "0 3 * *",
  "0 3 * * * *",
  "60 3 * * *",
  "0 24 * * *",
  "0 3 0 * *",
  "0 3 32 * *",
  "0 3 * 13 *",
  "0 3 * * 7",
  "0 3 * * mon",
  "5-1 3 * * *",
  "*/0 3 * * *",
  "0 3 * * * task ?max=9",
  "@daily",
  "0,, 3 * * *",
  "1-2-3 3 * * *",
  "0 3 * * *\n* * * * * other",
])("SYNC_CRON=%j is refused", (text) => {
  expect(refusal({ SYNC_CRON: text }).variable).toBe("SYNC_CRON");
});

test("a year of history and three in the morning are what nobody has to ask for", () => {
  expect(read({})).toMatchObject({ backfillDays: 365, syncCron: "0 3 * * *" });
  expect(read({ BACKFILL_DAYS: "0" }).backfillDays).toBe(0);
});
