import type { SyntheticAnswer } from "../../../providers/contract";
import type { Endpoint } from "../../../providers/contract/endpoint";
import type { Provider } from "../../../providers/contract/provider";
import { parseCivilDay } from "../../../src/domain/days";
import { type Simulator, startSimulator } from "../../../src/simulator";
import { acme } from "./acme";
import { CLIENT, consent, NOON, REDIRECT } from "./newcomer";

/** An endpoint of the made-up vendor: all of them POST to one path and differ by `action`. */
function endpoint(name: string): Endpoint {
  return {
    name,
    yields: ["sleep_session"],
    scopes: ["sleep"],
    request: (window, cursor) => ({
      method: "POST",
      path: "/v2/health",
      form: { action: `get${name}`, start: window.start, end: window.end, ...(cursor ? { offset: cursor } : {}) },
    }),
    read: () => ({ documents: [], setAside: [], cursor: null }),
  };
}

const inside = (status: number, error: string): SyntheticAnswer => ({ status: 200, body: { status, body: {}, error } });

/** A made-up vendor that answers everything with HTTP 200, tokens under `body`, at the data's own origin. */
const beta: Provider = {
  ...acme,
  slug: "beta",
  apiUrl: "https://api.beta.example",
  oauth: {
    authorizeUrl: "https://login.beta.example/authorize",
    tokenUrl: "https://api.beta.example/v2/oauth",
    scopeSeparator: ",",
    scopes: ["sleep", "steps"],
    defaultScopes: ["sleep"],
    refresh: "rotating",
    tokenParameters: { action: "requesttoken" },
    tokenAnswerUnder: "body",
  },
  identity: { from: "token", field: "userid" },
  endpoints: [endpoint("sleeps"), endpoint("steps")],
  synthetic: {
    accessTokenSeconds: 3600,
    codeSeconds: 30,
    grant: (scope) => scope,
    failure: (failure) => {
      if (failure.kind === "rate_limited") return inside(601, "slow down");
      return failure.kind === "unauthorized" ? inside(401, "token") : { status: failure.status, body: {} };
    },
    documents: (name, _person, day, revision) => [{ name, day, revision }],
    answer: ({ path, form, documents }) => {
      const [start, end] = [parseCivilDay(form.start ?? ""), parseCivilDay(form.end ?? "")];
      if (path !== "/v2/health") return null;
      if (start === null || end === null) return inside(503, "dates");
      const series = documents((form.action ?? "").replace(/^get/, ""), { start, end });
      return { status: 200, body: { status: 0, body: { series } } };
    },
    tokenAnswer: ({ status, headers, body }) => ({
      status: 200,
      ...(headers ? { headers } : {}),
      body: status === 200 ? { status: 0, body } : { status: 503, body: {}, error: (body as { error: string }).error },
    }),
    tokenFields: (person) => ({ userid: person.vendorUserId }),
  },
};

interface Wrapped {
  readonly status: number;
  readonly error?: string;
  readonly body: { readonly access_token?: string; readonly refresh_token?: string; readonly series?: unknown[] };
}

let simulator: Simulator;
let now = NOON;
beforeEach(async () => {
  now = NOON;
  simulator = await startSimulator({ provider: beta, ...CLIENT, now: () => now });
});
afterEach(() => simulator.stop());

async function post(url: string, fields: Record<string, string>, token?: string) {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Wrapped };
}

const CREDENTIALS = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret };
const tokens = (fields: Record<string, string>) =>
  post(simulator.tokenUrl, { action: "requesttoken", ...CREDENTIALS, ...fields });
const refreshed = (token: string) => tokens({ grant_type: "refresh_token", refresh_token: token });
const health = (fields: Record<string, string>, token?: string) =>
  post(`${simulator.origin}/v2/health`, { start: "2026-11-01", end: "2026-11-02", ...fields }, token);

