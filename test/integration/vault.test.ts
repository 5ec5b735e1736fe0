import { randomBytes } from "node:crypto";
import { createVaults, KeyRing } from "../../src/db/vault";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";

const PLACE = { table: "t", column: "c", row: "r", provider: "vendor" };
let at: MigratedDatabase;
beforeAll(async () => {
  at = await migratedDatabase();
});
afterAll(() => at.close());

const wrappingKeys = (personId: string) =>
  at.database.person(personId, (tx) => tx.query("SELECT wrapping_key_id FROM data_keys"));

test("the data key is made once, however many processes need it first at the same time", async () => {
  const person = await at.addPerson();
  const vaults = await Promise.all(Array.from({ length: 20 }, () => createVaults(at.database, at.ring).of(person)));
  const sealed = vaults[0]!.seal(PLACE, Buffer.from("token"));
  for (const vault of vaults) expect(vault.open(PLACE, sealed).toString()).toBe("token");
});

test("one person's vault does not open another's values", async () => {
  const [one, other] = await Promise.all([at.addPerson(), at.addPerson()]);
  const sealed = (await at.vaults.of(one)).seal(PLACE, Buffer.from("token"));
  const vault = await at.vaults.of(other);
  expect(() => vault.open(PLACE, sealed)).toThrow("moved or changed");
});

test("a newer key in the ring rewraps the data key at its next use; values stay readable, without the old key too", async () => {
  const person = await at.addPerson();
  const old = { id: "old", key: randomBytes(32) };
  const next = { id: "next", key: randomBytes(32) };
  const sealed = (await createVaults(at.database, new KeyRing([old])).of(person)).seal(PLACE, Buffer.from("token"));
  expect(await wrappingKeys(person)).toEqual([{ wrapping_key_id: "old" }]);
  await createVaults(at.database, new KeyRing([next, old])).of(person);
  expect(await wrappingKeys(person)).toEqual([{ wrapping_key_id: "next" }]);
  const vault = await createVaults(at.database, new KeyRing([next])).of(person);
  expect(vault.open(PLACE, sealed).toString()).toBe("token");
});

test("a data key whose wrapping key is gone fails by name, and is tried again afterwards", async () => {
  const person = await at.addPerson();
  await createVaults(at.database, new KeyRing([{ id: "lost", key: randomBytes(32) }])).of(person);
  await expect(at.vaults.of(person)).rejects.toThrow('the key "lost" of a sealed value is not at hand');
  await expect(at.vaults.of(person)).rejects.toThrow("lost");
});

test("nobody gets a data key without being a person", async () => {
  await expect(at.vaults.of("00000000-0000-4000-8000-00000000dead")).rejects.toThrow();
});
