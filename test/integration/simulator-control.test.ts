import { request as httpRequest } from "node:http";
import { type Simulator, startSimulator } from "../../src/simulator";
import { acme } from "../unit/simulator/acme";
import { askSleeps, CLIENT, link, NOON, readForm, refresh, sleeps } from "../unit/simulator/newcomer";

let simulator: Simulator;
const lines: string[] = [];
const note = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
const log = { debug: note, info: note, error: note };

beforeAll(async () => {
  simulator = await startSimulator({ provider: acme, ...CLIENT, now: () => NOON, log });
});
afterAll(() => simulator.stop());
beforeEach(() => simulator.reset());

/** Sends JSON to a control endpoint, as curl would; answers status and JSON (null where there is no body). */
async function control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const json = { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await fetch(`${simulator.origin}/__simulator${path}`, { method, ...(body === undefined ? {} : json) });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
}

test("the overview shows endpoints, people, calls and a form for a new night", async () => {
  await link(simulator, "alice");
  simulator.faults.add({ effect: "hang", path: "/nowhere" });
  const answer = await fetch(`${simulator.origin}/__simulator`);
  const html = await answer.text();
  expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  for (const text of ["GET /v1/sleeps", "<td>alice</td>", "<td>consent</td><td>1</td>", "/nowhere"])
    expect(html).toContain(text);
  expect(readForm(html)).toMatchObject({ method: "post", action: "/__simulator/new-night" });
});

test("the overview's form adds today's data and comes back", async () => {
  const { access_token } = await link(simulator, "alice");
  const body = new URLSearchParams({ user: "alice" });
  const headers = { origin: simulator.origin };
  const url = `${simulator.origin}/__simulator/new-night`;
  const answer = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/__simulator"]);
  const { lastDay } = simulator.people.person("alice");
  expect((await sleeps(simulator, access_token, { from: lastDay, to: lastDay })).items).toHaveLength(1);
});

test("a new night by JSON is for everybody, or for one", async () => {
  await link(simulator, "alice");
  await link(simulator, "bob");
  expect((await control("POST", "/new-night")).body).toMatchObject({
    days: expect.arrayContaining([{ user: "bob", day: expect.any(String) }]),
  });
  expect((await control("POST", "/new-night", { user: "carol" })).body).toMatchObject({ days: [{ user: "carol" }] });
  expect((await control("GET", "/people")).body).toMatchObject({
    people: expect.arrayContaining([expect.objectContaining({ user: "carol" })]),
  });
});

test("calls can be read and forgotten, control calls are not among them", async () => {
  const { access_token } = await link(simulator);
  await askSleeps(simulator, access_token);
  const { body } = await control("GET", "/calls");
  expect(body).toMatchObject({
    counts: { authorize: 1, consent: 1, token: 1, refresh: 0, revoke: 0, data: 1 },
    calls: [{ kind: "authorize" }, { kind: "consent" }, { kind: "token" }, { kind: "data", endpoint: "sleeps" }],
  });
  expect((await control("DELETE", "/calls")).status).toBe(204);
  expect((await control("GET", "/calls")).body).toMatchObject({ counts: { data: 0 }, calls: [] });
});

test("faults can be added, listed and lifted", async () => {
  const { access_token } = await link(simulator);
  const fault = { effect: "rate_limited", retryAfter: "7", kind: "data", times: 5 };
  const added = await control("POST", "/faults", fault);
  expect(added.status).toBe(201);
  expect((await askSleeps(simulator, access_token)).headers.get("retry-after")).toBe("7");
  const { id } = added.body as { id: number };
  expect((await control("GET", "/faults")).body).toEqual({ faults: [{ id, fault, met: 1 }] });
  expect((await control("DELETE", `/faults/${id}`)).status).toBe(204);
  expect((await control("DELETE", `/faults/${id}`)).status).toBe(404);
  await control("POST", "/faults", fault);
  expect((await control("DELETE", "/faults")).status).toBe(204);
  expect((await askSleeps(simulator, access_token)).status).toBe(200);
});

test.each([
  ["an unknown effect", "/faults", { effect: "explode" }],
  ["code by HTTP", "/faults", { effect: "transform", transform: "x" }],
  ["a misspelt member", "/faults", { effect: "hang", time: 1 }],
  ["no pointer", "/faults", { effect: "set", pointer: "items", value: 1 }],
  ["no body", "/faults", undefined],
  ["an unknown setting", "/settings", { pages: 1 }],
  ["a page of nothing", "/settings", { pageSize: 0 }],
  ["an impossible day", "/revise", { endpoint: "sleeps", day: "2026-02-30" }],
  ["an unknown endpoint", "/delete", { endpoint: "naps", day: "2026-02-03" }],
  ["nobody", "/withdraw", {}],
])("a malformed order is answered with 400 and what was expected: %s", async (_name, path, body) => {
  const answer = await control("POST", path, body);
  expect(answer.status).toBe(400);
  expect((answer.body as { error: string }).error).toMatch(/expected|invalid|unrecognized/i);
});

