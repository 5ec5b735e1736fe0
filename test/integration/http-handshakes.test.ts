import { webhookSubscriptions } from "../../providers/oura/subscriptions";
import { CODE, FORMS, type HandshakeServer, startAskingVendor, startHandshakeServer } from "../support/handshake-forms";

const SCRIPT = "<script>alert(1)</script>";
const JSON_TYPE = "application/json; charset=utf-8";

let server: HandshakeServer;
beforeAll(async () => {
  server = await startHandshakeServer();
});
afterAll(() => server.gateway.server.close());

const ask: HandshakeServer["ask"] = (name, query) => server.ask(name, query);
/** The token of the vendor of a name. */
const right = (name: string) => (name === "code" ? CODE : server.tokens.current(name));
/** A text of the same length that differs at its end. */
const almost = (text: string) => `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;

describe("a code that the vendor issued, nothing to repeat (204, 404)", () => {
  test("the right one: 204 without a body", async () => {
    const { status, text, headers } = await ask("code", { verify: CODE });
    expect([status, text, headers.get("content-type")]).toEqual([204, "", null]);
  });

  test.each<[string, () => string]>([
    ["a wrong one", () => `verify=${almost(CODE)}`],
    ["one in another case", () => `verify=${CODE.toUpperCase()}x`],
    ["a part of it", () => `verify=${CODE.slice(0, -1)}`],
    ["an empty one", () => "verify="],
    ["none", () => ""],
    ["the right one beside another", () => `verify=${CODE}&verify=x`],
    ["one that the gateway would have issued", () => `verify=${server.tokens.current("code")}`],
  ])("%s: 404", async (_name, query) => {
    const { status, text } = await ask("code", query());
    expect([status, text]).toEqual([404, '{"error":"verification failed"}']);
  });

  test("one of a hundred thousand characters does not fit into a request", async () => {
    expect((await ask("code", { verify: CODE.repeat(3_125) })).status).toBe(431);
  });
});

describe("a hub's challenge in JSON (200, 403)", () => {
  const good = (challenge: string) => ({
    ...{ "hub.mode": "subscribe", "hub.verify_token": right("hub"), "hub.challenge": challenge },
  });

  test.each(["15f7d1a91c1f40f8a748fd134752feb3", SCRIPT, '"><img src=x onerror=alert(1)>', "\u2028</script>"])(
    "the right token: %s is repeated as JSON that no browser takes for a page",
    async (challenge) => {
      const { status, text, headers } = await ask("hub", good(challenge));
      expect([status, headers.get("content-type")]).toEqual([200, JSON_TYPE]);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(JSON.parse(text)).toEqual({ "hub.challenge": challenge });
    },
  );

  test.each<[string, Record<string, string>]>([
    ["a wrong verify_token", { "hub.verify_token": "wrong" }],
    ["an empty verify_token", { "hub.verify_token": "" }],
    ["another mode", { "hub.mode": "unsubscribe" }],
    ["an empty mode", { "hub.mode": "" }],
    ["an empty challenge", { "hub.challenge": "" }],
    ["a challenge of more than 1,024 characters", { "hub.challenge": "c".repeat(1_025) }],
  ])("%s: 403, nothing is repeated", async (_name, over) => {
    const { status, text, headers } = await ask("hub", { ...good(SCRIPT), ...over });
    expect([status, text]).toEqual([403, '{"error":"verification failed"}']);
    expect([headers.get("content-type"), headers.get("x-content-type-options")]).toEqual([JSON_TYPE, "nosniff"]);
  });

  test.each(["hub.mode", "hub.verify_token", "hub.challenge"])("without %s: 403", async (name) => {
    const { [name]: _left, ...query } = good("c") as Record<string, string>;
    expect((await ask("hub", query)).status).toBe(403);
  });
});

test("a challenge beside our token: 200 and 401", async () => {
  const asked = await ask("token", { verification_token: right("token"), challenge: SCRIPT });
  expect([asked.status, asked.headers.get("content-type"), asked.json]).toEqual([
    200,
    JSON_TYPE,
    { challenge: SCRIPT },
  ]);
  expect((await ask("token", { verification_token: right("hub"), challenge: "c" })).status).toBe(401);
});

test("where nothing is set to verify notices or the handshake with: 503, whatever is asked", async () => {
  const hub = { "hub.mode": "subscribe", "hub.verify_token": server.tokens.current("unset"), "hub.challenge": SCRIPT };
  for (const query of [hub, { "hub.verify_token": "" }, {}]) {
    const { status, text } = await ask("unset", query);
    expect([status, text]).toEqual([503, '{"error":"no secret is configured for this provider\'s webhooks"}']);
  }
  for (const verify of ["", CODE, "null", "undefined"]) {
    expect((await ask("codeless", { verify })).status).toBe(503);
  }
});

test("a vendor that does not ask: 404, as for one that is not there", async () => {
  const answers = await Promise.all(["silent", "nobody", "__proto__"].map((name) => ask(name, { verify: CODE })));
  for (const { status, json } of answers) {
    expect([status, json.errors?.[0]?.extensions.code]).toEqual([404, "NOT_FOUND"]);
  }
});

test("good answers are quiet in the log, refusals are not, and neither shows a token", async () => {
  server.gateway.log.length = 0;
  await ask("code", { verify: CODE });
  await ask("code", { verify: "wrong" });
  const lines = server.gateway.log.map((line) => JSON.parse(line));
  expect(lines.map(({ level, status }) => [level, status])).toEqual([
    [20, 204],
    [30, 404],
  ]);
  expect(server.gateway.log.join("")).not.toMatch(new RegExp(`${CODE}|verify`));
});

describe.each(Object.keys(FORMS) as (keyof typeof FORMS)[])("a vendor that asks in the form %s", (name) => {
  test("makes a subscription for who knows the token, and none for who does not", async () => {
    const vendor = await startAskingVendor(FORMS[name]);
    try {
      const make = async (verificationToken: string) => {
        const callback = { url: `${server.gateway.url}/webhooks/${name}`, verificationToken };
        const topic = { dataType: "sleep", eventType: "create" };
        const { method, path, json } = webhookSubscriptions.create(topic, callback);
        const headers = { "x-client-id": "application", "x-client-secret": "its secret" };
        const body = JSON.stringify(json);
        const type = { "content-type": "application/json" };
        return (await fetch(vendor.origin + path, { method, headers: { ...headers, ...type }, body })).status;
      };
      expect(await make("wrong")).toBe(422);
      expect(vendor.subscriptions.active()).toEqual([]);
      expect(await make(right(name))).toBe(201);
      expect(vendor.subscriptions.active()).toHaveLength(1);
    } finally {
      await vendor.stop();
    }
  });
});
