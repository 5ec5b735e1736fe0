import { type Fault, type Simulator, startSimulator } from "../../../src/simulator";
import { acme } from "./acme";
import { askSleeps, CLIENT, elapsed, link, NOON, refresh, sleeps } from "./newcomer";

let simulator: Simulator;
let token: string;

beforeAll(async () => {
  simulator = await startSimulator({ provider: acme, ...CLIENT, now: () => NOON });
});
afterAll(() => simulator.stop());
beforeEach(async () => {
  simulator.reset();
  token = (await link(simulator)).access_token;
  simulator.resetCalls();
});

const ask = (query?: Record<string, string>) => askSleeps(simulator, token, query);
const statuses = async (count: number): Promise<number[]> => {
  const all: number[] = [];
  for (let index = 0; index < count; index += 1) all.push((await ask()).status);
  return all;
};
const textOf = async (fault: Fault): Promise<{ status: number; type: string | null; text: string }> => {
  simulator.faults.add(fault);
  const answer = await ask();
  return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
};
test("there are no faults unless asked", async () => {
  expect(simulator.faults.list()).toEqual([]);
  expect(await statuses(3)).toEqual([200, 200, 200]);
});

test("a fault holds for every call until it is lifted", async () => {
  const id = simulator.faults.add({ effect: "server_error", status: 503 });
  expect(await statuses(3)).toEqual([503, 503, 503]);
  expect(simulator.faults.list()).toMatchObject([{ id, met: 3 }]);
  expect(simulator.faults.remove(id)).toBe(true);
  expect(simulator.faults.remove(id)).toBe(false);
  expect(await statuses(1)).toEqual([200]);
});

test("a fault can meet the next few calls only, and let some pass first", async () => {
  simulator.faults.add({ effect: "unauthorized", skip: 2, times: 1 });
  expect(await statuses(4)).toEqual([200, 200, 401, 200]);
  expect(simulator.faults.list()).toEqual([]);
});

test.each<[string, Partial<Fault>, boolean]>([
  ["its kind", { kind: "data" }, true],
  ["another kind", { kind: "refresh" }, false],
  ["its endpoint", { endpoint: "sleeps" }, true],
  ["another endpoint", { endpoint: "naps" }, false],
  ["its path", { path: "/v1/sleeps" }, true],
  ["a pattern of its path", { path: "/v1/*" }, true],
  ["a pattern that only begins like it", { path: "/v1/s" }, false],
  ["a pattern that would match as a regular expression", { path: "/v./sleeps" }, false],
  ["another person", { vendorUserId: "someone" }, false],
])("a fault meets calls by %s", async (_name, selector, meets) => {
  simulator.faults.add({ effect: "server_error", status: 500, ...selector } as Fault);
  expect(await statuses(1)).toEqual([meets ? 500 : 200]);
});

test("a fault can concern one person", async () => {
  const alice = await link(simulator, "alice");
  simulator.faults.add({ effect: "unauthorized", vendorUserId: String(alice.user_id) });
  expect((await askSleeps(simulator, alice.access_token)).status).toBe(401);
  expect((await ask()).status).toBe(200);
  simulator.faults.clear();
  simulator.faults.add({ effect: "oauth_error", error: "invalid_grant", vendorUserId: String(alice.user_id) });
  expect((await refresh(simulator, alice.refresh_token)).body).toEqual({ error: "invalid_grant" });
});

test.each(["120", "0", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "315360000", "soon", ""])(
  "429 in the vendor's own form with Retry-After %j",
  async (retryAfter) => {
    simulator.faults.add({ effect: "rate_limited", retryAfter });
    const answer = await ask();
    expect([answer.status, answer.headers.get("retry-after"), await answer.json()]).toEqual([
      429,
      retryAfter,
      { detail: "slow down" },
    ]);
  },
);

