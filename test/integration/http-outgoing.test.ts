import { mintKey } from "../../src/services/keys";
import { type Answer, type FakeGateway, startFakeGateway } from "../support/fake-gateway";

const bearer = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });
const minted = { both: mintKey(), read: mintKey(), write: mintKey() };

const DELIVERY = "delivery { id status attempts { at } } userErrors { code }";
const MUTATIONS: Readonly<Record<string, string>> = {
  createWebhookEndpoint: `(input: { url: "https://app.example/" }) { endpoint { id } secret userErrors { code } }`,
  updateWebhookEndpoint: `(input: { endpointId: "e", enabled: false }) { endpoint { id } userErrors { code } }`,
  rotateWebhookSecret: `(input: { endpointId: "e" }) { secret userErrors { code } }`,
  deleteWebhookEndpoint: `(input: { endpointId: "e" }) { deletedId userErrors { code } }`,
  sendTestEvent: `(input: { endpointId: "e" }) { ${DELIVERY} }`,
  retryWebhookDelivery: `(input: { deliveryId: "d" }) { ${DELIVERY} }`,
};
const LIST = "{ webhookEndpoints { nodes { id status } } }";

let gateway: FakeGateway;
beforeAll(async () => {
  gateway = await startFakeGateway();
  const known = (name: keyof typeof minted, scopes: readonly ("read" | "write")[]) =>
    gateway.services.serverKeys.set(minted[name].key, {
      ...{ id: name, prefix: minted[name].prefix, scopes, expiresAt: null },
    });
  known("both", ["read", "write"]);
  known("read", ["read"]);
  known("write", ["write"]);
});
afterAll(() => gateway.server.close());

const codes = ({ json }: Answer) => json.errors?.map(({ extensions }) => extensions.code);

test.each(Object.entries(MUTATIONS))("%s is for server keys with the scope write", async (name, rest) => {
  const mutation = `mutation { ${name}${rest} }`;
  for (const headers of [{}, { authorization: "Bearer demo:ann" }, bearer(minted.read)]) {
    const answer = await gateway.graphql(mutation, {}, headers);
    expect([codes(answer), answer.json.data]).toEqual([["FORBIDDEN"], { [name]: null }]);
  }
  const { json } = await gateway.graphql(mutation, {}, bearer(minted.write));
  expect([json.errors, json.data?.[name].userErrors]).toEqual([undefined, []]);
});

test("the endpoints and their log are for server keys with the scope read", async () => {
  for (const headers of [{}, bearer(minted.write)]) {
    const answer = await gateway.graphql(LIST, {}, headers);
    expect([codes(answer), answer.json.data]).toEqual([["FORBIDDEN"], { webhookEndpoints: null }]);
  }
  expect((await gateway.graphql(LIST, {}, bearer(minted.read))).json.data?.webhookEndpoints.nodes).toHaveLength(1);
  // What a mutation answers leads to no log that the key may not read.
  const create = `mutation { createWebhookEndpoint(input: { url: "https://app.example/" }) { endpoint { deliveries { nodes { id } } } } }`;
  expect(codes(await gateway.graphql(create, {}, bearer(minted.write)))).toEqual(["FORBIDDEN"]);
  expect((await gateway.graphql(create, {}, bearer(minted.both))).json.errors).toBeUndefined();
});

test("the whole log of an endpoint stays within the limits, whatever is asked beside it", async () => {
  const log = `{ webhookEndpoints { nodes { id url eventTypes description status disabledReason createdAt deliveries(first: 200) { endCursor
    nodes { id messageId eventType createdAt status nextAttemptAt attempts { at statusCode durationMs error } } } } } }`;
  expect((await gateway.graphql(log, {}, bearer(minted.read))).json.errors).toBeUndefined();
});
