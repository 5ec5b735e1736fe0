import { Client } from "pg";
import { Database, dataSource } from "../../src/db/database";
import { bypassesRowSecurity, migrate } from "../../src/db/migrate";
import { PERSONAL_TABLES } from "../../src/db/migrations/1763700000000-foundation";
import { FEED_TABLES } from "../../src/db/migrations/1764000000000-changes";
import { HISTORY_TABLES } from "../../src/db/migrations/1764300000000-backfill";
import { ANNOUNCEMENT_TABLES } from "../../src/db/migrations/1764400000000-outgoing-webhooks";
import { type MigratedDatabase, migratedDatabase, POOLS } from "../support/migrated-database";
import { freshDatabase } from "../support/services";

let at: MigratedDatabase;
let one: string;
let other: string;
beforeAll(async () => {
  at = await migratedDatabase();
  [one, other] = await Promise.all([at.addPerson("one"), at.addPerson("other")]);
  for (const person of [one, other]) {
    await at.vaults.of(person);
    await at.database.person(person, async (tx) => {
      await tx.query(
        `INSERT INTO accounts (person_id, provider, vendor_user_id, status, granted_scopes, connected_at)
         VALUES ($1, 'vendor', 'u', 'ACTIVE', '{}', now())`,
        [person],
      );
      await tx.query("INSERT INTO audit_events (person_id, event) VALUES ($1, 'TEST')", [person]);
      await tx.query(
        `INSERT INTO link_states (person_id, state_hash, provider, sealed_request, expires_at)
         VALUES ($1, $2, 'vendor', '', now() + interval '1 minute')`,
        [person, `state of ${person}`],
      );
    });
  }
});
afterAll(() => at.close());

test.each([...PERSONAL_TABLES, ...FEED_TABLES, ...HISTORY_TABLES, ...ANNOUNCEMENT_TABLES])(
  "%s: row-level security is on and forced, and asks whose the row is",
  async (table) => {
    const [state] = await at.database.directory<{ on: boolean; forced: boolean; leads: string }>(
      `SELECT relrowsecurity AS on, relforcerowsecurity AS forced,
       (SELECT attname FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum = 1) AS leads
     FROM pg_class WHERE oid = $1::regclass`,
      [table],
    );
    expect(state).toEqual({ on: true, forced: true, leads: "person_id" });
  },
);

test.each(["data_keys", "accounts", "audit_events", "link_states"])(
  "%s: without a WHERE, only one's own row",
  async (table) => {
    const seen = await at.database.person(one, (tx) => tx.query(`SELECT person_id FROM ${table}`));
    expect(seen).toEqual([{ person_id: one }]);
    expect(await at.database.directory(`SELECT person_id FROM ${table}`, [])).toEqual([]);
  },
);

test("an update or delete without a WHERE changes one's own rows only", async () => {
  const counts = await at.database.person(one, async (tx) => [
    (await tx.query("UPDATE accounts SET vendor_user_id = 'changed'"))[1],
    (await tx.query("DELETE FROM audit_events"))[1],
    (await tx.query("UPDATE people SET data_version = data_version + 1"))[1],
  ]);
  expect(counts).toEqual([1, 1, 1]);
  const [theirs] = await at.database.person(other, (tx) =>
    tx.query("SELECT vendor_user_id, (SELECT count(*)::int FROM audit_events) AS events FROM accounts"),
  );
  expect(theirs).toEqual({ vendor_user_id: "u", events: 1 });
});

test("a row cannot be written in another's name", async () => {
  const attempt = at.database.person(one, (tx) =>
    tx.query("INSERT INTO audit_events (person_id, event) VALUES ($1, 'FORGED')", [other]),
  );
  await expect(attempt).rejects.toThrow("row-level security");
});

test("the bearer of a state sees that linking and nothing else", async () => {
  const seen = await at.database.linkState(`state of ${other}`, async (tx) => [
    await tx.query("SELECT person_id FROM link_states"),
    await tx.query("SELECT person_id FROM accounts"),
  ]);
  expect(seen).toEqual([[{ person_id: other }], []]);
});

test("the setting ends with its transaction: the connection's next user sees nothing", async () => {
  const small = await Database.connect(at.fresh.url, { ...POOLS, api: 1 });
  try {
    await small.person(one, (tx) => tx.query("SELECT 1"));
    expect(await small.directory("SELECT person_id FROM accounts", [])).toEqual([]);
  } finally {
    await small.close();
  }
});

test("jobs cross persons; the app's role does not inherit that", async () => {
  const people = await at.database.jobs((tx) => tx.query("SELECT DISTINCT person_id FROM accounts"));
  expect(people).toHaveLength(2);
  const [role] = await at.database.directory<{ inherits: boolean }>(
    "SELECT pg_has_role(current_user, 'gateway_jobs', 'USAGE') AS inherits",
    [],
  );
  expect(role).toEqual({ inherits: false });
});

