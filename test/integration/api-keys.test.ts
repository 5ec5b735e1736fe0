import { Client } from "pg";
import { createKeyStore } from "../../src/db/repositories/api-keys";
import { createPeopleStore } from "../../src/db/repositories/people";
import { createKeys, mintKey } from "../../src/services/keys";
import type { KeyStore } from "../../src/services/ports/keys";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";

const OTHER_APPLICATION = "00000000-0000-4000-8000-000000000002";

let at: MigratedDatabase;
let store: KeyStore;
let admin: Client;
beforeAll(async () => {
  at = await migratedDatabase();
  store = createKeyStore(at.database);
  admin = new Client({ connectionString: at.fresh.adminUrl });
  await admin.connect();
  await admin.query("INSERT INTO applications (id, name) VALUES ($1, 'other')", [OTHER_APPLICATION]);
});
afterAll(async () => {
  await admin?.end();
  await at.close();
});
afterEach(() => admin.query("TRUNCATE api_keys"));

async function added(changed: { name?: string; scopes?: ("read" | "write")[]; expiresAt?: number } = {}) {
  const { key, prefix, hash } = mintKey();
  await store.add({ name: "Back end", scopes: ["read"], expiresAt: null, prefix, hash, ...changed });
  return { key, prefix, hash };
}
const lastUsed = async () => (await store.list())[0]?.lastUsedAt ?? null;

test("a key is found by its hash alone, and stored without itself", async () => {
  const { key, prefix, hash } = await added({ scopes: ["read", "write"], expiresAt: 2_000_000_000 });
  const found = await store.byHash(hash);
  expect(found).toMatchObject({
    name: "Back end",
    prefix,
    scopes: ["read", "write"],
    expiresAt: 2_000_000_000,
    lastUsedAt: null,
    revokedAt: null,
  });
  expect(Math.abs((found?.createdAt ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
  expect(await store.byHash(mintKey().hash)).toBeNull();
  const { rows } = await admin.query("SELECT api_keys::text AS text FROM api_keys");
  expect(rows[0].text).not.toContain(key.slice(prefix.length + 1));
});

test("keys are listed by age; no prefix is there twice", async () => {
  const first = await added({ name: "first" });
  await added({ name: "second" });
  expect((await store.list()).map(({ name }) => name)).toEqual(["first", "second"]);
  const twin = { ...mintKey(), prefix: first.prefix };
  await expect(store.add({ name: "twin", scopes: ["read"], expiresAt: null, ...twin })).rejects.toThrow(/unique/);
});

test("the use of a key is written at most once a minute", async () => {
  const { hash } = await added();
  const id = (await store.byHash(hash))?.id ?? "";
  await store.used(id);
  const first = await lastUsed();
  expect(first).toBeGreaterThan(Date.now() / 1_000 - 60);
  await store.used(id);
  expect(await lastUsed()).toBe(first);
  await admin.query("UPDATE api_keys SET last_used_at = now() - interval '61 seconds'");
  await store.used(id);
  expect(await lastUsed()).toBeGreaterThanOrEqual(first ?? 0);
});

test("a revoked key stays revoked since the first time; an unknown prefix is told", async () => {
  const { prefix, hash } = await added();
  expect(await store.revoke("wg_live_00000000")).toBe(false);
  expect((await store.byHash(hash))?.revokedAt).toBeNull();
  expect(await store.revoke(prefix)).toBe(true);
  const revokedAt = (await store.byHash(hash))?.revokedAt;
  expect(revokedAt).toBeGreaterThan(0);
  expect(await store.revoke(prefix)).toBe(true);
  expect((await store.byHash(hash))?.revokedAt).toBe(revokedAt);
});

test("verifying: a key that is there passes and is used; revoked, expired and unknown ones are refused and are not", async () => {
  const [good, revoked] = [await added({ name: "good" }), await added({ name: "revoked" })];
  const expired = await added({ name: "expired", expiresAt: Math.floor(Date.now() / 1_000) - 1 });
  await store.revoke(revoked.prefix);
  const keys = createKeys(store);
  expect(await keys.verify(good.key)).toMatchObject({ prefix: good.prefix, scopes: ["read"] });
  for (const { key } of [revoked, expired, mintKey()]) {
    await expect(keys.verify(key)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  }
  expect((await store.list()).map(({ lastUsedAt }) => lastUsedAt !== null)).toEqual([true, false, false]);
});

test.each([
  ["no scope", "name", "{}"],
  ["a scope that does not exist", "name", "{everything}"],
  ["no name", "", "{read}"],
])("the table takes no key with %s", async (_, name, scopes) => {
  const { prefix, hash } = mintKey();
  const insert = `INSERT INTO api_keys (application_id, name, prefix, hash, scopes)
    VALUES (current_application(), $1, $2, $3, $4)`;
  await expect(at.database.directory(insert, [name, prefix, hash, scopes])).rejects.toThrow(/check constraint/);
});

describe("row-level security", () => {
  test("is on and forced", async () => {
    const sql =
      "SELECT relrowsecurity AS on, relforcerowsecurity AS forced FROM pg_class WHERE oid = 'api_keys'::regclass";
    expect(await at.database.directory(sql, [])).toEqual([{ on: true, forced: true }]);
  });

  test.each([
    ["another application", `-c gateway.application_id=${OTHER_APPLICATION}`],
    ["no application", ""],
  ])("shows, changes and adds nothing to %s", async (_, options) => {
    const { prefix } = await added();
    const client = new Client({ connectionString: at.fresh.url, options });
    await client.connect();
    try {
      expect((await client.query("SELECT * FROM api_keys")).rows).toEqual([]);
      expect((await client.query("UPDATE api_keys SET revoked_at = now()")).rowCount).toBe(0);
      expect((await client.query("DELETE FROM api_keys")).rowCount).toBe(0);
      const { hash } = mintKey();
      const insert = `INSERT INTO api_keys (application_id, name, prefix, hash, scopes)
        SELECT id, 'n', 'p', $1, '{read}' FROM applications WHERE name = 'default'`;
      await expect(client.query(insert, [hash])).rejects.toThrow(/row-level security/);
    } finally {
      await client.end();
    }
    expect(await store.list()).toMatchObject([{ prefix, revokedAt: null }]);
  });
});

describe("people", () => {
  test("are found by either id, and are not made by looking", async () => {
    const people = createPeopleStore(at.database);
    expect(await people.find("ada")).toBeNull();
    expect(await people.find("ada")).toBeNull();
    const ada = await people.findOrAdd("ada");
    expect(await people.find("ada")).toEqual(ada);
    expect(await people.byId(ada.id)).toEqual(ada);
    expect(await people.byId(OTHER_APPLICATION)).toBeNull();
  });

  test("of another application are nobody", async () => {
    const { rows } = await admin.query(
      "INSERT INTO people (application_id, external_id) VALUES ($1, 'eve') RETURNING id",
      [OTHER_APPLICATION],
    );
    const people = createPeopleStore(at.database);
    expect([await people.find("eve"), await people.byId(rows[0].id)]).toEqual([null, null]);
  });
});
