import {
  acmeHeaders,
  FORM,
  OURA,
  ouraHeaders,
  POLAR,
  polarHeaders,
  serverForTests,
  type WebhookServer,
  WHOOP,
  WITHINGS,
  WITHINGS_ADDRESS,
  whoopHeaders,
} from "../support/webhook-http";

let server: WebhookServer;
const { send, oura } = serverForTests((started) => {
  server = started;
});

describe("authentic deliveries", () => {
  test.each([
    ["oura", "/webhooks/oura", OURA, () => ouraHeaders(OURA)],
    ["whoop", "/webhooks/whoop", WHOOP, () => whoopHeaders(WHOOP)],
    ["polar", "/webhooks/polar", POLAR, () => polarHeaders(POLAR)],
    ["withings", WITHINGS_ADDRESS, WITHINGS, () => FORM],
  ])("%s: kept with a job, then acknowledged", async (_name, path, body, headers) => {
    expect(await send(path, body, headers())).toBe(200);
    expect(await server.rows()).toEqual([expect.objectContaining({ outcome: null })]);
    expect(await server.jobs()).toBe(1);
  });

  test("what is kept are ids, nothing else of the body", async () => {
    const body = JSON.stringify({ ...JSON.parse(OURA), score: 4711, note: "SECRET-NOTE" });
    expect(await oura(ouraHeaders(body), body)).toBe(200);
    const [row] = await server.at.database.application((tx) => tx.query("SELECT * FROM webhook_inbox"));
    expect(JSON.stringify(row)).not.toMatch(/4711|SECRET-NOTE/);
    expect(row.event).toEqual({
      change: "updated",
      endpoints: ["sleep"],
      document: { endpoint: "sleep", id: "doc-1" },
    });
  });

  test.each(["text/plain", "application/octet-stream", "application/json; charset=utf-8"])(
    "the content type %s does not matter to the bytes",
    async (type) => expect(await oura({ ...ouraHeaders(OURA), "content-type": type })).toBe(200),
  );
});

describe("addresses and methods", () => {
  test("without a secret: 503, whatever is sent", async () => {
    const body = JSON.stringify({ id: "e", user: "u", type: "sleep.updated" });
    expect(await send("/webhooks/unset", body, acmeHeaders(body))).toBe(503);
    expect(await send("/webhooks/unset", body, acmeHeaders(body, undefined, ""))).toBe(503);
    expect(await send("/webhooks/unset", body, {})).toBe(503);
    expect(await server.rows()).toEqual([]);
  });

  test.each([
    "/webhooks/nobody",
    "/webhooks/mute",
    "/webhooks/oura/secret",
    "/webhooks/__proto__",
    "/webhooks/constructor",
    "/webhooks/",
    "/webhooks/a/b/c",
  ])("%s: 404", async (path) => {
    expect(await send(path, OURA, ouraHeaders(OURA))).toBe(404);
  });

  test.each(["PUT", "PATCH", "DELETE"])("%s: 405", async (method) => {
    const { status, headers } = await server.gateway.fetch("/webhooks/oura", { method });
    expect([status, headers.get("allow")]).toEqual([405, expect.stringContaining("POST")]);
  });

  test("HEAD is answered where addresses end in a secret, by whether it is ours", async () => {
    const head = async (path: string) => (await server.gateway.fetch(path, { method: "HEAD" })).status;
    expect(await head(WITHINGS_ADDRESS)).toBe(200);
    expect(await head("/webhooks/withings/another")).toBe(401);
    expect(await head("/webhooks/withings")).toBe(401);
    expect(await head("/webhooks/oura")).toBe(405);
  });

  test("neither secrets nor signatures nor bodies are logged", async () => {
    await send(WITHINGS_ADDRESS, WITHINGS, FORM);
    await oura(ouraHeaders(OURA));
    await oura({ ...ouraHeaders(OURA), "x-oura-signature": "DEADBEEF" });
    const log = server.gateway.log.join("");
    expect(log).toContain("/webhooks/:provider");
    expect(log).not.toMatch(/secret of|secret%20|DEADBEEF|ring-user|471100815/);
  });
});