test("even where the app's role inherits the jobs' role, it sees one person's rows only", async () => {
  const admin = new Client({ connectionString: at.fresh.adminUrl });
  await admin.connect();
  try {
    await admin.query("BEGIN");
    await admin.query("CREATE ROLE inheriting INHERIT NOLOGIN");
    await admin.query("GRANT gateway_jobs TO inheriting");
    await admin.query("SET LOCAL ROLE inheriting");
    await admin.query("SELECT set_config('gateway.person_id', $1, true)", [one]);
    expect((await admin.query("SELECT pg_has_role('gateway_jobs', 'USAGE') AS inherits")).rows).toEqual([
      { inherits: true },
    ]);
    expect((await admin.query("SELECT person_id FROM accounts")).rows).toEqual([{ person_id: one }]);
  } finally {
    await admin.query("ROLLBACK");
    await admin.end();
  }
});

test("a role that bypasses row-level security is recognised", async () => {
  expect(await bypassesRowSecurity(at.database)).toBe(false);
  const asSuperuser = await Database.connect(at.fresh.adminUrl, {
    api: 1,
    reads: 1,
    refresh: 1,
    attempts: 1,
    worker: 1,
  });
  try {
    expect(await bypassesRowSecurity(asSuperuser)).toBe(true);
  } finally {
    await asSuperuser.close();
  }
});

test("processes that start together migrate once, also for several databases of one server", async () => {
  const [first, second] = await Promise.all([freshDatabase(), freshDatabase()]);
  try {
    await Promise.all([first, first, first, second, second].map(({ url }) => migrate(url)));
    const client = new Client({ connectionString: first.url });
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS applied FROM migrations");
    await client.end();
    expect(rows).toEqual([{ applied: Object.keys(dataSource(first.url, "api", 1).options.migrations ?? []).length }]);
  } finally {
    await Promise.all([first.drop(), second.drop()]);
  }
});

test.each(["' OR true --", "\\'; SELECT 1 --", "$1", ""])("a state is a value, whatever is in it: %p", async (hash) => {
  expect(await at.database.linkState(hash, (tx) => tx.query("SELECT person_id FROM link_states"))).toEqual([]);
  const told = "SELECT current_setting('gateway.link_state', true) AS state";
  expect(await at.database.linkState(hash, (tx) => tx.query(told))).toEqual([{ state: hash }]);
});

test("a transaction whose work fails leaves nothing, and its connection in order", async () => {
  const small = await Database.connect(at.fresh.url, { ...POOLS, api: 1 });
  const count = async () => small.person(one, (tx) => tx.query("SELECT count(*)::int AS events FROM audit_events"));
  const before = await count();
  try {
    const write = "INSERT INTO audit_events (person_id, event) VALUES ($1, 'UNDONE')";
    const failing = small.person(one, async (tx) => {
      await tx.query(write, [one]);
      throw new Error("after all not");
    });
    await expect(failing).rejects.toThrow("after all not");
    const refused = small.person(one, async (tx) => {
      await tx.query(write, [one]);
      await tx.query("SELECT 1 / 0");
    });
    await expect(refused).rejects.toMatchObject({ code: "22012" });
    expect(await count()).toEqual(before);
    expect(await small.directory("SELECT person_id FROM accounts", [])).toEqual([]);
  } finally {
    await small.close();
  }
});

test("a prepared read sees one's own rows only, whoever read on the connection before", async () => {
  const statement = { name: "whose accounts", text: "SELECT person_id FROM accounts" };
  for (const person of [one, other, one, other]) {
    expect(await at.database.read(person, statement, [])).toEqual([{ person_id: person }]);
  }
  expect(await at.database.directory("SELECT person_id FROM accounts", [])).toEqual([]);
});

test("a prepared read changes nothing, and leaves no connection behind that is in the middle of something", async () => {
  const name = "a change";
  const text = "UPDATE accounts SET vendor_user_id = 'changed by a read' RETURNING person_id";
  const reads = Array.from({ length: 12 }, () => at.database.read(one, { name, text }, []));
  for (const { status } of await Promise.allSettled(reads)) expect(status).toBe("rejected");
  await expect(at.database.read(one, { name, text }, [])).rejects.toMatchObject({ code: "25006" });
  const state = { name: "state", text: "SELECT pg_current_xact_id_if_assigned() AS id, current_person() AS person" };
  expect(await at.database.read(one, state, [])).toEqual([{ id: null, person: one }]);
  await expect(at.database.read("nobody' OR true", state, [])).rejects.toThrow(RangeError);
});