test("a header that could not be sent is refused when the fault is added", () => {
  expect(() => simulator.faults.add({ effect: "rate_limited", retryAfter: "1\r\nx: y" })).toThrow("visible ASCII");
  expect(() => simulator.faults.add({ effect: "server_error", status: 200 })).toThrow();
  expect(simulator.faults.list()).toEqual([]);
});

test("any status, headers and body", async () => {
  const headers = { "x-reason": "test" };
  simulator.faults.add({ effect: "answer", status: 418, headers, body: { tea: true } });
  const answer = await ask();
  expect([answer.status, answer.headers.get("x-reason"), await answer.json()]).toEqual([418, "test", { tea: true }]);
});

test("waits before answering", async () => {
  simulator.faults.add({ effect: "delay", ms: 1_500, times: 1 });
  expect(await elapsed(ask)).toBeGreaterThanOrEqual(1_498);
  expect(await elapsed(ask)).toBeLessThan(1_498);
});

test("takes the request and never answers", async () => {
  simulator.faults.add({ effect: "hang" });
  const headers = { authorization: `Bearer ${token}` };
  const url = `${simulator.origin}/v1/sleeps?from=2026-11-01&to=2026-11-01`;
  await expect(fetch(url, { headers, signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
    name: "TimeoutError",
  });
  expect(simulator.calls()).toMatchObject([{ kind: "data", status: null }]);
});

test("sends the body slowly, and whole", async () => {
  const whole = await (await ask()).text();
  simulator.faults.add({ effect: "drip", bytes: Math.ceil(whole.length / 5), ms: 30 });
  let text = "";
  expect(
    await elapsed(async () => {
      text = await (await ask()).text();
    }),
  ).toBeGreaterThanOrEqual(115);
  expect(text).toBe(whole);
});

test("resets the connection in the middle of the body", async () => {
  simulator.faults.add({ effect: "reset" });
  const answer = await ask();
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow("terminated");
});

test("ends the connection without an answer", async () => {
  simulator.faults.add({ effect: "lost" });
  await expect(ask()).rejects.toThrow("fetch failed");
  expect(simulator.calls().at(-1)).toMatchObject({ status: null });
});

test("sends half of the JSON as if it were whole", async () => {
  const { status, type, text } = await textOf({ effect: "truncated" });
  expect([status, type]).toEqual([200, "application/json; charset=utf-8"]);
  expect(text.startsWith('{"items":[')).toBe(true);
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
});

test("sends HTML", async () => {
  const { status, type, text } = await textOf({ effect: "html" });
  expect([status, type]).toEqual([200, "text/html; charset=utf-8"]);
  expect(text).toContain("<!doctype html>");
});

test("sends 200 and nothing", async () => {
  expect(await textOf({ effect: "empty" })).toEqual({ status: 200, type: null, text: "" });
});

test.each<[string, unknown, string]>([
  ["", null, "null"],
  ["", [], "[]"],
  ["", "text", '"text"'],
  ["/items", { no: "array" }, '"items":{"no":"array"}'],
  ["/items/0/score", "72", '"score":"72"'],
  ["/items/0/a~1b", 1, '"a/b":1'],
])("puts a value at %j: %j", async (pointer, value, expected) => {
  const { text } = await textOf({ effect: "set", pointer, value: value as null });
  expect(text).toContain(expected);
});

test("takes a member or an element out of the body", async () => {
  expect((await textOf({ effect: "unset", pointer: "/next" })).text).not.toContain("next");
  simulator.faults.clear();
  expect(JSON.parse((await textOf({ effect: "unset", pointer: "/items/0" })).text).items).toHaveLength(4);
  simulator.faults.clear();
  const { text } = await textOf({ effect: "unset", pointer: "/no/such/place" });
  expect(JSON.parse(text).items).toHaveLength(5);
});

test("a changed body leaves the vendor's own documents as they were", async () => {
  const before = await sleeps(simulator, token);
  simulator.faults.add({
    effect: "transform",
    times: 1,
    transform: (body) => Object.assign((body as { items: object[] }).items[1] ?? {}, { score: -2 }) && body,
  });
  simulator.faults.add({ effect: "set", pointer: "/items/0/score", value: -1, times: 1 });
  expect((await sleeps(simulator, token)).items.map((item) => item.score).slice(0, 2)).toEqual([-1, -2]);
  expect(await sleeps(simulator, token)).toEqual(before);
});

test("code can change the body as it likes", async () => {
  simulator.faults.add({ effect: "transform", transform: (body, call) => ({ body, path: call.path }) });
  expect(await (await ask()).json()).toMatchObject({ path: "/v1/sleeps", body: { next: null } });
});

test("pages can be smaller than the vendor's own", async () => {
  simulator.change({ pageSize: 2 });
  const page = await sleeps(simulator, token);
  expect([page.items.length, page.next]).toEqual([2, "2"]);
});

test("401 after some pages", async () => {
  simulator.change({ pageSize: 2 });
  simulator.faults.add({ effect: "unauthorized", skip: 2, times: 1 });
  const answers = [await ask(), await ask({ cursor: "2" }), await ask({ cursor: "4" }), await ask({ cursor: "4" })];
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 401, 200]);
});