test("JSON that is sent as a form is refused with what to do", async () => {
  const url = `${simulator.origin}/__simulator/faults`;
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams('{"effect":"hang"}') });
  expect([answer.status, await answer.json()]).toEqual([
    415,
    { error: "expected content-type: application/json (curl: --json)" },
  ]);
});

test("JSON that is none is refused", async () => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${simulator.origin}/__simulator/faults`, { method: "POST", body: "{", headers });
  expect([answer.status, await answer.json()]).toEqual([400, { error: "bad_request" }]);
});

test("settings can be read and changed in part", async () => {
  const before = (await control("GET", "/settings")).body;
  const settings = { ...Object(before), pageSize: 2, accessTokenSeconds: 5, withheldScopes: ["profile"] };
  await control("POST", "/settings", { pageSize: 2 });
  expect((await control("POST", "/settings", { accessTokenSeconds: 5, withheldScopes: ["profile"] })).body).toEqual(
    settings,
  );
  expect((await control("GET", "/settings")).body).toEqual(settings);
  expect(await link(simulator)).toMatchObject({ expires_in: 5, scope: "ext:sleep" });
});

test("documents can be revised, deleted and restored", async () => {
  const { access_token } = await link(simulator);
  const before = await sleeps(simulator, access_token);
  const change = { endpoint: "sleeps", day: "2026-11-02" };
  expect((await control("POST", "/revise", change)).body).toEqual({ revision: 1 });
  await control("POST", "/delete", { ...change, day: "2026-11-01", index: 0 });
  const changed = await sleeps(simulator, access_token);
  expect(changed.items.map((item) => [item.day, item.revision])[0]).toEqual(["2026-11-02", 1]);
  expect((await control("POST", "/restore")).status).toBe(204);
  expect(await sleeps(simulator, access_token)).toEqual(before);
});

test("access can be withdrawn, and killed grants are told without their ids", async () => {
  const alice = await link(simulator, "alice");
  expect((await control("POST", "/withdraw", { user: "nobody" })).body).toEqual({ revoked: 0 });
  const { body } = await control("POST", "/withdraw", { user: "alice" });
  expect((body as { revoked: number }).revoked).toBeGreaterThanOrEqual(1);
  expect((await askSleeps(simulator, alice.access_token)).status).toBe(401);
  const bob = await link(simulator, "bob");
  await refresh(simulator, bob.refresh_token);
  await refresh(simulator, bob.refresh_token);
  const killed = { user: "bob", reason: "refresh_token_reused", at: NOON };
  expect((await control("GET", "/killed-grants")).body).toEqual({ killedGrants: [killed] });
});

test("pages of other origins and names that only resolve to this machine may not steer it", async () => {
  const attempt = (headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(`${simulator.origin}/__simulator/faults`, { method: "DELETE", headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.on("error", reject).end();
    });
  const port = new URL(simulator.origin).port;
  simulator.faults.add({ effect: "hang", path: "/nowhere" });
  expect(await attempt({ origin: "http://evil.example" })).toBe(403);
  expect(await attempt({ origin: "null" })).toBe(403);
  expect(await attempt({ host: `evil.example:${port}` })).toBe(403);
  expect(await attempt({ host: "127.0.0.1.evil.example" })).toBe(403);
  expect(simulator.faults.list()).toHaveLength(1);
  expect(await attempt({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(204);
});

test("an unknown control path is no data path", async () => {
  expect((await control("GET", "/nothing")).status).toBe(404);
  expect(simulator.calls()).toEqual([]);
});

test("the log holds kinds and statuses, no token, no name, no query", async () => {
  lines.length = 0;
  const tokens = await link(simulator, "canary-name");
  await askSleeps(simulator, tokens.access_token, { from: "2026-11-03" });
  expect(lines.map((line) => JSON.parse(line))).toContainEqual({
    kind: "data",
    endpoint: "sleeps",
    status: 200,
    message: "simulated call",
  });
  const all = lines.join("\n");
  for (const secret of [tokens.access_token, tokens.refresh_token, "canary-name", "2026-11-03", CLIENT.clientSecret])
    expect(all).not.toContain(secret);
});
