import type { CivilDay } from "../../src/domain/days";
import { wholeDay } from "../support/fake-feed";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { ACCOUNT, PERSON } from "../support/fake-services";
import { type SubscriptionClient, subscriptionClient } from "../support/subscriber";

const FOLLOW = `subscription ($after: String, $metrics: [Metric!]) {
  dataChanged(after: $after, metrics: $metrics) { cursor at metric provider day type origin record { __typename day } }
}`;
interface Event {
  cursor: string;
  metric: string;
  day: string;
  type: string;
  record: { __typename: string } | null;
}
const day = (text: string) => text as CivilDay;

let gateway: FakeGateway;
let clients: SubscriptionClient[];
const connect = (...options: Parameters<typeof subscriptionClient> extends [string, ...infer Rest] ? Rest : never) => {
  const client = subscriptionClient(gateway.url, ...options);
  clients.push(client);
  return client;
};
beforeEach(async () => {
  clients = [];
  gateway = await startFakeGateway();
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await gateway.server.close();
});

/** Resolves once the gateway has so many subscriptions under way. */
async function following(count: number): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    const { text } = await gateway.fetch("/metrics");
    if (text.includes(`gateway_subscriptions ${count}\n`)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`expected ${count} subscriptions`);
}

test("a change reaches who follows, with the record as it is now, asking no provider", async () => {
  const follower = connect().subscribe<Event>(FOLLOW);
  await following(1);
  gateway.services.feed.tell(PERSON.id, ...wholeDay(day("2026-03-01"), "CREATED"));
  const events = await follower.until(4);
  expect(events.map(({ metric, type, record }) => [metric, type, record?.__typename])).toEqual([
    ["SLEEP", "CREATED", "Sleep"],
    ["READINESS", "CREATED", "Readiness"],
    ["ACTIVITY", "CREATED", "Activity"],
    ["HRV", "CREATED", "Hrv"],
  ]);
  expect(events[0]).toMatchObject({ day: "2026-03-01", provider: "OURA", origin: "LIVE", at: "2026-09-21T14:18:20Z" });
  expect(gateway.services.reads).toEqual([]);
});

test("from a cursor on, everything since comes first, then what follows: nothing lost, nothing twice", async () => {
  gateway.services.feed.tell(PERSON.id, ...wholeDay(day("2026-03-01"), "CREATED"));
  const { json } = await gateway.graphql("{ changes(first: 1) { nodes { cursor } latestCursor } }");
  const [{ cursor: after }] = json.data!.changes.nodes;
  const first = connect().subscribe<Event>(FOLLOW, { after });
  await first.until(3);
  gateway.services.feed.tell(PERSON.id, ...wholeDay(day("2026-03-02"), "CREATED"));
  await first.until(5);
  first.stop();
  gateway.services.feed.tell(PERSON.id, { metric: "SLEEP", day: day("2026-03-03"), type: "CREATED" });
  const again = connect().subscribe<Event>(FOLLOW, { after: first.events[4]!.cursor });
  await again.until(3);
  const told = [...first.events.slice(0, 5), ...again.events].map((event) => `${event.day} ${event.metric}`);
  expect(told).toEqual([
    ...["READINESS", "ACTIVITY", "HRV"].map((metric) => `2026-03-01 ${metric}`),
    ...["SLEEP", "READINESS", "ACTIVITY", "HRV"].map((metric) => `2026-03-02 ${metric}`),
    "2026-03-03 SLEEP",
  ]);
  const live = connect().subscribe<Event>(FOLLOW, { after: json.data!.changes.latestCursor, metrics: ["HRV"] });
  expect((await live.until(1)).map((event) => `${event.day} ${event.metric}`)).toEqual(["2026-03-02 HRV"]);
});

test("everything of a provider that went is told without metric, day and record", async () => {
  const follower = connect().subscribe<Event>(FOLLOW, { metrics: ["SLEEP"] });
  await following(1);
  gateway.services.feed.tell(PERSON.id, { metric: null, day: null, type: "DELETED" });
  expect(await follower.until(1)).toMatchObject([{ metric: null, day: null, type: "DELETED", record: null }]);
});

test("somebody else's changes, and their cursors, are theirs", async () => {
  const mine = connect().subscribe<Event>(FOLLOW);
  const theirs = connect({ token: "demo:else" }).subscribe<Event>(FOLLOW);
  await following(2);
  const other = await gateway.services.people.person("else");
  gateway.services.feed.tell(other.id, { metric: "SLEEP", day: day("2026-03-01"), type: "CREATED" });
  await theirs.until(1);
  expect(mine.events).toEqual([]);
  const stolen = connect().subscribe<Event>(FOLLOW, { after: theirs.events[0]!.cursor });
  await stolen.ended;
  expect(stolen.errors.map(({ extensions }) => extensions.code)).toEqual(["BAD_CURSOR"]);
});

test("a server key follows whom it names, and nobody otherwise", async () => {
  gateway.services.serverKeys.set("wg_test", { id: "k", prefix: "wg_test", scopes: ["read"], expiresAt: null });
  const client = connect({ token: "wg_test" });
  const query = `subscription ($whom: String) { dataChanged(userExternalId: $whom) { day } }`;
  const named = client.subscribe<Event>(query, { whom: "demo" });
  await following(1);
  gateway.services.feed.tell(PERSON.id, { metric: "SLEEP", day: day("2026-03-01"), type: "CREATED" });
  expect(await named.until(1)).toEqual([{ day: "2026-03-01" }]);
  for (const [whom, code] of [
    [null, "BAD_USER_INPUT"],
    ["nobody", "BAD_USER_INPUT"],
  ]) {
    const refused = client.subscribe(query, { whom });
    await refused.ended;
    expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual([code]);
  }
  const person = connect().subscribe(query, { whom: "else" });
  await person.ended;
  expect(person.errors.map(({ extensions }) => extensions.code)).toEqual(["FORBIDDEN"]);
});