test("a repeated cursor leads to the same page again and again", async () => {
  simulator.change({ pageSize: 2 });
  simulator.faults.add({ effect: "repeated_cursor", pointer: "/next" });
  const first = await sleeps(simulator, token);
  const cursor = String(first.next);
  const second = await sleeps(simulator, token, { cursor });
  const third = await sleeps(simulator, token, { cursor });
  expect([second.next, third.next]).toEqual([cursor, cursor]);
  expect(second.items.map((item) => item.day)).toEqual(["2026-11-03", "2026-11-04"]);
  expect(third).toEqual(second);
});

test("an endless chain names a new cursor on every page and never ends, even of a single page", async () => {
  simulator.change({ pageSize: 3 });
  simulator.faults.add({ effect: "endless_cursor", pointer: "/next" });
  const cursors = new Set<string>();
  const days: string[] = [];
  let page = await sleeps(simulator, token);
  for (let round = 0; round < 5; round += 1) {
    cursors.add(String(page.next));
    days.push(page.items.map((item) => item.day.slice(8)).join());
    page = await sleeps(simulator, token, { cursor: String(page.next) });
  }
  expect(cursors.size).toBe(5);
  expect(days).toEqual(["01,02,03", "04,05", "01,02,03", "04,05", "01,02,03"]);
});

test("a client that gives up in the middle of a slow body leaves the simulator well", async () => {
  simulator.faults.add({ effect: "drip", bytes: 10, ms: 20, times: 1 });
  simulator.faults.add({ effect: "delay", ms: 60, skip: 1, times: 1 });
  const headers = { authorization: `Bearer ${token}` };
  const url = `${simulator.origin}/v1/sleeps?from=2026-11-01&to=2026-11-09`;
  for (const patience of [50, 30]) {
    const reading = fetch(url, { headers, signal: AbortSignal.timeout(patience) }).then((answer) => answer.text());
    await expect(reading).rejects.toMatchObject({ name: "TimeoutError" });
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect((await ask()).status).toBe(200);
});

test("stopping ends calls that are kept waiting", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const other = await startSimulator({ provider: acme, ...CLIENT });
  const { access_token } = await link(other);
  const before = timers();
  other.faults.add({ effect: "hang", times: 1 });
  other.faults.add({ effect: "delay", ms: 60_000, skip: 1 });
  const waiting = [askSleeps(other, access_token), askSleeps(other, access_token)];
  const ended = Promise.allSettled(waiting);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await elapsed(() => other.stop())).toBeLessThan(20_000);
  expect((await ended).map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  expect(other.calls().map((call) => call.status)).toEqual([200, 303, 200, null, null]);
  expect(timers()).toBeLessThanOrEqual(before);
});
