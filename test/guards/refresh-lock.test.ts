import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Database } from "../../src/db/database";
import { createGrantStore } from "../../src/db/repositories/grants";
import { createVaults } from "../../src/db/vault";
import { sealTokens } from "../../src/services/tokens/token-payload";
import { createTokens } from "../../src/services/tokens/tokens";
import { createOutbound } from "../../src/upstream/outbound";
import { type MigratedDatabase, migratedDatabase, POOLS } from "../support/migrated-database";
import { oauthClient } from "../support/oauth-client";

let at: MigratedDatabase;
let vendor: Server;
let calls = 0;
beforeAll(async () => {
  at = await migratedDatabase();
  vendor = createServer((_request, response) => {
    calls += 1;
    const answer = {
      access_token: `access-${calls}`,
      refresh_token: `refresh-${calls}`,
      expires_in: 3_600,
      token_type: "bearer",
    };
    setTimeout(() => response.setHeader("content-type", "application/json").end(JSON.stringify(answer)), 300);
  });
  await new Promise<void>((resolve) => vendor.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  vendor.closeAllConnections();
  await new Promise((resolve) => vendor.close(resolve));
  await at.close();
});

/** An expired grant of a new person. */
async function expiredGrant(): Promise<{ personId: string; accountId: string }> {
  const personId = await at.addPerson();
  const accountId = randomUUID();
  const then = Date.now() / 1_000 - 7_200;
  const payload = {
    accessToken: "old",
    refreshToken: "old",
    issuedAt: then,
    expiresAt: then + 3_600,
    afterRefusal: false,
  };
  const sealed = sealTokens(await at.vaults.of(personId), "vendor", accountId, payload);
  await at.database.person(personId, async (tx) => {
    await tx.query(
      `INSERT INTO accounts (person_id, id, provider, vendor_user_id, status, granted_scopes, connected_at)
       VALUES ($1, $2, 'vendor', 'u', 'ACTIVE', '{}', now())`,
      [personId, accountId],
    );
    await tx.query(
      "INSERT INTO grants (person_id, account_id, sealed_tokens, expires_at) VALUES ($1, $2, $3, to_timestamp($4))",
      [personId, accountId, sealed, payload.expiresAt],
    );
  });
  return { personId, accountId };
}

test("four gateways with ten callers each refresh an expired token by one call to the provider", async () => {
  const { personId, accountId } = await expiredGrant();
  const origin = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  const outbound = createOutbound({ allowedOrigins: new Map([["vendor", new Set([origin])]]) });
  const databases = await Promise.all(Array.from({ length: 4 }, () => Database.connect(at.fresh.url, POOLS)));
  const gateways = databases.map((database) =>
    createTokens({
      grants: createGrantStore(database),
      vaults: createVaults(database, at.ring),
      clients: new Map([["vendor", oauthClient(origin)]]),
      oauth: { outbound, now: () => Date.now() / 1_000 },
    }),
  );
  try {
    const asking = gateways.flatMap((tokens) =>
      Array.from({ length: 10 }, () => tokens.accessToken(personId, accountId)),
    );
    const tokens = await Promise.all(asking);
    expect(calls).toBe(1);
    expect(new Set(tokens.map(({ value }) => value))).toEqual(new Set(["access-1"]));
  } finally {
    await Promise.all(gateways.map((tokens) => tokens.settled()));
    await Promise.all(databases.map((database) => database.close()));
    await outbound.close();
  }
});