async function allowed(): Promise<string> {
  const query = { scope: "sleep,steps", code_challenge: undefined, code_challenge_method: undefined };
  return (await consent(simulator, { query })).location.searchParams.get("code") ?? "";
}
const exchanged = async (changed: Record<string, string> = {}) =>
  tokens({ grant_type: "authorization_code", code: await allowed(), redirect_uri: REDIRECT, ...changed });

test("a token answer comes in the vendor's own envelope, with the standard's headers", async () => {
  const answer = await exchanged();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.body).toEqual({
    status: 0,
    body: {
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: "Bearer",
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      scope: "sleep,steps",
      userid: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
  });
});

test.each([
  ["an unknown code", { code: "no" }, "invalid_grant"],
  ["a wrong secret", { client_secret: "no" }, "invalid_client"],
  ["no fixed parameter", { action: "" }, "invalid_request"],
  ["another fixed parameter", { action: "getnonce" }, "invalid_request"],
  ["an unknown grant type", { grant_type: "password" }, "unsupported_grant_type"],
])("a refusal comes in the vendor's own envelope: %s", async (_name, changed: Record<string, string>, error) => {
  const answer = await exchanged(changed);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ status: 503, body: {}, error });
});

test("a code lives as long as the vendor has it", async () => {
  const [early, late] = [await allowed(), await allowed()];
  now += 29;
  expect((await exchanged({ code: early })).body.status).toBe(0);
  now += 1;
  expect((await exchanged({ code: late })).body).toMatchObject({ status: 503, error: "invalid_grant" });
});

test("a fault of the token endpoint is told in the vendor's own envelope", async () => {
  simulator.faults.add({ kind: "token", effect: "oauth_error", error: "invalid_grant", times: 1 });
  expect((await exchanged()).body).toEqual({ status: 503, body: {}, error: "invalid_grant" });
  expect((await exchanged()).body.status).toBe(0);
});

test("a spent refresh token is refused inside HTTP 200 and ends the grant", async () => {
  const first = (await exchanged()).body.body;
  const second = (await refreshed(first.refresh_token ?? "")).body.body;
  expect(second.access_token).toBeDefined();
  expect((await refreshed(first.refresh_token ?? "")).body).toMatchObject({ status: 503, error: "invalid_grant" });
  expect((await health({ action: "getsleeps" }, second.access_token)).body).toMatchObject({ status: 401 });
});

test("tokens and data are both asked by POST; the calls tell which was which, and which of two endpoints at one path", async () => {
  const token = (await exchanged()).body.body.access_token;
  const sleeps = await health({ action: "getsleeps" }, token);
  expect(sleeps.body.body.series).toEqual([
    { name: "sleeps", day: "2026-11-01", revision: 0 },
    { name: "sleeps", day: "2026-11-02", revision: 0 },
  ]);
  expect((await health({ action: "getsteps" }, token)).body.body.series).toHaveLength(2);
  await health({ action: "getweather" }, token);
  const posts = simulator.calls().filter(({ kind }) => kind === "token" || kind === "data");
  expect(posts.map(({ kind, path, endpoint }) => [kind, path, endpoint])).toEqual([
    ["token", "/v2/oauth", null],
    ["data", "/v2/health", "sleeps"],
    ["data", "/v2/health", "steps"],
    ["data", "/v2/health", null],
  ]);
});

test("a fault of one endpoint leaves the other at the same path alone", async () => {
  const token = (await exchanged()).body.body.access_token;
  simulator.faults.add({ endpoint: "steps", effect: "rate_limited", retryAfter: "5" });
  const limited = await health({ action: "getsteps" }, token);
  expect([limited.status, limited.body]).toEqual([200, { status: 601, body: {}, error: "slow down" }]);
  expect((await health({ action: "getsleeps" }, token)).body.status).toBe(0);
});

test("no token and a forged one are refused in the vendor's form", async () => {
  for (const token of [undefined, "forged"]) {
    const answer = await health({ action: "getsleeps" }, token);
    expect([answer.status, answer.body.status]).toEqual([200, 401]);
  }
});
