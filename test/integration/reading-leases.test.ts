import { setTimeout as sleep } from "node:timers/promises";
import { PgFlightLeases } from "../../src/db/repositories/flights";
import { AccountFenced } from "../../src/domain/errors";
import type { FlightKey } from "../../src/services/ports/flights";
import { type Someone, World } from "../support/reading-world";

let world: World;
let leases: [PgFlightLeases, PgFlightLeases];
beforeAll(async () => {
  world = await World.create();
  const [one, other] = [await world.gateway(), await world.gateway()];
  leases = [new PgFlightLeases(one.database), new PgFlightLeases(other.database)];
});
afterAll(() => world.close());

function keyOf(someone: Someone, endpoint = "sleep"): FlightKey {
  return { personId: someone.person.id, accountId: someone.accountId, endpoint };
}

test("of many who come at once, one gets the lease; when it is released, another", async () => {
  const key = keyOf(await world.someone());
  const taken = await Promise.all(Array.from({ length: 40 }, (_, index) => leases[index % 2 ? 1 : 0].acquire(key)));
  const held = taken.filter((lease) => lease !== null);
  expect(held).toHaveLength(1);
  await leases[1].release(key, held[0]!.owner);
  const next = await leases[0].acquire(key);
  expect(next!.owner).not.toBe(held[0]!.owner);
  expect(next!.startedAt).toBeGreaterThan(held[0]!.startedAt);
});

test("endpoints and accounts have leases of their own", async () => {
  const [one, other] = [await world.someone(), await world.someone()];
  const keys = [keyOf(one), keyOf(one, "activity"), keyOf(other)];
  const taken = await Promise.all(keys.map((key) => leases[0].acquire(key)));
  expect(taken.every((lease) => lease !== null)).toBe(true);
});

test("a lease that was not renewed is taken over; its old owner can neither renew nor release it", async () => {
  const key = keyOf(await world.someone());
  const old = await leases[0].acquire(key);
  await world.rows("UPDATE flights SET expires_at = clock_timestamp() WHERE account_id = $1", [key.accountId]);
  expect(await leases[0].view(key)).toBeNull();
  const young = await leases[1].acquire(key);
  expect(young).not.toBeNull();
  await leases[0].renew(key, old!.owner, 0);
  await leases[0].release(key, old!.owner);
  expect(await world.rows("SELECT owner FROM flights WHERE account_id = $1", [key.accountId])).toEqual([
    { owner: young!.owner },
  ]);
});

test("a renewal prolongs the lease and tells since when nothing has come", async () => {
  const key = keyOf(await world.someone());
  const lease = await leases[0].acquire(key);
  await world.rows(
    "UPDATE flights SET expires_at = clock_timestamp() + interval '200 milliseconds' WHERE account_id = $1",
    [key.accountId],
  );
  await sleep(100);
  await leases[0].renew(key, lease!.owner, 40);
  await sleep(150);
  const view = await leases[1].view(key);
  expect(view!.silentForMs).toBeGreaterThan(150);
  expect(view!.silentForMs).toBeLessThan(5_000);
});

test.each(["DISCONNECTED", "RECONNECT_REQUIRED"])("an account that is %s gets none", async (status) => {
  const someone = await world.someone();
  await world.rows("UPDATE accounts SET status = $2 WHERE id = $1", [someone.accountId, status]);
  await expect(leases[0].acquire(keyOf(someone))).rejects.toThrow(AccountFenced);
  const other = await world.someone();
  await expect(leases[0].acquire({ ...keyOf(someone), personId: other.person.id })).rejects.toThrow(AccountFenced);
});
