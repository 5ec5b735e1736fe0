import { mintKey } from "../../src/services/keys";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const minted = { admin: mintKey(), other: mintKey() };
const admin = bearer(minted.admin.key);
const OVERVIEW = `{ admin {
  jobs { waiting running aside oldestDueSeconds processes byTask { task waiting running aside } }
  failedJobs { nodes { id task attempts failedAt error } }
} }`;
const change = (mutation: "retryFailedJobs" | "discardFailedJobs") =>
  `mutation ($ids: [ID!]!) { ${mutation}(input: { ids: $ids }) { ids } }`;

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await startFakeGateway();
  const known = (name: keyof typeof minted, scopes: readonly ("read" | "write" | "admin")[]) =>
    gateway.services.serverKeys.set(minted[name].key, {
      id: name,
      prefix: minted[name].prefix,
      scopes,
      expiresAt: null,
    });
  known("admin", ["admin"]);
  known("other", ["read", "write"]);
});
afterEach(() => gateway.server.close());

test("a server key with the scope admin sees the queue and what failed", async () => {
  const { json } = await gateway.graphql(OVERVIEW, {}, admin);
  expect(json.errors).toBeUndefined();
  const { jobs, failedJobs } = json.data?.admin ?? {};
  expect(jobs).toEqual({
    waiting: 4,
    running: 2,
    aside: 3,
    oldestDueSeconds: 12,
    processes: 1,
    byTask: [
      { task: "some-task", waiting: 2, running: 1, aside: 2 },
      { task: "other-task", waiting: 2, running: 1, aside: 1 },
    ],
  });
  expect(failedJobs.nodes).toHaveLength(3);
  expect(failedJobs.nodes[0]).toEqual({
    id: "3",
    task: "some-task",
    attempts: 5,
    failedAt: "2026-09-21T14:18:20Z",
    error: "Error E1",
  });
});

test("failed jobs are retried or discarded by their ids, and what is not there is left out", async () => {
  const retried = await gateway.graphql(change("retryFailedJobs"), { ids: ["3", "99"] }, admin);
  expect(retried.json).toEqual({ data: { retryFailedJobs: { ids: ["3"] } } });
  const discarded = await gateway.graphql(change("discardFailedJobs"), { ids: ["3", "1"] }, admin);
  expect(discarded.json).toEqual({ data: { discardFailedJobs: { ids: ["1"] } } });
  const left = await gateway.graphql("{ admin { failedJobs { nodes { id } } } }", {}, admin);
  expect(left.json.data?.admin.failedJobs.nodes).toEqual([{ id: "2" }]);
});

test.each([
  ["a person", {}],
  ["a key without the scope", bearer(minted.other.key)],
])("%s is told FORBIDDEN, and nothing is done", async (_who, headers) => {
  const asked = [
    await gateway.graphql(OVERVIEW, {}, headers),
    await gateway.graphql(change("retryFailedJobs"), { ids: ["1"] }, headers),
    await gateway.graphql(change("discardFailedJobs"), { ids: ["1"] }, headers),
  ];
  for (const { json } of asked) {
    expect(json.errors?.map(({ extensions }) => extensions.code)).toEqual(["FORBIDDEN"]);
    expect(Object.values(json.data ?? {})).toEqual([null]);
  }
  const { json } = await gateway.graphql(OVERVIEW, {}, admin);
  expect(json.data?.admin.failedJobs.nodes).toHaveLength(3);
});

test("a key with the scope admin alone reads and writes no person", async () => {
  const { json } = await gateway.graphql('{ user(externalId: "demo") { id } }', {}, admin);
  expect(json.errors?.map(({ extensions }) => extensions.code)).toEqual(["FORBIDDEN"]);
});

test.each([["0"], ["-1"], ["1; DROP TABLE people"], ["1e3"], ["9".repeat(19)], [""]])(
  "%j is no job's id: BAD_USER_INPUT, and nothing is done",
  async (id) => {
    const { json } = await gateway.graphql(change("discardFailedJobs"), { ids: ["1", id] }, admin);
    expect(json.errors?.map(({ extensions }) => extensions.code)).toEqual(["BAD_USER_INPUT"]);
    const after = await gateway.graphql(OVERVIEW, {}, admin);
    expect(after.json.data?.admin.failedJobs.nodes).toHaveLength(3);
  },
);

test.each([0, -1, 501])("failedJobs(first: %d) is refused", async (first) => {
  const { json } = await gateway.graphql(`{ admin { failedJobs(first: ${first}) { nodes { id } } } }`, {}, admin);
  expect(json.errors?.map(({ extensions }) => extensions.code)).toEqual(["BAD_USER_INPUT"]);
});
