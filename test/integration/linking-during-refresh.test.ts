import { setTimeout as delay } from "node:timers/promises";
import { sweepExpired } from "../../src/db/repositories/housekeeping";
import { createLinkStore } from "../../src/db/repositories/links";
import { payloadOf, sealTokens } from "../../src/services/tokens/token-payload";
import { type FreshDatabase, migratedCopy } from "../support/services";
import { expiredAccount, tokenParts, VENDOR } from "../support/token-parts";
import { TokenServer } from "../support/token-server";

let fresh: FreshDatabase;
let server: TokenServer;
let parts: Awaited<ReturnType<typeof tokenParts>>;
beforeAll(async () => {
  fresh = await migratedCopy();
  server = await TokenServer.start();
  parts = await tokenParts(fresh.url, server.url);
});
afterAll(async () => {
  await parts.close();
  await server.stop();
  await fresh.drop();
});

/** An expired account named `name`, and its refresh begun, of which the provider takes so long. */
async function refreshing(name: string, latencyMs: number) {
  server.latencyMs = latencyMs;
  const account = await expiredAccount(parts, name, (id) => server.issue(id));
  const caller = parts.tokens.accessToken(account.personId, account.accountId).catch((error: Error) => error.name);
  for (let waited = 0; !server.calls.has(account.accountId) && waited < 2_000; waited += 20) await delay(20);
  expect(server.calls.get(account.accountId)).toBe(1);
  return { ...account, caller };
}

const grantsOf = (personId: string) =>
  parts.database.person(personId, (tx) => tx.query("SELECT generation, sealed_tokens FROM grants"));

test.each([
  ["short", 1_800],
  ["slow", 7_000],
])(
  "the same vendor user can be linked again during a %s refresh, and the new tokens stay",
  async (name, latencyMs) => {
    const { personId, accountId, caller } = await refreshing(`relinked-${name}`, latencyMs);
    const vault = await parts.vaults.of(personId);
    const now = Date.now() / 1_000;
    const issued = { accessToken: "linked", refreshToken: "linked-refresh", expiresInSeconds: 3_600, scopes: null };
    const payload = payloadOf({ ...issued, fields: {} }, now, false);
    const { account } = await createLinkStore(parts.database).link(personId, {
      provider: VENDOR,
      vendorUserId: `relinked-${name}`,
      grantedScopes: ["daily"],
      at: now,
      expiresAt: payload.expiresAt,
      seal: (id) => sealTokens(vault, VENDOR, id, payload),
    });
    expect(account).toMatchObject({ id: accountId, status: "ACTIVE", grantNumber: 2 });
    await caller;
    await parts.tokens.settled();
    expect((await parts.tokens.accessToken(personId, accountId)).value).toBe("linked");
  },
  40_000,
);

test("disconnecting during a refresh does not wait for it, and no tokens are left behind", async () => {
  const { personId, caller } = await refreshing("left", 2_500);
  let refreshed = false;
  const refresh = caller.finally(() => {
    refreshed = true;
  });
  expect(await createLinkStore(parts.database).disconnect(personId, VENDOR, false)).toMatchObject({ forgotten: null });
  expect(refreshed).toBe(false);
  await refresh;
  await parts.tokens.settled();
  expect(await grantsOf(personId)).toEqual([]);
});

test("tokens that a crashed refresh left with a disconnected account are swept, and no others", async () => {
  const left = await expiredAccount(parts, "crashed", (id) => server.issue(id));
  const linked = await expiredAccount(parts, "linked", (id) => server.issue(id));
  await parts.database.person(left.personId, (tx) => tx.query("UPDATE accounts SET status = 'DISCONNECTED'"));
  await sweepExpired(parts.database);
  expect(await grantsOf(left.personId)).toEqual([]);
  expect(await grantsOf(linked.personId)).toHaveLength(1);
});
