import { gzipSync } from "node:zlib";
import { addDays, daysOf } from "../../src/domain/days";
import type { Behaviour, Call } from "../support/reading-vendor";
import {
  allMetrics,
  around,
  codes,
  type Gateway,
  question,
  type Someone,
  TODAY,
  told,
  World,
} from "../support/reading-world";

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterEach(() => world.reset());
afterAll(() => world.close());

const WEEK = around(-6, 0);
const json = (value: unknown): Behaviour => ({ body: JSON.stringify(value) });

/** What the database holds of a person. */
async function kept(someone: Someone): Promise<Record<string, number>> {
  const [row] = await world.rows<Record<string, number>>(
    `SELECT (SELECT count(*)::int FROM records WHERE person_id = $1 AND body IS NOT NULL) AS records,
      (SELECT count(*)::int FROM raw_documents WHERE person_id = $1) AS raw,
      (SELECT count(*)::int FROM coverage_days WHERE person_id = $1) + (SELECT count(*)::int FROM coverage_settled WHERE person_id = $1) AS coverage,
      (SELECT count(*)::int FROM set_aside_documents WHERE person_id = $1) AS unread`,
    [someone.person.id],
  );
  return row!;
}

async function wholeAgain(gateway: Gateway, someone: Someone): Promise<void> {
  world.vendor.script = () => undefined;
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect(Object.values(told(answer!))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(codes(answer!)).toEqual([]);
}

const onLaterPages = (behaviour: Behaviour) => (call: Call) => (call.cursor === null ? undefined : behaviour);
const looping = (nextOf: (call: Call) => string) => (call: Call) =>
  json({ ...world.vendor.page(call), next: nextOf(call) });
const INVALID = "PROVIDER_RESPONSE_INVALID";
const UNAVAILABLE = "PROVIDER_UNAVAILABLE";

test.each<{
  name: string;
  code: string;
  script: (call: Call) => Behaviour | undefined;
  calls?: number;
  unread?: number;
}>([
  { name: "500 for ever", code: UNAVAILABLE, script: onLaterPages({ status: 500, body: "{}" }), calls: 3 },
  { name: "a reset", code: UNAVAILABLE, script: onLaterPages("reset"), calls: 3 },
  { name: "a body cut off", code: UNAVAILABLE, script: onLaterPages("cut"), calls: 3 },
  { name: "truncated JSON", code: INVALID, script: onLaterPages({ body: '{"items":[{"id":"x","da' }), unread: 1 },
  { name: "HTML", code: INVALID, script: onLaterPages({ body: "<html><body>sorry</body></html>" }), unread: 1 },
  { name: "null", code: INVALID, script: onLaterPages(json(null)), unread: 1 },
  { name: "a list for an object", code: INVALID, script: onLaterPages(json([])), unread: 1 },
  { name: "a number for the list", code: INVALID, script: onLaterPages(json({ items: 5, next: null })), unread: 1 },
  { name: "an empty 200", code: INVALID, script: onLaterPages({ body: "" }), unread: 1 },
  {
    name: "a redirect",
    code: INVALID,
    script: onLaterPages({ status: 302, headers: { location: "http://127.0.0.1:1/" }, body: "" }),
  },
  { name: "404", code: INVALID, script: onLaterPages({ status: 404, body: "{}" }) },
  { name: "10 MB and more", code: INVALID, script: onLaterPages({ body: `"${"x".repeat(10 * 1024 * 1024)}"` }) },
  { name: "a cursor that repeats", code: INVALID, script: looping(() => "3"), calls: 2 },
  { name: "cursors A, B, A", code: INVALID, script: looping(({ cursor }) => (cursor === "3" ? "6" : "3")), calls: 3 },
])(
  "$name on a further page: nothing is kept of it, the days are ERROR, and the next good read is whole",
  async ({ code, script, calls, unread }) => {
    const someone = await world.someone();
    someone.data.fill(daysOf(WEEK));
    const gateway = await world.gateway();
    world.vendor.pageSize = 3;
    world.vendor.script = script;
    const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
    expect(new Set(Object.values(told(answer!)))).toEqual(new Set(["ERROR"]));
    expect(codes(answer!)).toEqual([code]);
    expect(world.vendor.calls).toHaveLength(calls ?? 2);
    expect(await kept(someone)).toEqual({ records: 0, raw: 0, coverage: 0, unread: unread ?? 0 });
    await wholeAgain(gateway, someone);
  },
);

test("a chain of pages without end is given up after 1,000, and nothing of it is kept", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  world.vendor.script = looping(({ cursor }) => String(Number(cursor ?? "0") + 100));
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect(codes(answer!)).toEqual([INVALID]);
  expect(world.vendor.calls).toHaveLength(1_000);
  expect(await kept(someone)).toMatchObject({ records: 0, coverage: 0 });
  await wholeAgain(gateway, someone);
});

