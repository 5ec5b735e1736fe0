import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { civilDay } from "../../../src/domain/days";
import { type Simulator, startSimulator } from "../../../src/simulator";
import { acme } from "./acme";
import { askSleeps, CLIENT, link, NOON, refresh, type Sleep, sleeps } from "./newcomer";

const running: Simulator[] = [];
let now = NOON;

const start = async (options: Partial<Parameters<typeof startSimulator>[0]> = {}): Promise<Simulator> => {
  const simulator = await startSimulator({ provider: acme, ...CLIENT, now: () => now, ...options });
  running.push(simulator);
  return simulator;
};
beforeEach(() => {
  now = NOON;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
});

async function allSleeps(simulator: Simulator, token: string, range: Record<string, string>): Promise<Sleep[]> {
  const items: Sleep[] = [];
  for (let cursor: string | null = "0"; cursor !== null; ) {
    const page = await sleeps(simulator, token, { ...range, cursor });
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
}

test("a person has 400 days up to yesterday, none of today", async () => {
  const simulator = await start();
  const { access_token } = await link(simulator);
  const { firstDay, lastDay } = simulator.people.person("demo");
  const all = await allSleeps(simulator, access_token, { from: "2020-01-01", to: "2030-01-01" });
  expect(all).toHaveLength(400);
  expect([all[0]?.day, all.at(-1)?.day]).toEqual([firstDay, lastDay]);
  expect(lastDay).toBe("2026-11-19");
  expect(firstDay).toBe("2025-10-16");
});

test("the same seed gives the same people and documents, another seed others", async () => {
  const answers = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const simulator = await start({ seed });
      const tokens = await link(simulator);
      return { user: tokens.user_id, page: await sleeps(simulator, tokens.access_token) };
    }),
  );
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]?.user).not.toBe(answers[0]?.user);
  expect(answers[2]?.page.items.map((item) => item.score)).not.toEqual(
    answers[0]?.page.items.map((item) => item.score),
  );
});

test("each name is a person of their own, the same one at every sign-in", async () => {
  const simulator = await start();
  const [alice, bob, again] = [
    await link(simulator, "alice"),
    await link(simulator, "bob"),
    await link(simulator, "alice"),
  ];
  expect(again.user_id).toBe(alice.user_id);
  expect(bob.user_id).not.toBe(alice.user_id);
  const [hers, his] = [await sleeps(simulator, alice.access_token), await sleeps(simulator, bob.access_token)];
  expect(hers.items.map((item) => item.id)).not.toEqual(his.items.map((item) => item.id));
});

test("two simulators in one process know nothing of each other", async () => {
  const [one, two] = [await start(), await start()];
  const { access_token } = await link(one);
  expect((await askSleeps(two, access_token)).status).toBe(401);
  expect(two.calls().map((call) => call.status)).toEqual([401]);
  expect(one.calls().filter((call) => call.kind === "data")).toEqual([]);
});

test.each([
  ["no token", {}],
  ["an unknown token", { authorization: "Bearer unknown" }],
  ["two tokens", { authorization: "Bearer a b" }],
  ["another scheme", { authorization: "Basic YTpi" }],
])("answers in the vendor's own 401: %s", async (_name, headers: Record<string, string>) => {
  const simulator = await start();
  const answer = await fetch(`${simulator.origin}/v1/sleeps?from=2026-11-01&to=2026-11-02`, { headers });
  expect([answer.status, await answer.json()]).toEqual([401, { detail: "token refused" }]);
});

test("a path that the vendor does not have is 404, its own refusals pass", async () => {
  const simulator = await start();
  const { access_token } = await link(simulator);
  const headers = { authorization: `Bearer ${access_token}` };
  expect((await fetch(`${simulator.origin}/v1/nothing`, { headers })).status).toBe(404);
  expect((await askSleeps(simulator, access_token, { from: "yesterday" })).status).toBe(422);
  simulator.change({ withheldScopes: ["sleep"] });
  expect((await askSleeps(simulator, (await link(simulator)).access_token)).status).toBe(403);
});

