import { armBackfills, PgBackfillStore } from "../../src/db/repositories/backfills";
import { createGrantStore } from "../../src/db/repositories/grants";
import { createLinkStore } from "../../src/db/repositories/links";
import { civilDay } from "../../src/domain/days";
import { decodeNodeId, encodeNodeId } from "../../src/domain/ids";
import { LARGEST_WEBHOOK_BODY } from "../../src/domain/webhook-events";
import { type Receiver, startReceiver } from "../support/outgoing-receiver";
import { KEY, type WebhookWorld, webhookWorld } from "../support/outgoing-world";

interface Change {
  readonly metric: string | null;
  readonly provider: string;
  readonly day: string | null;
  readonly type: string;
  readonly origin: string;
}
interface Event {
  readonly type: string;
  readonly data: {
    readonly user: { readonly externalId: string };
    readonly changes: readonly Change[];
    readonly cursor: string;
    readonly account: { readonly id: string; readonly provider: string };
  };
}

let world: WebhookWorld;
let receiver: Receiver;
beforeEach(async () => {
  world = await webhookWorld();
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await world.close();
});

const listen = async (eventTypes: readonly string[] | null = null) =>
  (await world.api.create({ url: receiver.url, eventTypes, description: null }, KEY)).endpoint.id;
const events = (): Event[] => receiver.received.map(({ body }) => JSON.parse(body));
const days = (some = events()) => some.flatMap(({ data }) => data.changes.map(({ day }) => day));
const isoDay = (n: number) => new Date(Date.UTC(2020, 0, 1 + n)).toISOString().slice(0, 10);

test("many commits make one message that says where to look, and no value", async () => {
  await listen();
  const person = await world.at.addPerson("Zoë");
  for (let n = 0; n < 5; n += 1) await world.changed(person, [isoDay(n)]);
  expect((await world.jobs()).map(({ task }) => task)).toEqual(["announce"]);
  await world.drive();
  const { rows } = await world.sql.query("SELECT max(version)::text AS version FROM changes");
  const change = (n: number) => ({
    metric: "SLEEP",
    provider: "ACME",
    day: isoDay(n),
    type: "UPDATED",
    origin: "LIVE",
  });
  expect(events()).toEqual([
    {
      type: "data.changed",
      timestamp: expect.any(String),
      data: { user: { externalId: "Zoë" }, changes: [0, 1, 2, 3, 4].map(change), cursor: `${rows[0].version}.1` },
    },
  ]);
});

test("a long history is told in messages of at most 20 kB, each with the cursor behind it, all of it once", async () => {
  await listen(["data.changed"]);
  const person = await world.at.addPerson("x".repeat(255));
  await world.changed(
    person,
    Array.from({ length: 4_500 }, (_, n) => isoDay(n)),
    "BACKFILL",
  );
  await world.drive();
  expect(days()).toHaveLength(4_500);
  expect(new Set(days()).size).toBe(4_500);
  const sizes = receiver.received.map(({ body }) => Buffer.byteLength(body));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(LARGEST_WEBHOOK_BODY);
  expect(sizes.length).toBeGreaterThan(15);
  const ordinals = events().map(({ data }) => Number(data.cursor.split(".")[1]));
  expect(ordinals.sort((a, b) => a - b).at(-1)).toBe(4_500);
  expect(new Set(ordinals).size).toBe(ordinals.length);
});

test("an announcement that dies before its commit is made by the next, and one made twice tells once", async () => {
  await listen();
  const person = await world.at.addPerson("ann");
  await world.changed(person, [isoDay(1)]);
  const announcing = (await world.jobs())[0]!;
  await world.sql.query("ALTER TABLE announcements ADD CONSTRAINT dies CHECK (ordinal = 0)");
  await expect(world.drive()).rejects.toThrow("dies");
  await world.sql.query("ALTER TABLE announcements DROP CONSTRAINT dies");
  expect((await world.sql.query("SELECT count(*)::int AS n FROM webhook_messages")).rows).toEqual([{ n: 0 }]);
  for (let again = 0; again < 3; again += 1) {
    await world.sql.query(`SELECT graphile_worker.add_job('announce', $1)`, [JSON.stringify(announcing.payload)]);
  }
  await world.drive();
  expect(days()).toEqual([isoDay(1)]);
});

test("announcements at the same time, and commits among them, tell everything once and in order", async () => {
  await listen();
  const person = await world.at.addPerson("ann");
  const writing = (async () => {
    for (let n = 0; n < 40; n += 1) await world.changed(person, [isoDay(n)]);
  })();
  const driving = Array.from({ length: 3 }, async () => {
    for (let turn = 0; turn < 15; turn += 1) await world.drive();
  });
  await Promise.all([writing, ...driving]);
  await world.drive();
  expect(days()).toEqual(Array.from({ length: 40 }, (_, n) => isoDay(n)));
});

test("nobody is told of what happened before there was anybody, or while nobody listened", async () => {
  const person = await world.at.addPerson("ann");
  await world.changed(person, [isoDay(0)]);
  expect(await world.jobs()).toEqual([]);
  const id = await listen();
  await world.changed(person, [isoDay(1)]);
  await world.drive();
  await world.api.update(id, { enabled: false }, KEY);
  await world.changed(person, [isoDay(2)]);
  await world.changed(person, [isoDay(3)]);
  await world.api.update(id, { enabled: true }, KEY);
  await world.changed(person, [isoDay(4)]);
  await world.drive();
  expect(days()).toEqual([isoDay(1), isoDay(4)]);
});

