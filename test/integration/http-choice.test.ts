import { buildGatewaySchema } from "../../schema/build";
import { type FakeGateway, startFakeGateway } from "../support/fake-gateway";
import { twoWearables, WEARABLES } from "../support/two-wearables";

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await startFakeGateway({ schema: buildGatewaySchema({ providers: WEARABLES }) });
  const { read, preferences } = twoWearables();
  const providers = [
    {
      provider: "ring",
      displayName: "Ring",
      configured: true,
      metrics: ["ACTIVITY"],
      scopes: [],
      fields: [{ metric: "ACTIVITY", name: "steps" }],
    },
  ];
  Object.assign(gateway.services, { reading: { read }, preferences, providers });
});
afterEach(() => gateway.server.close());

const RANGE = 'range: { start: "2026-03-01", end: "2026-03-02" }';
const chosen = async (args = "") => {
  const { json } = await gateway.graphql(
    `{ viewer { activity(${RANGE}${args}) { nodes { provider steps resolution { policy winner { provider reason } } } } } }`,
  );
  return json;
};
const setPreference = (order: string) =>
  gateway.graphql(`mutation { setSourcePreference(input: { metric: ACTIVITY, order: ${order} }) {
    preference { metric order } userErrors { code } } }`);

test("each record says who won and why; records of candidates are those of bySource", async () => {
  const record =
    "id steps distanceMeters resolution { policy winner { record { id } } candidates { provider reason record { id day ... on Activity { steps } } } }";
  const { json } = await gateway.graphql(
    `{ viewer { activity(${RANGE}) { nodes { ${record} } bySource { ${record} } absences { provider } } } }`,
  );
  expect(json.errors).toBeUndefined();
  const { nodes, bySource } = json.data!.viewer.activity;
  expect(nodes).toHaveLength(2);
  for (const node of nodes) {
    expect(bySource).toContainEqual(node);
    expect(node.resolution.policy).toBe("DEFAULT");
    expect(node.resolution.winner.record.id).toBe(node.id);
    const [ring, scale, watch] = node.resolution.candidates;
    expect(ring).toMatchObject({ provider: "RING", reason: "LESS_COVERAGE", record: { steps: 7_000 } });
    expect(scale).toEqual({ provider: "SCALE", reason: "NO_DATA", record: null });
    expect(watch).toMatchObject({ provider: "WATCH", reason: "BETTER_COVERAGE", record: { id: node.id } });
    expect(bySource.map(({ id }: { id: string }) => id)).toContain(ring.record.id);
  }
});

test("prefer chooses for one query only", async () => {
  const preferred = { policy: "QUERY_PREFERENCE", winner: { provider: "RING", reason: "PREFERRED" } };
  const [first] = (await chosen(", prefer: [SCALE, RING]")).data!.viewer.activity.nodes;
  expect(first).toEqual({ provider: "RING", steps: 7_000, resolution: preferred });
  expect((await chosen()).data!.viewer.activity.nodes[0].provider).toBe("WATCH");
});

test.each([
  [", prefer: []", /^prefer is empty/],
  [", prefer: [RING, WATCH, RING]", /^prefer names a provider twice/],
])("%s is bad input", async (args, message) => {
  const { data, errors } = await chosen(args);
  expect(data).toEqual({ viewer: { activity: null } });
  expect(errors?.[0]?.extensions.code).toBe("BAD_USER_INPUT");
  expect(errors?.[0]?.message).toMatch(message);
});

test("a preference is kept, listed, obeyed and removed by an empty order", async () => {
  const kept = { metric: "ACTIVITY", order: ["RING", "WATCH"] };
  expect((await setPreference("[RING, WATCH]")).json.data?.setSourcePreference).toEqual({
    preference: kept,
    userErrors: [],
  });
  const listed = await gateway.graphql("{ viewer { sourcePreferences { metric order } } }");
  expect(listed.json.data!.viewer.sourcePreferences).toEqual([kept]);
  const [first] = (await chosen()).data!.viewer.activity.nodes;
  expect(first.resolution).toEqual({ policy: "PERSON_PREFERENCE", winner: { provider: "RING", reason: "PREFERRED" } });
  expect((await setPreference("[]")).json.data?.setSourcePreference).toEqual({ preference: null, userErrors: [] });
  expect((await chosen()).data!.viewer.activity.nodes[0].provider).toBe("WATCH");
});

test("an order that names a provider twice is bad input, and nothing is kept", async () => {
  await setPreference("[WATCH]");
  const { json } = await setPreference("[RING, RING]");
  expect(json.errors?.[0]).toMatchObject({
    message: "input.order names a provider twice: expected each at most once",
    extensions: { code: "BAD_USER_INPUT" },
  });
  const listed = await gateway.graphql("{ viewer { sourcePreferences { order } } }");
  expect(listed.json.data!.viewer.sourcePreferences).toEqual([{ order: ["WATCH"] }]);
});

test("a record fetched by its id tells of no choice", async () => {
  const { json } = await gateway.graphql(`{ viewer { activity(${RANGE}) { nodes { id } } } }`);
  const [{ id }] = json.data!.viewer.activity.nodes;
  Object.assign(gateway.services, { providers: WEARABLES.map(({ slug }) => ({ provider: slug })) });
  const { json: one } = await gateway.graphql(
    "query ($id: ID!) { node(id: $id) { id ... on DailyRecord { resolution { policy } } } }",
    { id },
  );
  expect(one).toEqual({ data: { node: { id, resolution: null } } });
});

test("providers tell what they can fill", async () => {
  const { json } = await gateway.graphql("{ providers { provider fields { metric name } } }");
  expect(json.data?.providers).toEqual([{ provider: "RING", fields: [{ metric: "ACTIVITY", name: "steps" }] }]);
});
