import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Provider } from "../../../providers/contract/provider";
import { type Simulator, startSimulator } from "../../../src/simulator";
import { acmeWith } from "./acme";
import { askSleeps, CLIENT, link, NOON } from "./newcomer";

const base = acmeWith({
  revocation: {
    url: "https://api.acme.example/v1/users/{vendorUserId}",
    method: "DELETE",
    token: "access",
    tokenIn: "bearer",
  },
  refresh: "none",
});
/** The made-up vendor, which gives no data of people who were not registered, and numbers its people. */
const registrar: Provider = {
  ...base,
  afterLink: (vendorUserId) => ({ method: "POST", path: "/v1/users", json: { member: vendorUserId } }),
  synthetic: {
    ...base.synthetic,
    vendorUserId: (seed) => String(seed),
    answer: (request) =>
      request.registered === false && request.path === "/v1/sleeps"
        ? { status: 403, body: { detail: "register first" } }
        : base.synthetic.answer(request),
  },
};

let simulator: Simulator;
const begin = async (options: { provider?: Provider; stateFile?: string } = {}) => {
  simulator = await startSimulator({ provider: registrar, ...CLIENT, now: () => NOON, ...options });
};
beforeEach(() => begin());
afterEach(() => simulator.stop());

function register(token: string, path = "/v1/users"): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return fetch(`${simulator.origin}${path}`, { method: "POST", headers, body: JSON.stringify({ member: "me" }) });
}

function deregister(token: string, user = "demo"): Promise<Response> {
  const url = simulator.revokeUrl?.replace("{vendorUserId}", simulator.people.person(user).vendorUserId) ?? "";
  return fetch(url, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
}

test("data are refused in the vendor's form until the person is registered, once", async () => {
  const { access_token: token } = await link(simulator);
  const before = await askSleeps(simulator, token);
  expect([before.status, await before.json()]).toEqual([403, { detail: "register first" }]);
  expect((await register(token)).status).toBe(201);
  expect((await askSleeps(simulator, token)).status).toBe(200);
  expect((await register(token)).status).toBe(409);
  expect((await askSleeps(simulator, token)).status).toBe(200);
});

test("only an authorised call at the vendor's own path registers, and only the person whose token it is", async () => {
  const [mine, theirs] = [await link(simulator), await link(simulator, "other")];
  expect((await register("no token")).status).toBe(401);
  expect((await register(mine.access_token, "/v1/user")).status).toBe(404);
  const headers = { authorization: `Bearer ${mine.access_token}` };
  expect((await fetch(`${simulator.origin}/v1/users`, { headers })).status).toBe(404);
  expect((await askSleeps(simulator, mine.access_token)).status).toBe(403);
  await register(mine.access_token);
  expect((await askSleeps(simulator, mine.access_token)).status).toBe(200);
  expect((await askSleeps(simulator, theirs.access_token)).status).toBe(403);
});

test("where the vendor answers registrations itself, only one that succeeds counts", async () => {
  await simulator.stop();
  let refuses = true;
  const answer: Provider["synthetic"]["answer"] = (request) => {
    if (request.path !== "/v1/users") return registrar.synthetic.answer(request);
    if (refuses) return { status: 403, body: { detail: "consents" } };
    return request.registered ? { status: 409, body: undefined } : { status: 200, body: request.form };
  };
  await begin({ provider: { ...registrar, synthetic: { ...registrar.synthetic, answer } } });
  const { access_token: token } = await link(simulator);
  expect((await register(token)).status).toBe(403);
  expect((await askSleeps(simulator, token)).status).toBe(403);
  refuses = false;
  const registered = await register(token);
  expect([registered.status, await registered.json()]).toEqual([200, { member: "me" }]);
  expect((await askSleeps(simulator, token)).status).toBe(200);
  expect((await register(token)).status).toBe(409);
});

test("deleting the user revokes the token and ends the registration", async () => {
  const { access_token: token } = await link(simulator);
  await register(token);
  expect((await deregister(token)).status).toBe(204);
  expect((await askSleeps(simulator, token)).status).toBe(401);
  expect((await deregister(token)).status).toBe(401);
  expect(simulator.calls().at(-1)).toMatchObject({ kind: "revoke", method: "DELETE" });
  const again = await link(simulator);
  expect((await askSleeps(simulator, again.access_token)).status).toBe(403);
  expect((await register(again.access_token)).status).toBe(201);
});

test("nobody deletes another user", async () => {
  const [mine, theirs] = [await link(simulator), await link(simulator, "other")];
  await register(theirs.access_token);
  expect((await deregister(mine.access_token, "other")).status).toBe(403);
  expect((await askSleeps(simulator, theirs.access_token)).status).toBe(200);
  expect((await deregister("unknown", "other")).status).toBe(401);
});

test("withdrawing access ends the registration", async () => {
  await register((await link(simulator)).access_token);
  simulator.withdraw("demo");
  expect((await askSleeps(simulator, (await link(simulator)).access_token)).status).toBe(403);
});

test("people have ids in the vendor's own form, the same in calls, tokens and addresses", async () => {
  const tokens = await link(simulator);
  await register(tokens.access_token);
  expect(tokens.user_id).toMatch(/^\d{1,10}$/);
  expect(simulator.calls().at(-1)?.vendorUserId).toBe(tokens.user_id);
  expect(simulator.revokeUrl).toBe(`${simulator.origin}/v1/users/{vendorUserId}`);
});

test("a vendor that wants no registration has none", async () => {
  await simulator.stop();
  const { afterLink: _, ...open } = registrar;
  await begin({ provider: open });
  const { access_token: token } = await link(simulator);
  expect((await askSleeps(simulator, token)).status).toBe(200);
  expect((await register(token)).status).toBe(404);
});

test("registrations outlast a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "simulator-"));
  try {
    await simulator.stop();
    const stateFile = join(folder, "state.json");
    await begin({ stateFile });
    const { access_token: token } = await link(simulator);
    await register(token);
    await simulator.stop();
    await begin({ stateFile });
    expect((await askSleeps(simulator, token)).status).toBe(200);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
