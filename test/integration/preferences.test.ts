import { LocalBell } from "../../src/cache/memory";
import { keepPreference, readPersonState, readVersions } from "../../src/db/repositories/person-state";
import { PreferenceService } from "../../src/services/preferences";
import { PersonStates } from "../../src/services/reading/person-state";
import { ConfirmedVersions } from "../../src/services/versions";
import { MemoryCache } from "../support/memory-cache";
import { type MigratedDatabase, migratedDatabase } from "../support/migrated-database";

let at: MigratedDatabase;
beforeAll(async () => {
  at = await migratedDatabase();
});
afterAll(() => at.close());

function service(bell = new LocalBell()) {
  const versions = new ConfirmedVersions((ids) => readVersions(at.database, ids), bell);
  const states = new PersonStates((id) => readPersonState(at.database, id), new MemoryCache(), "build");
  const providers = new Map([
    ["ring", {}],
    ["watch", {}],
  ]);
  const keep = keepPreference.bind(null, at.database);
  return { versions, preferences: new PreferenceService({ versions, states, keep, providers }) };
}

async function someone() {
  return { id: await at.addPerson(), externalId: "someone" };
}

test("a preference is read as kept, replaced, and gone once its order is empty; the data version rises each time", async () => {
  const { id } = await someone();
  const before = BigInt((await readVersions(at.database, [id])).get(id)!);
  expect((await readPersonState(at.database, id)).preferences).toEqual({});
  const first = await keepPreference(at.database, id, "SLEEP", ["watch", "ring"]);
  await keepPreference(at.database, id, "HRV", ["ring"]);
  expect((await readPersonState(at.database, id)).preferences).toEqual({ SLEEP: ["watch", "ring"], HRV: ["ring"] });
  await keepPreference(at.database, id, "SLEEP", ["ring"]);
  expect((await readPersonState(at.database, id)).preferences).toEqual({ SLEEP: ["ring"], HRV: ["ring"] });
  const last = await keepPreference(at.database, id, "SLEEP", []);
  expect((await readPersonState(at.database, id)).preferences).toEqual({ HRV: ["ring"] });
  expect([first, last]).toEqual([String(before + 1n), String(before + 4n)]);
  expect((await readVersions(at.database, [id])).get(id)).toBe(last);
});

test("one person's preference is nobody else's", async () => {
  const [one, other] = [await someone(), await someone()];
  await keepPreference(at.database, one.id, "SLEEP", ["watch"]);
  expect((await readPersonState(at.database, other.id)).preferences).toEqual({});
  await expect(
    at.database.person(other.id, (tx) =>
      tx.query("INSERT INTO source_preferences (person_id, metric, providers) VALUES ($1, 'HRV', '{ring}')", [one.id]),
    ),
  ).rejects.toThrow(/row-level security/);
});

test("what was set is listed at once in this process, and wherever the bell is heard", async () => {
  const bell = new LocalBell();
  const [here, there] = [service(bell), service(bell)];
  const person = await someone();
  expect(await there.preferences.list(person.id)).toEqual([]);
  expect(await here.preferences.list(person.id)).toEqual([]);
  expect(await here.preferences.set(person, "HRV", ["watch"])).toEqual({ metric: "HRV", order: ["watch"] });
  await here.preferences.set(person, "SLEEP", ["ring", "watch"]);
  const kept = [
    { metric: "SLEEP", order: ["ring", "watch"] },
    { metric: "HRV", order: ["watch"] },
  ];
  expect(await here.preferences.list(person.id)).toEqual(kept);
  expect(await there.preferences.list(person.id)).toEqual(kept);
  expect(await here.preferences.set(person, "SLEEP", [])).toBeNull();
  expect(await here.preferences.list(person.id)).toEqual(kept.slice(1));
});

test("a wearable that was taken out of the gateway is not listed, and alone is no preference", async () => {
  const { preferences } = service();
  const person = await someone();
  await preferences.set(person, "SLEEP", ["gone", "ring"]);
  await preferences.set(person, "HRV", ["gone"]);
  expect(await preferences.list(person.id)).toEqual([{ metric: "SLEEP", order: ["ring"] }]);
});