test("what could not be read is kept sealed for seven days, and the log of faults quotes none of it", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  world.vendor.script = () => ({ body: '{"items": "canary-of-a-body"' });
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect(JSON.stringify(answer)).not.toContain("canary");
  const [row] = await world.rows<{ sealed_body: Buffer; days: number }>(
    "SELECT sealed_body, extract(epoch FROM expires_at - seen_at)::int / 86400 AS days FROM set_aside_documents WHERE person_id = $1",
    [someone.person.id],
  );
  expect(row!.days).toBe(7);
  expect(row!.sealed_body.toString("latin1")).not.toContain("canary");
});

test("a passing fault is overcome by asking once more", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  world.vendor.script = () => (world.vendor.calls.length === 1 ? { status: 503, body: "" } : undefined);
  await expectWhole(gateway, someone);
  expect(world.vendor.calls).toHaveLength(2);
});

async function expectWhole(gateway: Gateway, someone: Someone): Promise<void> {
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect(Object.values(told(answer!))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(codes(answer!)).toEqual([]);
}

test("a compressed answer is read", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  world.vendor.script = (call) => ({
    headers: { "content-encoding": "gzip" },
    body: gzipSync(JSON.stringify(world.vendor.page(call))),
  });
  await expectWhole(gateway, someone);
});

test("401 in the middle of paging: one refusal, the same page again, no row twice", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  world.vendor.pageSize = 3;
  const gateway = await world.gateway();
  const before = world.tokens.refusals.length;
  world.vendor.script = ({ token, cursor }) =>
    cursor === "3" && token.endsWith(".1") ? { status: 401, body: "{}" } : undefined;
  await expectWhole(gateway, someone);
  expect(world.vendor.calls.map(({ cursor }) => cursor)).toEqual([null, "3", "3", "6"]);
  expect(world.tokens.refusals.slice(before)).toEqual([1]);
  expect(await kept(someone)).toMatchObject({ records: 7, raw: 7 });
});

test("401 for ever: one refusal a fetch, then RECONNECT_REQUIRED; what is known is answered as stale", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", around(-6, -1)));
  world.vendor.calls.length = 0;
  world.vendor.script = () => ({ status: 401, body: "{}" });
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
  expect(world.vendor.calls).toHaveLength(2);
  expect(codes(answer!)).toEqual(["RECONNECT_REQUIRED", "STALE_DATA"]);
  expect(Object.values(told(answer!))).toEqual([1, 2, 3, 4, 5, 6, "ERROR"]);
});

test("403: the scope is lacking after all", async () => {
  const someone = await world.someone();
  const gateway = await world.gateway();
  world.vendor.script = () => ({ status: 403, body: "{}" });
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK));
  expect([codes(answer!), new Set(Object.values(told(answer!)))]).toEqual([
    ["SCOPE_NOT_GRANTED"],
    new Set(["SCOPE_NOT_GRANTED"]),
  ]);
});

test("a grant that is refused: the known days, and what is missing says why", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", around(-6, -1)));
  await world.change(someone, "UPDATE accounts SET status = 'RECONNECT_REQUIRED' WHERE id = $1", [someone.accountId]);
  world.vendor.calls.length = 0;
  const [answer] = await (await world.gateway()).ask(someone, question("ACTIVITY", WEEK));
  expect([codes(answer!), Object.values(told(answer!)).at(-1), world.vendor.calls]).toEqual([
    ["RECONNECT_REQUIRED"],
    "ERROR",
    [],
  ]);
});

