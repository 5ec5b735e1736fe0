import { PgFlightLeases } from "../../src/db/repositories/flights";
import { PgRecordStore } from "../../src/db/repositories/records";
import type { Account, Person } from "../../src/domain/people";
import type { Fetched } from "../../src/services/ports/records";
import { type TokenVendor, TokenWorld } from "../support/token-vendor";
import { DAY, score } from "../unit/domain/records";
import { acmeWith } from "../unit/simulator/acme";

const OPERATIONS = 200;
/** How operations may end beside well: each is what its caller is told, none is a fault. */
const EXPECTED = new Set([
  "AccountFenced",
  "ReconnectRequired",
  "UpstreamFailure",
  "NOT_CONNECTED",
  "PROVIDER_UNAVAILABLE",
]);

let world: TokenWorld;
let vendor: TokenVendor;
beforeAll(async () => {
  world = await TokenWorld.create();
  vendor = await world.vendor(acmeWith({ refresh: "lasting" }));
});
afterAll(() => world.close());

/** Numbers from 0 to 1, the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test(`${OPERATIONS} operations at once on one person: no deadlock, at most one account linked, no grant left over`, async () => {
  const person = await world.person();
  const random = seeded(11);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
  const [database, linking] = [world.at.database, vendor.linking()];
  const [leases, store] = [new PgFlightLeases(database), new PgRecordStore(database, world.at.vaults)];
  const gateways = [vendor.tokens, vendor.gateway(), vendor.gateway()];
  vendor.simulator.faults.add({ kind: "refresh", effect: "delay", ms: 120, workFirst: true });
  const deadlocks = async () =>
    Number((await world.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")).deadlocks);

  const backs = await Promise.all(
    Array.from({ length: OPERATIONS / 4 }, (_, index) => vendor.consent(person, { user: `user-${index % 3}` })),
  );
  await vendor.link(person, "user-0");
  const accounts = () =>
    world.rows<Account & { grant_number: number }>("SELECT * FROM accounts WHERE person_id = $1", [person.id]);

  const mostlyLinked = async () => {
    const all = await accounts();
    return (random() < 0.8 ? all.find(({ status }) => status === "ACTIVE") : undefined) ?? pick(all);
  };
  const link = () => {
    const back = backs.pop();
    return back ? linking.complete(person, { provider: "acme", callbackUrl: back.href }) : refresh();
  };
  const disconnect = () => linking.disconnect(person, { provider: "acme", deleteData: random() < 0.3 });
  const refresh = async () => {
    const account = await mostlyLinked();
    const { generation } = await pick(gateways).accessToken(person.id, account.id);
    return pick(gateways).afterRefusal(person.id, account.id, generation);
  };
  const fetchCommit = async () => {
    const account = await mostlyLinked();
    const key = { personId: person.id, accountId: account.id, endpoint: pick(["sleeps", "naps"]) };
    const lease = await leases.acquire(key);
    if (!lease) return;
    try {
      await store.commit(fetched(person, account, key.endpoint, lease));
    } finally {
      await leases.release(key, lease.owner);
    }
  };

  const OF_EIGHT = [link, refresh, fetchCommit, link, disconnect, refresh, fetchCommit, refresh];
  const failures: Record<string, number> = {};
  const faults: unknown[] = [];
  const run = async (operation: () => Promise<unknown>) => {
    await new Promise((resolve) => setTimeout(resolve, random() * 2_500));
    await operation().catch((error) => {
      const name: string = error.code && error.name === "UserFacingError" ? error.code : error.name;
      failures[name] = (failures[name] ?? 0) + 1;
      if (!EXPECTED.has(name)) faults.push(error);
    });
  };
  await Promise.all(Array.from({ length: OPERATIONS }, (_, index) => run(OF_EIGHT[index % 8]!)));
  await Promise.all(gateways.map((gateway) => gateway.settled()));
  console.log(
    `${OPERATIONS} operations; told to their callers: ${JSON.stringify(failures)}; deadlocks: ${await deadlocks()}`,
  );
  expect(faults).toEqual([]);
  expect(await deadlocks()).toBe(0);

  const linked = await world.rows("SELECT id FROM accounts WHERE person_id = $1 AND status <> 'DISCONNECTED'", [
    person.id,
  ]);
  expect(linked.length).toBeLessThanOrEqual(1);
  const grants = await world.rows("SELECT account_id AS id FROM grants WHERE person_id = $1", [person.id]);
  expect(grants).toEqual(linked);
  for (const { id } of linked) {
    const { value } = await vendor.tokens.accessToken(person.id, String(id));
    expect(await vendor.accepts(value)).toBe(true);
  }
}, 60_000);

function fetched(
  person: Person,
  account: Account & { grant_number: number },
  endpoint: string,
  lease: { owner: string; startedAt: number },
): Fetched {
  const record = score({
    key: String(Math.round(lease.startedAt * 1_000) % 7),
    score: Math.round(lease.startedAt * 1_000) % 100,
  });
  return {
    personId: person.id,
    accountId: account.id,
    provider: "acme",
    endpoint,
    grantNumber: account.grant_number,
    origin: "LIVE",
    leaseOwner: lease.owner,
    asked: { start: DAY, end: DAY },
    startedAt: lease.startedAt,
    mapperVersion: 1,
    documents: [{ id: record.key, raw: JSON.stringify(record), records: [record] }],
    unread: [],
    dependents: [],
    settledDays: [],
    offset: null,
  };
}