test("each endpoint gets the types that it wants; a test event reaches one that wants none of them", async () => {
  const [all, changes, accounts] = [
    await listen(),
    await listen(["data.changed"]),
    await listen(["account.connected"]),
  ];
  const person = await world.at.addPerson("ann");
  await world.changed(person, [isoDay(0)]);
  await world.api.sendTest(accounts);
  await world.drive();
  const types = async (id: string) => (await world.deliveries(id)).map(({ eventType }) => eventType);
  expect([await types(all), await types(changes), await types(accounts)]).toEqual([
    ["data.changed"],
    ["data.changed"],
    ["test"],
  ]);
  // The same event has the same id everywhere.
  const messages = receiver.received.filter(({ body }) => body.includes("data.changed"));
  expect(new Set(messages.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
});

describe("accounts", () => {
  const link = (personId: string, vendorUserId = "u1") =>
    createLinkStore(world.at.database).link(personId, {
      provider: "acme",
      vendorUserId,
      grantedScopes: [],
      at: Math.floor(Date.now() / 1_000),
      expiresAt: Date.now() / 1_000 + 3_600,
      seal: () => Buffer.from("sealed"),
    });
  const told = () =>
    events().map(({ type, data }) => [
      type,
      data.user.externalId,
      data.account.provider,
      decodeNodeId(data.account.id),
    ]);

  test("linking, replacing and unlinking are told once each, with the account's node id", async () => {
    await listen();
    const person = await world.at.addPerson("ann");
    const first = (await link(person)).account;
    await world.drive();
    const second = (await link(person, "u2")).account;
    await world.drive();
    await createLinkStore(world.at.database).disconnect(person, "acme", true);
    await world.drive();
    await createLinkStore(world.at.database).disconnect(person, "acme", false);
    await world.drive();
    const node = (account: string) => ({ type: "ProviderAccount", person, account });
    const of = (type: string, account: string) => [type, "ann", "ACME", node(account)];
    const accounts = events().filter(({ type }) => type !== "data.changed");
    receiver.received.splice(
      0,
      receiver.received.length,
      ...receiver.received.filter(({ body }) => !body.includes("data.changed")),
    );
    expect(accounts).toHaveLength(4);
    expect(told().sort()).toEqual(
      [
        of("account.connected", first.id),
        of("account.disconnected", first.id),
        of("account.connected", second.id),
        of("account.disconnected", second.id),
      ].sort(),
    );
  });

  test("a refused grant is told once", async () => {
    await listen();
    const person = await world.at.addPerson("ann");
    const { account } = await link(person);
    const refuse = () =>
      createGrantStore(world.at.database).locked(
        person,
        account.id,
        async () =>
          ({
            attemptId: null,
            change: { kind: "refuse", at: Date.now() / 1_000, detail: "invalid_grant" },
          }) as never,
      );
    await refuse();
    await refuse();
    await world.drive();
    expect(
      events()
        .map(({ type }) => type)
        .sort(),
    ).toEqual(["account.connected", "account.reconnect_required"]);
  });

  test("history is told of when all of it is over, and whether all of it came", async () => {
    await listen(["backfill.completed"]);
    const person = await world.at.addPerson("ann");
    const { account } = await link(person);
    const range = { firstDay: civilDay("2026-01-01"), lastDay: civilDay("2026-10-01") };
    const names = ["sleep", "activity"];
    const endpoints = names.map((name) => ({ name, ...range }));
    const store = new PgBackfillStore(world.at.database);
    const over = async (endpoint: string, state: "DONE" | "FAILED") => {
      await store.keep(
        { personId: person, accountId: account.id, endpoint },
        { state, failures: 0, firstDay: range.firstDay },
        [],
      );
      await world.drive();
      return events().map(({ data }) => data);
    };
    const told = (complete: boolean) => ({
      user: { externalId: "ann" },
      account: { id: encodeNodeId({ type: "ProviderAccount", person, account: account.id }), provider: "ACME" },
      complete,
    });
    await world.at.database.person(person, (tx) => armBackfills(tx, account, { endpoints, jobs: [] }));
    expect(await over("sleep", "FAILED")).toEqual([]);
    expect(await over("activity", "DONE")).toEqual([told(false)]);
    await store.rearm(person, account.id, () => ({ task: "backfill", payload: {} }));
    await world.sql.query("DELETE FROM graphile_worker._private_jobs");
    expect(await over("sleep", "DONE")).toEqual([told(false), told(true)]);
  });

  test("linking that is rolled back tells nothing", async () => {
    await listen();
    const person = await world.at.addPerson("ann");
    const failing = createLinkStore(world.at.database).link(person, {
      provider: "acme",
      vendorUserId: "u",
      grantedScopes: [],
      at: 1,
      expiresAt: 2,
      seal: () => {
        throw new Error("no key");
      },
    });
    await expect(failing).rejects.toThrow("no key");
    expect(await world.jobs()).toEqual([]);
  });
});

test("what concerns a person goes with that person", async () => {
  await listen();
  const [ann, ben] = [await world.at.addPerson("ann"), await world.at.addPerson("ben")];
  await world.changed(ann, [isoDay(0)]);
  await world.changed(ben, [isoDay(0)]);
  receiver.reply = () => ({ status: 500 });
  await world.drive();
  await world.at.database.person(ann, (tx) => tx.query("DELETE FROM people WHERE id = $1", [ann]));
  const { rows } = await world.sql.query(
    "SELECT body::jsonb #>> '{data,user,externalId}' AS who, (SELECT count(*)::int FROM webhook_deliveries d WHERE d.message_id = m.id) AS n FROM webhook_messages m",
  );
  expect(rows).toEqual([{ who: "ben", n: 1 }]);
  expect((await world.sql.query("SELECT person_id FROM announcements")).rows).toEqual([{ person_id: ben }]);
});