test("one endpoint dead: the metrics of the others are whole", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  world.vendor.script = ({ endpoint }) => (endpoint === "readiness" ? { status: 500, body: "" } : undefined);
  const answers = await gateway.ask(someone, ...allMetrics(WEEK));
  expect(answers.map((answer) => [answer.nodes.length, codes(answer)])).toEqual([
    [7, []],
    [0, [UNAVAILABLE]],
    [7, []],
    [7, []],
  ]);
});

test("one bad document among 500 is set aside; 499 stand, its day is ERROR, and a good revision heals it", async () => {
  const someone = await world.someone();
  const range = around(-40, -1);
  const [bad, last] = [addDays(TODAY, -20), addDays(TODAY, -1)];
  someone.data.fill(daysOf(range));
  for (let extra = 0; extra < 460; extra++) {
    someone.data.put("activity", { id: `more-${extra}`, day: last, value: extra });
  }
  someone.data.put("activity", { id: `activity-${bad}`, day: bad, value: "much" });
  const gateway = await world.gateway();
  const [answer] = await gateway.ask(someone, question("ACTIVITY", range));
  expect([answer!.nodes.length, codes(answer!), told(answer!)[bad]]).toEqual([39, [INVALID], "ERROR"]);
  expect(await kept(someone)).toMatchObject({ records: 499, unread: 1 });
  const [again] = await gateway.ask(someone, question("ACTIVITY", range));
  expect(told(again!)[bad]).toBe("ERROR");
  someone.data.put("activity", { id: `activity-${bad}`, day: bad, value: 77 });
  const [healed] = await gateway.ask(someone, question("ACTIVITY", range, { maxAgeSeconds: 0 }));
  expect([codes(healed!), told(healed!)[bad]]).toEqual([[], 77]);
});

test("a bad document beside a good one of its day: the day is answered with an issue", async () => {
  const someone = await world.someone();
  someone.data.fill([TODAY]);
  someone.data.put("activity", { id: "second", day: TODAY, value: [] });
  const [answer] = await (await world.gateway()).ask(someone, question("ACTIVITY", around(0, 0)));
  expect([answer!.nodes.length, codes(answer!)]).toEqual([1, [INVALID]]);
});

test("a bad document in the margin of another range does not make its own day look empty", async () => {
  const someone = await world.someone();
  const bad = addDays(TODAY, -10);
  someone.data.put("sleep", {
    id: "bad",
    day: bad,
    value: "x",
    bedtime: `${bad}T00:10:00+00:00`,
    wake: `${bad}T07:00:00+00:00`,
  });
  const gateway = await world.gateway();
  await gateway.ask(someone, question("HRV", around(-12, -10)));
  await gateway.ask(someone, question("HRV", around(-9, -8)));
  const [answer] = await gateway.ask(someone, question("HRV", around(-12, -8)));
  expect([told(answer!)[bad], codes(answer!)]).toEqual(["ERROR", [INVALID]]);
});

test("a document that cannot be read any more is not taken for deleted, wherever it may belong", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  someone.data.put("activity", { id: "second", day: TODAY, value: 1 });
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", WEEK));
  someone.data.put("activity", { id: "second", day: `${TODAY}T`, value: 1 });
  await gateway.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
  const alive = "SELECT 1 FROM records WHERE account_id = $1 AND key = 'second' AND body IS NOT NULL";
  expect(await world.rows(alive, [someone.accountId])).toHaveLength(1);
  expect(await kept(someone)).toMatchObject({ records: 8, unread: 1 });
});

test("a document that cannot be read any more is not taken for deleted on its day; on other days deletions count", async () => {
  const someone = await world.someone();
  someone.data.fill(daysOf(WEEK));
  const gateway = await world.gateway();
  await gateway.ask(someone, question("ACTIVITY", WEEK));
  const [unreadable, deleted] = [addDays(TODAY, -2), addDays(TODAY, -4)];
  someone.data.put("activity", { id: `activity-${unreadable}`, day: unreadable, value: {} });
  someone.data.remove("activity", `activity-${deleted}`);
  const [answer] = await gateway.ask(someone, question("ACTIVITY", WEEK, { maxAgeSeconds: 0 }));
  expect(told(answer!)).toMatchObject({ [unreadable]: 5, [deleted]: "PROVIDER_HAS_NONE" });
  expect(codes(answer!)).toEqual([INVALID]);
});
