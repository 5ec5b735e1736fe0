import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import type { SyntheticSubscriptionOutcome } from "../../providers/contract";
import { oura } from "../../providers/oura";
import { DATA_TYPES, EVENT_TYPES, webhookSubscriptions as profile } from "../../providers/oura/subscriptions";
import { subscriptions as habits } from "../../providers/oura/synthetic-subscriptions";

const OPENAPI = join(__dirname, "../../../shared/wearables/specs/oura/openapi-1.41.reconstructed.json");
const TOPIC = { dataType: "sleep", eventType: "update" };
const CALLBACK = { url: "https://gateway.example/webhooks/oura", verificationToken: "token" };
const HELD = {
  ...TOPIC,
  id: "5d3fe17b-f880-4d93-b9b6-afbfb76c1e78",
  callbackUrl: CALLBACK.url,
  expiresAt: 1_800_000_000,
};
const REQUESTS = {
  list: profile.list,
  create: profile.create(TOPIC, CALLBACK),
  update: profile.update(HELD.id, TOPIC, CALLBACK),
  renew: profile.renew(HELD.id),
  remove: profile.remove(HELD.id),
};
const wire = (id: string, expiration_time: unknown) => ({
  ...{ id, callback_url: CALLBACK.url, event_type: "update", data_type: "sleep", expiration_time },
});

const wanted = profile.wanted.map(({ dataType, eventType }) => `${dataType} ${eventType}`);

test("every data type, for every event, once", () => {
  const expected = DATA_TYPES.flatMap((type) => ["create", "update", "delete"].map((event) => `${type} ${event}`));
  expect(expected).toHaveLength(51);
  expect([...wanted].sort()).toEqual(expected.sort());
  expect(new Set(wanted).size).toBe(51);
});

test("what is read comes first, and is named as its endpoint", () => {
  const read = oura.endpoints.flatMap(({ name }) => ["create", "update", "delete"].map((event) => `${name} ${event}`));
  expect(wanted.slice(0, read.length).sort()).toEqual(read.sort());
});

test.each(DATA_TYPES)("a notice about %s does something where it is read, else nothing", (data_type) => {
  const isRead = oura.endpoints.some(({ name }) => name === data_type);
  for (const event_type of EVENT_TYPES) {
    const events = oura.webhook?.read({ data_type, event_type, object_id: "d", user_id: "u" });
    expect(events).toMatchObject([{ vendorUserId: "u", endpoints: isRead ? [data_type] : [] }]);
    expect(events?.[0]?.document === undefined).toBe(!isRead);
  }
});

test.each([
  ["2027-01-15T08:00:00", 1_800_000_000],
  ["2027-01-15T08:00:00.000000", 1_800_000_000],
  ["2027-01-15T08:00:00Z", 1_800_000_000],
  ["2027-01-15T09:00:00+01:00", 1_800_000_000],
])("an end without a zone is in UTC: %s", (text, expiresAt) => {
  expect(profile.readOne(wire(HELD.id, text))).toEqual({ ...HELD, expiresAt });
});

test.each([
  ["no list", () => profile.readList({ data: [] })],
  ["an end that is no time", () => profile.readOne(wire(HELD.id, "soon"))],
  ["an end that is missing", () => profile.readOne(wire(HELD.id, undefined))],
  ["an id that is no text", () => profile.readList([{ ...wire("x", "2027-01-15T08:00:00"), id: 7 }])],
])("%s is not read", (_name, read) => {
  expect(read).toThrow(expect.objectContaining({ name: "WireError" }));
});

test("an id cannot lead to another path", () => {
  for (const { path } of [
    profile.renew("../../x?y"),
    profile.remove("../../x?y"),
    profile.update("../x", TOPIC, CALLBACK),
  ]) {
    expect(path.slice(profile.list.path.length)).not.toMatch(/\.\.\/|\?/);
  }
});

