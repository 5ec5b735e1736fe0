import { type Simulator, startSimulator } from "../../../src/simulator";
import { acme } from "./acme";
import { allowedCode, authorizeUrl, CLIENT, consent, NOON, REDIRECT, readForm } from "./newcomer";

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ provider: acme, ...CLIENT, now: () => NOON });
});
afterAll(() => simulator.stop());
afterEach(() => simulator.reset());

const open = (changed?: Record<string, string | undefined>) =>
  fetch(authorizeUrl(simulator, changed), { redirect: "manual" });

test("keeps the paths of the vendor's profile on its own loopback origin", () => {
  expect(simulator.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(simulator.authorizeUrl).toBe(`${simulator.origin}/oauth/authorize`);
  expect(simulator.tokenUrl).toBe(`${simulator.origin}/oauth/token`);
  expect(simulator.revokeUrl).toBe(`${simulator.origin}/oauth/revoke`);
});

test("the consent page is one plain form that a simple script can read", async () => {
  const answer = await open();
  const html = await answer.text();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(html.match(/<form/g)).toHaveLength(1);
  expect(html).not.toMatch(/<script|javascript:|\son\w+=/i);
  expect(html).toContain('<button name="decision" value="allow">Allow</button>');
  expect(html).toContain('<button name="decision" value="deny">Deny</button>');
  const form = readForm(html);
  expect(form).toMatchObject({ method: "post", fields: { user: "demo" } });
  expect(form.action.startsWith(simulator.origin)).toBe(true);
  expect(Object.keys(form.fields)).toEqual(["request", "user"]);
  for (const scope of ["sleep", "profile", "beta"]) expect(html).toContain(`<code>${scope}</code>`);
});

test("the consent page's policy forbids everything but its style and the way back to the app", async () => {
  const policy = (await open()).headers.get("content-security-policy");
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http: https:$/,
  );
});

test("allowing sends the person back with a code, the state and the scopes as granted", async () => {
  const { status, location } = await consent(simulator);
  expect(status).toBe(303);
  expect(location.origin + location.pathname).toBe(REDIRECT);
  expect(location.searchParams.get("code")).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(location.searchParams.get("state")).toBe("st4te");
  expect(location.searchParams.get("scope")).toBe("ext:sleep ext:profile");
});

test("withheld scopes are not granted", async () => {
  simulator.change({ withheldScopes: ["sleep"] });
  const { location } = await consent(simulator);
  expect(location.searchParams.get("scope")).toBe("ext:profile");
});

test("a request without scope asks for the vendor's default ones", async () => {
  const { location } = await consent(simulator, { query: { scope: undefined } });
  expect(location.searchParams.get("scope")).toBe("ext:sleep ext:profile");
});

test("denying sends the person back with access_denied and the state, without a code", async () => {
  const { location } = await consent(simulator, { decision: "deny" });
  expect(Object.fromEntries(location.searchParams)).toEqual({ error: "access_denied", state: "st4te" });
});

test("a redirection address keeps its own query", async () => {
  const { location } = await consent(simulator, { query: { redirect_uri: `${REDIRECT}?a=1&b=2` } });
  expect(location.searchParams.get("a")).toBe("1");
  expect(location.searchParams.get("b")).toBe("2");
  expect(location.searchParams.get("code")).not.toBeNull();
});

test.each([
  ["another host", { redirect_uri: "http://evil.example/callback" }],
  ["a host that looks like this machine", { redirect_uri: "http://localhost.evil.example/" }],
  ["this machine as user name", { redirect_uri: "http://localhost@evil.example/" }],
  ["a user name", { redirect_uri: "http://evil@localhost:4000/" }],
  ["a fragment", { redirect_uri: `${REDIRECT}#x` }],
  ["another scheme of this machine", { redirect_uri: "ftp://localhost/" }],
  ["a script", { redirect_uri: "javascript:alert(1)" }],
  ["no address", { redirect_uri: undefined }],
  ["no client", { client_id: undefined }],
  ["an unknown client", { client_id: "another" }],
])("answers 400 and redirects nowhere: %s", async (_name, changed) => {
  const answer = await open(changed);
  expect(answer.status).toBe(400);
  expect(answer.headers.get("location")).toBeNull();
  expect(await answer.text()).not.toContain("<form");
});

