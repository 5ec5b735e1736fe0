import { type Simulator, startSimulator } from "../../../src/simulator";
import { acme } from "./acme";
import { allowedCode, CLIENT, consent, elapsed, exchange, link, NOON, refresh } from "./newcomer";

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator({ provider: acme, ...CLIENT, now: () => NOON });
});
afterAll(() => simulator.stop());
beforeEach(() => simulator.reset());

test("the token endpoint refuses, fails and waits on demand; a refused code and token stay good", async () => {
  const code = await allowedCode(simulator);
  simulator.faults.add({ kind: "token", effect: "oauth_error", error: "invalid_grant", times: 1 });
  expect((await exchange(simulator, code)).body).toEqual({ error: "invalid_grant" });
  const { body } = await exchange(simulator, code);
  simulator.faults.add({ kind: "refresh", effect: "server_error", status: 500, times: 1 });
  expect((await refresh(simulator, body.refresh_token)).status).toBe(500);
  simulator.faults.add({ kind: "refresh", effect: "delay", ms: 120, times: 1 });
  expect(
    await elapsed(async () => expect((await refresh(simulator, body.refresh_token)).status).toBe(200)),
  ).toBeGreaterThan(118);
});

test("an answer lost after the refresh was done: the token is spent all the same", async () => {
  const { refresh_token } = await link(simulator);
  const before = simulator.killedGrants().length;
  simulator.faults.add({ kind: "refresh", effect: "lost", times: 1 });
  await expect(refresh(simulator, refresh_token)).rejects.toThrow("fetch failed");
  expect((await refresh(simulator, refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  expect(simulator.killedGrants()).toHaveLength(before + 1);
});

test("with workFirst the refresh is done before the wait", async () => {
  const { refresh_token } = await link(simulator);
  simulator.faults.add({ kind: "refresh", effect: "delay", ms: 200, workFirst: true, times: 1 });
  const slow = refresh(simulator, refresh_token);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await refresh(simulator, refresh_token)).body).toMatchObject({ error: "invalid_grant" });
  expect((await slow).status).toBe(200);
});

test("a client that gives up waiting does not undo the refresh", async () => {
  const { refresh_token } = await link(simulator);
  simulator.faults.add({ kind: "refresh", effect: "delay", ms: 120, times: 1 });
  const fields = { grant_type: "refresh_token", refresh_token, client_id: CLIENT.clientId };
  const body = new URLSearchParams({ ...fields, client_secret: CLIENT.clientSecret });
  const signal = AbortSignal.timeout(40);
  await expect(fetch(simulator.tokenUrl, { method: "POST", body, signal })).rejects.toMatchObject({
    name: "TimeoutError",
  });
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect((await refresh(simulator, refresh_token)).body).toMatchObject({ error: "invalid_grant" });
});

test("token answers can lack or bend their fields", async () => {
  simulator.faults.add({ kind: "token", effect: "unset", pointer: "/refresh_token" });
  simulator.faults.add({ kind: "token", effect: "set", pointer: "/expires_in", value: "3600" });
  const { body } = await exchange(simulator, await allowedCode(simulator));
  expect(body).not.toHaveProperty("refresh_token");
  expect(body.expires_in).toBe("3600");
});

test("the consent page can fail too", async () => {
  simulator.faults.add({ kind: "consent", effect: "server_error", status: 502, times: 1 });
  expect((await consent(simulator)).status).toBe(502);
});
