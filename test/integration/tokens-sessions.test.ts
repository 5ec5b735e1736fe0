import { UpstreamFailure } from "../../src/domain/errors";
import { tokenHashPrefix } from "../../src/services/tokens/exchange";
import { errorOf, type TokenVendor, TokenWorld, until } from "../support/token-vendor";

let world: TokenWorld;
let vendor: TokenVendor;
beforeAll(async () => {
  world = await TokenWorld.create();
});
afterAll(() => world.close());
beforeEach(async () => {
  vendor = await world.vendor();
});
afterEach(() => world.reset());

/** Ends the database sessions that hold a grant during an exchange, none that is still on the way there; how many there were. */
async function cutSessions(): Promise<number> {
  const cut = await world.rows(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'gateway refresh' AND state = 'idle in transaction' AND datname = current_database()
       AND query LIKE '%SELECT g.sealed_tokens%'`,
  );
  return cut.length;
}

const attempts = async (accountId: string) =>
  (await world.rows("SELECT outcome FROM refresh_attempts WHERE account_id = $1 ORDER BY started_at", [accountId])).map(
    (row) => row.outcome,
  );

/** An exchange under way that takes 700 ms, with its database session cut. */
async function cutDuringExchange(effect: Record<string, unknown> | null = null) {
  const { person, account } = await vendor.expired();
  vendor.simulator.faults.add({ kind: "refresh", effect: "delay", ms: 700, workFirst: true, times: 1 });
  if (effect) vendor.simulator.faults.add({ kind: "refresh", times: 1, ...effect } as never);
  const asking = vendor.tokens.accessToken(person.id, account.id);
  asking.catch(() => undefined);
  await until(() => vendor.calls("refresh") === 1);
  expect(await cutSessions()).toBe(1);
  return { person, account, asking };
}

test("a database session lost during the exchange: the tokens are carried to a new connection", async () => {
  const { person, account, asking } = await cutDuringExchange();
  const token = await asking;
  expect(await vendor.accepts(token.value)).toBe(true);
  expect((await vendor.stored(person, account.id)).accessToken).toBe(token.value);
  expect(token.generation).toBe(2);
  expect(await attempts(account.id)).toEqual(["REPLACED"]);
  expect(vendor.calls("refresh")).toBe(1);
});

test("others do not send the same token meanwhile, although the lock is gone", async () => {
  const { person, account, asking } = await cutDuringExchange();
  const others = [vendor.gateway(), vendor.gateway()];
  const errors = await Promise.all(others.map((other) => errorOf(other.accessToken(person.id, account.id))));
  for (const error of errors) expect(error).toMatchObject({ name: "UpstreamFailure", kind: "UNAVAILABLE" });
  const { value } = await asking;
  expect(vendor.calls("refresh")).toBe(1);
  expect(vendor.simulator.killedGrants()).toEqual([]);
  expect((await others[0]!.accessToken(person.id, account.id)).value).toBe(value);
});

test("a failure is carried too: the cool-down holds", async () => {
  const { account, asking } = await cutDuringExchange({ effect: "server_error", status: 500 });
  expect(await errorOf(asking)).toBeInstanceOf(UpstreamFailure);
  expect(await world.grant(account.id)).toMatchObject({ failures: 1, status: "ACTIVE" });
  expect(await attempts(account.id)).toEqual(["UNAVAILABLE"]);
});

test("disconnected meanwhile: what the exchange brought is given back", async () => {
  const { person, account, asking } = await cutDuringExchange();
  const undone = await vendor.linking().disconnect(person, { provider: "acme", deleteData: false });
  expect(undone.deletedRecords).toBeNull();
  expect(await errorOf(asking)).toMatchObject({ name: "AccountFenced" });
  expect(await world.rows("SELECT 1 FROM grants WHERE account_id = $1", [account.id])).toEqual([]);
  expect(vendor.simulator.withdraw(person.id)).toBe(0);
});

test("ten exchanges over two vendors lose their sessions at once: all are carried", async () => {
  const second = await world.vendor();
  const expired = [];
  for (let i = 0; i < 6; i++)
    expired.push({ from: i % 2 ? vendor : second, ...(await (i % 2 ? vendor : second).expired()) });
  for (const one of [vendor, second])
    one.simulator.faults.add({ kind: "refresh", effect: "delay", ms: 500, workFirst: true });
  const asking = expired.map(({ from, person, account }) => from.tokens.accessToken(person.id, account.id));
  await until(() => vendor.calls("refresh") + second.calls("refresh") >= 4);
  expect(await cutSessions()).toBeGreaterThanOrEqual(4);
  for (const [index, token] of (await Promise.all(asking)).entries()) {
    expect(await expired[index]!.from.accepts(token.value)).toBe(true);
  }
  expect(vendor.calls("refresh") + second.calls("refresh")).toBe(6);
});

test("an attempt whose process died is classified: tried again after ten seconds, its outcome UNKNOWN", async () => {
  const { person, account } = await vendor.expired();
  const { refreshToken } = await vendor.stored(person, account.id);
  const dead =
    "INSERT INTO refresh_attempts (person_id, id, account_id, generation, token_hash_prefix) VALUES ($1, gen_random_uuid(), $2, 1, $3)";
  await world.rows(dead, [person.id, account.id, tokenHashPrefix(refreshToken!)]);
  expect(await errorOf(vendor.tokens.accessToken(person.id, account.id))).toMatchObject({ kind: "UNAVAILABLE" });
  expect(vendor.calls("refresh")).toBe(0);
  await world.rows("UPDATE refresh_attempts SET started_at = started_at - interval '10 seconds'");
  await vendor.tokens.accessToken(person.id, account.id);
  expect(await attempts(account.id)).toEqual(["UNKNOWN", "REPLACED"]);
});