test("a redirection address that comes twice is refused without a redirect", async () => {
  const answer = await fetch(`${authorizeUrl(simulator)}&redirect_uri=http://evil.example`, { redirect: "manual" });
  expect(answer.status).toBe(400);
  expect(answer.headers.get("location")).toBeNull();
});

test.each([
  ["no response_type", { response_type: undefined }, "invalid_request"],
  ["the implicit flow", { response_type: "token" }, "unsupported_response_type"],
  ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request"],
  ["a challenge without method", { code_challenge_method: undefined }, "invalid_request"],
  ["a method without challenge", { code_challenge: undefined }, "invalid_request"],
  ["a challenge of the wrong length", { code_challenge: "short" }, "invalid_request"],
])("sends the error and the state back to the app: %s", async (_name, changed, error) => {
  const answer = await open(changed);
  const location = new URL(answer.headers.get("location") ?? "about:blank");
  expect(location.origin + location.pathname).toBe(REDIRECT);
  expect(location.searchParams.get("error")).toBe(error);
  expect(location.searchParams.get("state")).toBe("st4te");
});

test("a request without state goes back with an error and without a state", async () => {
  const answer = await open({ state: undefined });
  const location = new URL(answer.headers.get("location") ?? "about:blank");
  expect(location.searchParams.get("error")).toBe("invalid_request");
  expect(location.searchParams.has("state")).toBe(false);
});

test("a state that comes twice goes back with an error", async () => {
  const answer = await fetch(`${authorizeUrl(simulator)}&state=other`, { redirect: "manual" });
  expect(new URL(answer.headers.get("location") ?? "about:blank").searchParams.get("error")).toBe("invalid_request");
});

test("only registered addresses are accepted where there is a list", async () => {
  const strict = await startSimulator({ provider: acme, ...CLIENT, redirectUris: ["app.example:/back"] });
  try {
    expect((await fetch(authorizeUrl(strict), { redirect: "manual" })).status).toBe(400);
    const deep = await fetch(authorizeUrl(strict, { redirect_uri: "app.example:/back" }), { redirect: "manual" });
    expect(deep.status).toBe(200);
    expect(deep.headers.get("content-security-policy")).toMatch(/form-action 'self' http: https: app\.example:$/);
  } finally {
    await strict.stop();
  }
});

test("markup in state, scope and name is never markup on a page", async () => {
  const nasty = `"><script>alert(1)</script>'&`;
  const html = await (await open({ state: nasty, scope: nasty })).text();
  expect(html).not.toContain("<script");
  expect(html).toContain("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;");
  const { location } = await consent(simulator, { query: { state: nasty }, user: nasty });
  expect(location.searchParams.get("state")).toBe(nasty);
  const overview = await (await fetch(`${simulator.origin}/__simulator`)).text();
  expect(overview).not.toContain("<script");
  expect(overview).toContain("&lt;script&gt;");
});

test.each([
  ["no decision", { decision: undefined }],
  ["an unknown decision", { decision: "perhaps" }],
  ["no request", { request: undefined }],
  ["a request that is no JSON", { request: "@@@" }],
  ["a request for an address that is not registered", { request: forged({ redirect_uri: "http://evil.example/" }) }],
  ["an empty name", { user: " " }],
  ["a name that is too long", { user: "x".repeat(65) }],
])("a decision is checked again: %s", async (_name, changed: Record<string, string | undefined>) => {
  const { action, fields } = readForm(await (await open()).text());
  const body = new URLSearchParams();
  const all = { ...fields, decision: "allow", ...changed };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) body.set(name, value);
  const answer = await fetch(action, { method: "POST", body, redirect: "manual" });
  expect(answer.status).toBe(400);
  expect(answer.headers.get("location")).toBeNull();
});

test("each code is another one", async () => {
  expect(await allowedCode(simulator)).not.toBe(await allowedCode(simulator));
});

function forged(changed: Record<string, string>): string {
  const request = { response_type: "code", client_id: CLIENT.clientId, redirect_uri: REDIRECT, state: "x", ...changed };
  return Buffer.from(JSON.stringify(request)).toString("base64url");
}
