import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await startFakeGateway();
});
afterEach(() => gateway.server.close());

const runs = (args: string, fields = "nodes { id } pageInfo { endCursor hasNextPage }") =>
  gateway.graphql(`{ viewer { accounts { syncRuns${args} { ${fields} } } } }`);

test("an account tells how far its history is, what its runs came to, and its three times", async () => {
  const { json } = await gateway.graphql(`{ viewer { accounts { lastPolledAt lastSyncedAt lastDataAt
    backfill { metric state daysDone daysTotal retryAt }
    syncRuns(first: 1) { nodes { id trigger startedAt finishedAt range { start end } recordsCreated recordsUpdated recordsDeleted documentsSetAside
      errors { endpoint code message retryAt } } pageInfo { hasNextPage endCursor } } } } }`);
  expect(json.errors).toBeUndefined();
  const [account] = json.data!.viewer.accounts;
  expect(account).toMatchObject({
    lastPolledAt: "2026-09-21T14:17:30Z",
    lastDataAt: "2026-09-21T14:15:50Z",
    backfill: [{ metric: "SLEEP", state: "WAITING", daysDone: 30, daysTotal: 365, retryAt: "2026-09-21T14:18:20Z" }],
  });
  const [run] = account.syncRuns.nodes;
  expect(run).toMatchObject({
    trigger: "BACKFILL",
    range: { start: "2026-01-01", end: "2026-12-31" },
    ...{ finishedAt: null, recordsCreated: 300, recordsUpdated: 2, recordsDeleted: 1, documentsSetAside: 0 },
    errors: [{ endpoint: "sleep", code: "RATE_LIMITED", retryAt: "2026-09-21T14:18:20Z" }],
  });
});

test("pages follow each other by the cursor that was answered", async () => {
  const first = (await runs("(first: 1)")).json.data!.viewer.accounts[0].syncRuns;
  expect(first.pageInfo.hasNextPage).toBe(true);
  const second = (await runs(`(first: 1, after: "${first.pageInfo.endCursor}")`)).json.data!.viewer.accounts[0]
    .syncRuns;
  expect(second.pageInfo.hasNextPage).toBe(false);
  expect(second.nodes[0].id).not.toBe(first.nodes[0].id);
});

test.each(["0", "-1", "201", "2147483647"])("first: %s is refused, and the message names it", async (first) => {
  const { json } = await runs(`(first: ${first})`);
  expect(json.errors).toMatchObject([
    { message: expect.stringContaining("first"), extensions: { code: "BAD_USER_INPUT" } },
  ]);
});

const cursorOf = (text: string) => Buffer.from(text).toString("base64url");
const ID = "33333333-3333-4333-8333-333333333333";
test.each([
  "",
  "garbage",
  "%00",
  "' OR 1=1 --",
  cursorOf("1"),
  cursorOf(`1|${ID}|2`),
  cursorOf(`-1|${ID}`),
  cursorOf(`123456789012345678|${ID}`),
  cursorOf("1|33333333"),
  cursorOf(`1|${ID.toUpperCase().replace(/3/g, "G")}`),
  "x".repeat(5_000),
])("after: %s is no cursor of runs", async (after) => {
  const { json } = await gateway.graphql(
    "query ($after: String) { viewer { accounts { syncRuns(after: $after) { nodes { id } } } } }",
    { after },
  );
  expect(json.errors).toMatchObject([
    { message: expect.stringContaining("after"), extensions: { code: "BAD_USER_INPUT" } },
  ]);
});

test("several accounts and fields ask for progress and times once", async () => {
  const asked = { backfill: 0, times: 0 };
  const { history } = gateway.services;
  Object.assign(gateway.services, {
    history: {
      ...history,
      backfill: (...of: Parameters<typeof history.backfill>) => {
        asked.backfill += 1;
        return history.backfill(...of);
      },
      times: (...of: Parameters<typeof history.times>) => {
        asked.times += 1;
        return history.times(...of);
      },
    },
  });
  const { json } = await gateway.graphql(
    `{ viewer { accounts { backfill { metric } lastPolledAt lastDataAt } again: accounts { backfill { state } lastDataAt } } }`,
  );
  expect(json.errors).toBeUndefined();
  expect(asked).toEqual({ backfill: 1, times: 1 });
});