test("an error in a vendor's synthetic part is a 500 that is told without what it quotes", async () => {
  const lines: string[] = [];
  const note = (fields: object) => void lines.push(JSON.stringify(fields));
  const answer = () => {
    throw new TypeError("quotes a document");
  };
  const provider = { ...acme, synthetic: { ...acme.synthetic, answer } };
  const simulator = await start({ provider, log: { debug: note, info: note, error: note } });
  const response = await askSleeps(simulator, (await link(simulator)).access_token);
  expect([response.status, await response.json()]).toEqual([500, { error: "simulator_error" }]);
  expect(simulator.calls().at(-1)).toMatchObject({ kind: "data", status: 500 });
  expect(lines.at(-1)).toMatch(/^\{"error":"TypeError","at":\["at /);
  expect(lines.join()).not.toContain("quotes a document");
});

test("method, query and form reach the vendor's habits", async () => {
  const simulator = await start();
  const headers = { authorization: `Bearer ${(await link(simulator)).access_token}` };
  const body = new URLSearchParams({ action: "list" });
  const answer = await fetch(`${simulator.origin}/v1/echo?a=1&a=2&b=`, { method: "POST", headers, body });
  expect(await answer.json()).toEqual({ method: "POST", query: { a: "1", b: "" }, form: { action: "list" } });
});

test("every call is told: what, when, of whom, with what outcome", async () => {
  const simulator = await start();
  const tokens = await link(simulator, "alice");
  await refresh(simulator, tokens.refresh_token);
  await askSleeps(simulator, tokens.access_token, { from: "2026-11-01", to: "2026-11-01" });
  const vendorUserId = tokens.user_id;
  expect(simulator.calls().map((call) => [call.kind, call.status])).toEqual([
    ["authorize", 200],
    ["consent", 303],
    ["token", 200],
    ["refresh", 200],
    ["data", 200],
  ]);
  expect(simulator.calls().at(-1)).toEqual({
    method: "GET",
    path: "/v1/sleeps",
    kind: "data",
    endpoint: "sleeps",
    query: { from: "2026-11-01", to: "2026-11-01" },
    at: NOON,
    status: 200,
    vendorUserId,
  });
  expect(
    simulator
      .calls()
      .filter((call) => call.vendorUserId === vendorUserId)
      .map((call) => call.kind),
  ).toEqual(["consent", "refresh", "data"]);
  simulator.resetCalls();
  expect(simulator.calls()).toEqual([]);
});

test("a new night adds today, and the next day it is one of the past", async () => {
  const simulator = await start();
  const { access_token } = await link(simulator);
  const today = { from: "2026-11-20", to: "2026-11-21" };
  expect((await sleeps(simulator, access_token, today)).items).toEqual([]);
  expect(simulator.people.newNight("demo")).toBe("2026-11-20");
  expect((await sleeps(simulator, access_token, today)).items.map((item) => item.day)).toEqual(["2026-11-20"]);
  now += 86_400;
  const later = (await refresh(simulator, (await link(simulator)).refresh_token)).body.access_token;
  expect((await sleeps(simulator, later, today)).items.map((item) => item.day)).toEqual(["2026-11-20"]);
  now += 2 * 86_400;
  expect(simulator.people.person("demo").lastDay).toBe("2026-11-22");
});

test("a late revision changes the documents of one day, for everybody or for one", async () => {
  const simulator = await start();
  const [alice, bob] = [await link(simulator, "alice"), await link(simulator, "bob")];
  const day = civilDay("2026-11-03");
  const revisions = async (token: string) => (await sleeps(simulator, token)).items.map((item) => item.revision);
  expect(simulator.people.revise({ endpoint: "sleeps", day })).toBe(1);
  simulator.people.revise({ endpoint: "sleeps", day, user: "alice" });
  expect(await revisions(alice.access_token)).toEqual([0, 0, 2, 0, 0]);
  expect(await revisions(bob.access_token)).toEqual([0, 0, 1, 0, 0]);
  simulator.people.reset();
  expect(await revisions(alice.access_token)).toEqual([0, 0, 0, 0, 0]);
});

test("a deleted document is gone, for everybody or for one", async () => {
  const simulator = await start();
  const [alice, bob] = [await link(simulator, "alice"), await link(simulator, "bob")];
  const days = async (token: string) => (await sleeps(simulator, token)).items.map((item) => item.day.slice(8));
  simulator.people.remove({ endpoint: "sleeps", day: civilDay("2026-11-02") });
  simulator.people.remove({ endpoint: "sleeps", day: civilDay("2026-11-04"), user: "bob", index: 0 });
  simulator.people.remove({ endpoint: "sleeps", day: civilDay("2026-11-05"), index: 1 });
  expect(await days(alice.access_token)).toEqual(["01", "03", "04", "05"]);
  expect(await days(bob.access_token)).toEqual(["01", "03", "05"]);
});

test("a change to an endpoint that does not exist is an error", async () => {
  const simulator = await start();
  expect(() => simulator.people.revise({ endpoint: "naps", day: civilDay("2026-11-02") })).toThrow("sleeps");
});

test("with a state file, linked accounts and spent tokens outlive a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "simulator-"));
  const stateFile = join(folder, "deep", "acme.json");
  try {
    const before = await start({ stateFile });
    const first = await link(before, "alice");
    const second = (await refresh(before, first.refresh_token)).body;
    await before.stop();
    const after = await start({ stateFile });
    expect(after.people.names()).toEqual(["alice"]);
    expect((await askSleeps(after, second.access_token)).status).toBe(200);
    expect((await refresh(after, first.refresh_token)).body).toMatchObject({ error: "invalid_grant" });
    expect((await askSleeps(after, second.access_token)).status).toBe(401);
    expect(JSON.parse(readFileSync(stateFile, "utf8")).grants).toMatchObject([{ user: "alice", revoked: true }]);
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    writeFileSync(stateFile, "{}");
    await expect(start({ stateFile })).rejects.toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
