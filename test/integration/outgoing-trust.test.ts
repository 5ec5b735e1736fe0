import { setTimeout as sleep } from "node:timers/promises";
import { sweepExpired } from "../../src/db/repositories/housekeeping";
import { createDeliveryStore } from "../../src/db/repositories/webhook-deliveries";
import { createSecretBox, renewSecrets } from "../../src/db/repositories/webhook-endpoints";
import { KeyRing, wrappingKeysInUse } from "../../src/db/vault";
import { type Receiver, startReceiver } from "../support/outgoing-receiver";
import { KEY, type WebhookWorld, webhookWorld } from "../support/outgoing-world";

const OTHER = "11111111-1111-4111-8111-111111111111";
const HOUR = 3_600;

/** What public names resolve to; changed by tests. */
let resolved: readonly string[];
let world: WebhookWorld;
let receiver: Receiver;
beforeEach(async () => {
  resolved = ["93.184.215.14"];
  const resolve = async (host: string) => (host === "localhost" ? ["127.0.0.1"] : resolved);
  world = await webhookWorld({ targets: { allowPrivate: ["localhost"], resolve } });
  receiver = await startReceiver(() => world.clock.now);
});
afterEach(async () => {
  await receiver.close();
  await world.close();
});

const create = (url = receiver.url) => world.api.create({ url, eventTypes: null, description: null }, KEY);
const count = async (table: string) => (await world.sql.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

/** Every way of writing hosts is in the tests of the check itself. */
const INSIDE = [
  "http://169.254.169.254/latest/meta-data/",
  "https://169.254.169.254/",
  "http://[::ffff:127.0.0.1]/",
  "https://[::ffff:127.0.0.1]/",
  "http://2130706433/",
  "https://2130706433/",
  "https://017700000001/",
  "https://0x7f000001/",
  "https://[::1]/",
  "https://10.0.0.1/",
  "http://app.example/",
  "https://user:secret@app.example/",
];

test("addresses that point inside are refused at save: neither a new endpoint nor a changed one has them", async () => {
  const { endpoint } = await create();
  const refused = { code: "WEBHOOK_URL_NOT_ALLOWED" };
  for (const url of INSIDE) {
    await expect(create(url)).rejects.toMatchObject(refused);
    await expect(world.api.update(endpoint.id, { url }, KEY)).rejects.toMatchObject(refused);
  }
  expect((await world.api.endpoints()).map(({ url }) => url)).toEqual([receiver.url]);
});

test("a name that resolves inside is refused at save, and at send where it was public before", async () => {
  resolved = ["93.184.215.14", "10.0.0.7"];
  await expect(create("https://evil.example/")).rejects.toMatchObject({ code: "WEBHOOK_URL_NOT_ALLOWED" });
  const { port } = new URL(receiver.url);
  resolved = ["93.184.215.14"];
  const { endpoint } = await create(`https://rebinding.example:${port}/`);
  resolved = ["127.0.0.1"];
  await world.api.sendTest(endpoint.id);
  await world.drive();
  const [delivery] = await world.deliveries(endpoint.id);
  expect(delivery).toMatchObject({
    status: "PENDING",
    attempts: [{ statusCode: null, error: "the address is not public" }],
  });
  expect(receiver.received).toEqual([]);
});

test("an address that came into the database by another way is refused at send", async () => {
  const { endpoint } = await create("https://app.example/");
  const { port } = new URL(receiver.url);
  for (const host of ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0177.0.0.1"]) {
    await world.sql.query("UPDATE webhook_endpoints SET url = $1", [`http://${host}:${port}/hook`]);
    await world.api.sendTest(endpoint.id);
    await world.drive();
  }
  const attempts = (await world.deliveries(endpoint.id)).flatMap((delivery) => delivery.attempts);
  expect(attempts.length).toBeGreaterThanOrEqual(4);
  expect(attempts.filter(({ statusCode }) => statusCode !== null)).toEqual([]);
  expect(receiver.received).toEqual([]);
});

test("an endpoint that never answers holds two requests of its own and nobody else", async () => {
  const silent = await startReceiver();
  try {
    silent.reply = () => "silence";
    const [slow, quick] = [await create(silent.url), await create()];
    for (let n = 0; n < 10; n += 1) await world.api.sendTest(slow.endpoint.id);
    for (let n = 0; n < 10; n += 1) await world.api.sendTest(quick.endpoint.id);
    // What a job does ends before anything is answered: the places of the worker stay free.
    await world.deliverer.wake(slow.endpoint.id);
    await world.deliverer.wake(quick.endpoint.id);
    for (let waited = 0; receiver.received.length < 10 && waited < 500; waited += 1) await sleep(10);
    expect(receiver.received).toHaveLength(10);
    expect(silent.most()).toBe(2);
    await world.deliverer.drain();
    expect(silent.most()).toBe(2);
  } finally {
    await silent.close();
  }
});

test("what a process claimed and did not record before it died is sent once more, under the same id", async () => {
  const { endpoint } = await create();
  const { messageId } = await world.api.sendTest(endpoint.id);
  const claims = await createDeliveryStore(world.at.database).take(endpoint.id, world.clock.now);
  expect(claims.map(({ message }) => message.id)).toEqual([messageId]);
  await world.drive(world.clock.now + 14);
  expect(receiver.received).toEqual([]);
  await world.drive(world.clock.now + 10);
  expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([messageId]);
  // The dead process turns out to live: what it records late counts no more.
  const late = { at: world.clock.now, statusCode: 500, durationMs: 1, error: null };
  const verdict = { kind: "failed", pauseUntil: null } as const;
  await createDeliveryStore(world.at.database).finish(claims[0]!, late, verdict, world.clock.now);
  expect(await world.deliveries(endpoint.id)).toMatchObject([{ status: "DELIVERED", attempts: [{ statusCode: 200 }] }]);
  await world.drive(world.clock.now + HOUR);
  expect(receiver.received).toHaveLength(1);
});

describe("secrets", () => {
  test("lie sealed: no table holds one, in any writing", async () => {
    const { endpoint, secret } = await create();
    const renewed = await world.api.rotate(endpoint.id, KEY);
    await world.api.sendTest(endpoint.id);
    await world.drive();
    const tables: { name: string }[] = (
      await world.sql.query(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')`,
      )
    ).rows;
    let rows = 0;
    const hits: string[] = [];
    for (const { name } of tables) {
      for (const { text } of (await world.sql.query(`SELECT t::text AS text FROM ${name} t`)).rows) {
        rows += 1;
        for (const each of [secret, renewed]) {
          const base64 = each.slice("whsec_".length);
          const bytes = Buffer.from(base64, "base64");
          const written = [base64, bytes.toString("hex"), Buffer.from(each).toString("hex")];
          if (written.some((one) => text.includes(one))) hits.push(name);
        }
      }
    }
    expect(rows).toBeGreaterThan(10);
    expect(hits).toEqual([]);
    expect(JSON.stringify(await world.api.endpoints())).not.toContain("whsec_");
  });

  test("one that was moved to another endpoint opens no more, and nothing is sent without a signature", async () => {
    const [one, other] = [await create(), await create()];
    await world.sql.query(
      `UPDATE webhook_secrets s SET sealed_secret = (SELECT sealed_secret FROM webhook_secrets WHERE endpoint_id = $1) WHERE endpoint_id = $2`,
      [one.endpoint.id, other.endpoint.id],
    );
    await world.api.sendTest(other.endpoint.id);
    await world.drive();
    expect(receiver.received).toEqual([]);
    expect((await world.deliveries(other.endpoint.id))[0]).toMatchObject({ attempts: [{ error: "SECRET_LOST" }] });
    expect(world.faults).toHaveLength(1);
  });

  test("follow the key ring: sealed anew under its current key, so that the old one may go", async () => {
    const { endpoint, secret } = await create();
    const { database, ring } = world.at;
    const renewed = { id: "newer", key: Buffer.alloc(32, 7) };
    expect(await wrappingKeysInUse(database)).toEqual([ring.current.id]);
    await renewSecrets(database, new KeyRing([renewed, ring.current]));
    expect(await wrappingKeysInUse(database)).toEqual(["newer"]);
    const [row] = (await world.sql.query("SELECT id, sealed_secret FROM webhook_secrets")).rows;
    const box = createSecretBox(new KeyRing([renewed]));
    expect(box.open(endpoint.id, row.id, row.sealed_secret)).toBe(secret);
  });

  test("of earlier days go with time: at most five sign, and housekeeping leaves the current one", async () => {
    const { endpoint } = await create();
    for (let n = 0; n < 8; n += 1) await world.api.rotate(endpoint.id, KEY);
    expect(await count("webhook_secrets")).toBe(5);
    await world.api.sendTest(endpoint.id);
    await world.drive();
    expect(String(receiver.received[0]!.headers["webhook-signature"]).split(" ")).toHaveLength(5);
    await world.sql.query(
      "UPDATE webhook_secrets SET retires_at = now() - interval '1 s' WHERE retires_at IS NOT NULL",
    );
    await sweepExpired(world.at.database);
    expect(await count("webhook_secrets")).toBe(1);
  });
});

test("the log goes back 30 days", async () => {
  const { endpoint } = await create();
  const kept = await world.api.sendTest(endpoint.id);
  const gone = await world.api.sendTest(endpoint.id);
  await world.drive();
  await world.sql.query("UPDATE webhook_messages SET created_at = now() - interval '31 days' WHERE id = $1", [
    gone.messageId,
  ]);
  await sweepExpired(world.at.database);
  expect((await world.deliveries(endpoint.id)).map(({ id }) => id)).toEqual([kept.id]);
  expect(await count("webhook_attempts")).toBe(1);
});

describe("applications", () => {
  beforeEach(async () => {
    await world.sql.query("INSERT INTO applications (id, name) VALUES ($1, 'other')", [OTHER]);
  });

  /** The endpoint and what belongs to it become the other application's. */
  async function given(endpointId: string): Promise<void> {
    const session = await world.sql.connect();
    await session.query("SET session_replication_role = replica");
    for (const table of ["secrets", "messages", "deliveries", "attempts", "audit"]) {
      await session.query(`UPDATE webhook_${table} SET application_id = $1`, [OTHER]);
    }
    await session.query("UPDATE webhook_endpoints SET application_id = $1 WHERE id = $2", [OTHER, endpointId]);
    await session.query("SET session_replication_role = DEFAULT");
    session.release();
  }

  test("an endpoint of another one is not there: not seen, changed, sent to, or ended", async () => {
    const { endpoint } = await create();
    const delivery = await world.api.sendTest(endpoint.id);
    await given(endpoint.id);
    const notFound = { code: "WEBHOOK_NOT_FOUND" };
    expect(await world.api.endpoints()).toEqual([]);
    expect(await world.deliveries(endpoint.id)).toEqual([]);
    await expect(world.api.update(endpoint.id, { enabled: false }, KEY)).rejects.toMatchObject(notFound);
    await expect(world.api.rotate(endpoint.id, KEY)).rejects.toMatchObject(notFound);
    await expect(world.api.remove(endpoint.id, KEY)).rejects.toMatchObject(notFound);
    await expect(world.api.sendTest(endpoint.id)).rejects.toMatchObject(notFound);
    await expect(world.api.retry(delivery.id)).rejects.toMatchObject(notFound);
    const person = await world.at.addPerson();
    await world.changed(person, ["2026-10-01"]);
    await world.drive(world.clock.now + HOUR);
    expect(receiver.received).toEqual([]);
    expect([await count("webhook_endpoints"), await count("webhook_messages")]).toEqual([1, 1]);
    expect((await world.sql.query("SELECT event FROM webhook_audit")).rows).toEqual([{ event: "CREATED" }]);
  });

  test("row-level security closes every table of theirs, also without a WHERE", async () => {
    const { endpoint } = await create();
    receiver.reply = () => ({ status: 500 });
    await world.api.sendTest(endpoint.id);
    await world.drive();
    await given(endpoint.id);
    for (const table of ["endpoints", "secrets", "messages", "deliveries", "attempts", "audit"]) {
      expect([table, await count(`webhook_${table}`)]).toEqual([table, expect.any(Number)]);
      expect([table, await world.at.database.directory(`SELECT * FROM webhook_${table}`, [])]).toEqual([table, []]);
      expect(await count(`webhook_${table}`)).toBeGreaterThan(0);
    }
  });

  test("everything goes with its application", async () => {
    const { endpoint } = await create();
    await world.api.sendTest(endpoint.id);
    await world.drive();
    await given(endpoint.id);
    await world.sql.query("DELETE FROM applications WHERE id = $1", [OTHER]);
    for (const table of ["endpoints", "secrets", "messages", "deliveries", "attempts", "audit"]) {
      expect([table, await count(`webhook_${table}`)]).toEqual([table, 0]);
    }
  });
});

test("what is done to an endpoint is noted with the key that asked, and nobody changes what was noted", async () => {
  const { endpoint } = await create();
  await world.api.update(endpoint.id, { description: "mine", enabled: true }, "wg_live_other");
  await world.api.rotate(endpoint.id, KEY);
  receiver.reply = () => ({ status: 410 });
  await world.api.sendTest(endpoint.id);
  await world.drive();
  await world.api.remove(endpoint.id, KEY);
  await expect(world.api.remove(endpoint.id, KEY)).rejects.toMatchObject({ code: "WEBHOOK_NOT_FOUND" });
  const noted = async () =>
    (await world.sql.query("SELECT endpoint_id, event, key_prefix, detail FROM webhook_audit ORDER BY at")).rows;
  const expected = [
    ["CREATED", KEY, null],
    ["CHANGED", "wg_live_other", "description enabled"],
    ["SECRET_ROTATED", KEY, null],
    ["DISABLED", null, "GONE"],
    ["DELETED", KEY, null],
  ].map(([event, key_prefix, detail]) => ({ endpoint_id: endpoint.id, event, key_prefix, detail }));
  expect(await noted()).toEqual(expected);
  await world.at.database.directory("UPDATE webhook_audit SET key_prefix = 'forged'", []);
  await world.at.database.directory("DELETE FROM webhook_audit", []);
  expect(await noted()).toEqual(expected);
});