test("the stand-in understands every request, and what it answers is read back", () => {
  const kinds = Object.entries(REQUESTS).map(([name, { method, path, json }]) => {
    return [name, habits.call({ method, path, body: json })?.kind];
  });
  expect(kinds.every(([name, kind]) => name === kind)).toBe(true);
  expect(profile.readOne(habits.answer({ kind: "created", subscription: HELD }).body)).toEqual(HELD);
  expect(profile.readList(habits.answer({ kind: "listed", subscriptions: [HELD] }).body)).toEqual([HELD]);
});

if (!existsSync(OPENAPI)) {
  test("the vendor's OpenAPI description is not beside the checkout: subscriptions were not held against it", () => {
    process.stdout.write("not run: no Oura OpenAPI description in ../shared/wearables (subscriptions)\n");
    expect(existsSync(OPENAPI)).toBe(false);
  });
} else {
  describe("against the vendor's OpenAPI description", () => {
    const description = JSON.parse(readFileSync(OPENAPI, "utf8"));
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(description, "oura");
    const { CreateWebhookSubscriptionRequest, ExtApiV2DataType, WebhookOperation } = description.components.schemas;
    const pathOf = (path: string) => path.replace(HELD.id, "{id}");
    const errorsOf = (schema: object, value: unknown) => {
      const validate = ajv.compile(schema);
      validate(value);
      return validate.errors ?? [];
    };
    /** A schema of the description with its references made absolute. */
    const absolute = (schema: unknown): object =>
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"oura#/components'));

    test.each(Object.entries(REQUESTS))(
      "%s: the path, method and body are described",
      (_name, { method, path, json }) => {
        const operation = description.paths[pathOf(path)]?.[method.toLowerCase()];
        expect(operation?.security).toEqual([{ ClientIdAuth: [], ClientSecretAuth: [] }]);
        const body = operation.requestBody?.content["application/json"].schema;
        expect(json === undefined).toBe(body === undefined);
        if (body) expect(errorsOf(absolute(body), json)).toEqual([]);
      },
    );

    test("credentials go in the headers that are described", () => {
      const { ClientIdAuth, ClientSecretAuth } = description.components.securitySchemes;
      expect(profile.credentials).toEqual({ id: ClientIdAuth.name, secret: ClientSecretAuth.name });
    });

    test("all that is offered is wanted, and nothing else is taken by the stand-in", () => {
      expect([...DATA_TYPES].sort()).toEqual([...ExtApiV2DataType.enum].sort());
      expect([...EVENT_TYPES].sort()).toEqual([...WebhookOperation.enum].sort());
      const { path } = profile.list;
      for (const data_type of [...ExtApiV2DataType.enum, "heartrate"]) {
        const body = { callback_url: CALLBACK.url, verification_token: "t", event_type: "create", data_type };
        const kind = ExtApiV2DataType.enum.includes(data_type) ? "create" : "invalid";
        expect([data_type, habits.call({ method: "POST", path, body })?.kind]).toEqual([data_type, kind]);
      }
      expect(Object.keys(REQUESTS.create.json ?? {}).sort()).toEqual(
        [...CreateWebhookSubscriptionRequest.required].sort(),
      );
    });

    test.each<[string, keyof typeof REQUESTS, SyntheticSubscriptionOutcome]>([
      ["201", "create", { kind: "created", subscription: HELD }],
      ["200", "list", { kind: "listed", subscriptions: [HELD] }],
      ["200", "update", { kind: "updated", subscription: HELD }],
      ["200", "renew", { kind: "renewed", subscription: HELD }],
      ["204", "remove", { kind: "removed" }],
      ["403", "renew", { kind: "unknown" }],
      ["422", "create", { kind: "unverified" }],
    ])("the stand-in's %s to %s is as described", (status, name, outcome) => {
      const answer = habits.answer(outcome);
      const { method, path } = REQUESTS[name];
      const described = description.paths[pathOf(path)][method.toLowerCase()].responses[status];
      expect([String(answer.status), described !== undefined]).toEqual([status, true]);
      const schema = described.content?.["application/json"].schema;
      if (schema) expect(errorsOf(absolute(schema), answer.body)).toEqual([]);
    });
  });
}