test("progress begins with the accounts as they are, and goes on when it is rung", async () => {
  const follower = connect().subscribe<{ id: string; provider: string; status: string }>(
    "subscription { syncProgress { id provider status } }",
  );
  expect(await follower.until(1)).toMatchObject([{ provider: "OURA", status: "ACTIVE" }]);
  gateway.services.feed.progressed(PERSON.id, ACCOUNT.id);
  await follower.until(2);
  gateway.services.feed.progressed(PERSON.id, "another account");
  gateway.services.feed.progressed(PERSON.id, "");
  await follower.until(3);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(follower.events).toHaveLength(3);
});

test("what is wrong with a subscription is told by the catalogue", async () => {
  const client = connect();
  const deep = "{ day ".repeat(12) + "}".repeat(12);
  for (const [query, variables, code] of [
    ["subscription {", {}, "GRAPHQL_PARSE_FAILED"],
    ["subscription { nothing }", {}, "GRAPHQL_VALIDATION_FAILED"],
    ["subscription { dataChanged { day } syncProgress { id } }", {}, "GRAPHQL_VALIDATION_FAILED"],
    ["subscription ($a: String!) { dataChanged(after: $a) { day } }", {}, "BAD_USER_INPUT"],
    ["subscription { dataChanged(metrics: []) { day } }", {}, "BAD_USER_INPUT"],
    ['subscription { dataChanged(after: "x") { day } }', {}, "BAD_CURSOR"],
    [`subscription { dataChanged ${deep} }`, {}, "QUERY_TOO_COMPLEX"],
    [`subscription { dataChanged { ${"a: day ".repeat(400)} } }`, {}, "GRAPHQL_PARSE_FAILED"],
    [
      `subscription { dataChanged { ${Array.from({ length: 16 }, (_, n) => `a${n}: day`).join(" ")} } }`,
      {},
      "QUERY_TOO_COMPLEX",
    ],
    [bomb(14), {}, "QUERY_TOO_COMPLEX"],
    ["{ viewer { id } }", {}, "OPERATION_RESOLUTION_FAILURE"],
    ["mutation { __typename }", {}, "OPERATION_RESOLUTION_FAILURE"],
    [
      "subscription A { dataChanged { day } } subscription B { dataChanged { day } }",
      {},
      "OPERATION_RESOLUTION_FAILURE",
    ],
  ] as const) {
    const refused = client.subscribe(query, { ...variables });
    await refused.ended;
    expect([query.slice(0, 60), refused.errors[0]?.extensions.code]).toEqual([query.slice(0, 60), code]);
  }
});

/** Fragments each of which spreads the next twice. */
function bomb(levels: number): string {
  const fragments = Array.from({ length: levels }, (_, n) =>
    n === levels - 1 ? `fragment F${n} on Change { day }` : `fragment F${n} on Change { ...F${n + 1} ...F${n + 1} }`,
  );
  return `subscription { dataChanged { ...F0 } } ${fragments.join(" ")}`;
}

test("over HTTP a subscription is refused with the way to go", async () => {
  const { status, json } = await gateway.graphql("subscription { dataChanged { day } }");
  expect([status, json.errors]).toEqual([
    200,
    [
      {
        message: "Subscriptions are served over WebSocket at this same address (graphql-transport-ws)",
        extensions: { code: "OPERATION_RESOLUTION_FAILURE" },
      },
    ],
  ]);
});

test("a fault while following ends it without details, and stands in the log", async () => {
  const follower = connect().subscribe<Event>(FOLLOW);
  await following(1);
  gateway.services.failure = new Error("secret detail");
  gateway.services.feed.tell(PERSON.id, { metric: "SLEEP", day: day("2026-03-01"), type: "CREATED" });
  await follower.until(1);
  expect(follower.errors).toMatchObject([{ message: expect.stringMatching(/^Internal error in request /) }]);
  expect(gateway.log.some((line) => line.includes("internal error"))).toBe(true);
});

test("a connection may have twenty subscriptions, a person a hundred", async () => {
  const query = "subscription { dataChanged { day } }";
  const full = connect();
  for (let n = 0; n < 20; n += 1) full.subscribe(query);
  await following(20);
  const refused = full.subscribe(query);
  await refused.ended;
  expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual(["TOO_MANY_SUBSCRIPTIONS"]);
  for (let n = 0; n < 80; n += 1) (n % 20 === 0 ? connect() : clients.at(-1)!).subscribe(query);
  await following(100);
  const tooMany = connect().subscribe(query);
  await tooMany.ended;
  expect(tooMany.errors.map(({ extensions }) => extensions.code)).toEqual(["TOO_MANY_SUBSCRIPTIONS"]);
  await Promise.all(clients.map((client) => client.close()));
  await following(0);
});

test("the server's end is told as going away, and a client that comes back goes on from its cursor", async () => {
  const client = connect();
  const follower = client.subscribe<Event>(FOLLOW);
  await following(1);
  await gateway.server.close();
  await follower.ended;
  expect(client.closed).toEqual([1001]);
});
