import { Database } from "../../src/db/database";
import { createGrantStore } from "../../src/db/repositories/grants";
import { createVaults, KeyRing } from "../../src/db/vault";
import type { OAuthClient } from "../../src/oauth/client";
import { refreshTokens } from "../../src/oauth/token-endpoint";
import type { RefreshOutcome } from "../../src/services/tokens/refresher";
import { isFresh, openTokens, payloadOf, sealTokens } from "../../src/services/tokens/token-payload";
import { createTokens } from "../../src/services/tokens/tokens";
import { createOutbound } from "../../src/upstream/outbound";

/** The key that token tests seal with. */
const KEYS = new KeyRing([{ id: "test", key: Buffer.alloc(32, 7) }]);
/** The made-up vendor of token tests. */
export const VENDOR = "acme";

/** A token service as one process of the gateway has it. */
export async function tokenParts(databaseUrl: string, tokenUrl: string) {
  const database = await Database.connect(databaseUrl, { api: 10, reads: 4, refresh: 5, attempts: 1, worker: 1 });
  const client: OAuthClient = {
    provider: VENDOR,
    profile: { authorizeUrl: tokenUrl, tokenUrl, scopes: ["daily"], defaultScopes: ["daily"], refresh: "rotating" },
    clientId: "gateway",
    clientSecret: "secret",
    redirectUri: "http://localhost/oauth/acme/callback",
    authorizeUrl: tokenUrl,
    tokenUrl,
    revokeUrl: null,
  };
  const outcomes: RefreshOutcome[] = [];
  const outbound = createOutbound({ allowedOrigins: new Map([[VENDOR, new Set([new URL(tokenUrl).origin])]]) });
  const vaults = createVaults(database, KEYS);
  const grants = createGrantStore(database);
  const surroundings = { outbound, now: () => Date.now() / 1_000 };
  const tokens = createTokens({
    grants,
    vaults,
    clients: new Map([[VENDOR, client]]),
    oauth: surroundings,
    onRefresh: (_provider, outcome) => outcomes.push(outcome),
  });
  const close = async () => {
    await tokens.settled();
    await outbound.close();
    await database.close();
  };
  return { database, vaults, grants, client, surroundings, tokens, outcomes, close };
}

/** How it goes without a lock: whoever finds the token ended asks the provider and stores what comes. */
export function naiveTokens({
  database,
  vaults,
  grants,
  client,
  surroundings,
}: Awaited<ReturnType<typeof tokenParts>>) {
  return {
    async accessToken(personId: string, accountId: string): Promise<{ value: string }> {
      const [grant, vault] = await Promise.all([grants.read(personId, accountId), vaults.of(personId)]);
      if (!grant) throw new Error("no grant");
      const payload = openTokens(vault, VENDOR, accountId, grant.sealedTokens);
      if (isFresh(payload, surroundings.now())) return { value: payload.accessToken };
      const issued = payloadOf(
        await refreshTokens(surroundings, client, payload.refreshToken ?? ""),
        surroundings.now(),
        false,
      );
      await database.person(personId, (tx) =>
        tx.query("UPDATE grants SET sealed_tokens = $3 WHERE person_id = $1 AND account_id = $2", [
          personId,
          accountId,
          sealTokens(vault, VENDOR, accountId, issued),
        ]),
      );
      return { value: issued.accessToken };
    },
  };
}

/** A person whose linked account has an access token that ended a moment ago. */
export async function expiredAccount(
  parts: Awaited<ReturnType<typeof tokenParts>>,
  name: string,
  refreshToken: (accountId: string) => string,
): Promise<{ personId: string; accountId: string }> {
  const [person] = await parts.database.directory<{ id: string }>(
    "INSERT INTO people (application_id, external_id) VALUES (current_application(), $1) RETURNING id",
    [name],
  );
  const personId = person?.id ?? "";
  const vault = await parts.vaults.of(personId);
  const accountId = await parts.database.person(personId, async (tx) => {
    const [account] = await tx.query(
      `INSERT INTO accounts (person_id, provider, vendor_user_id, status, granted_scopes, connected_at)
       VALUES ($1, $2, $3, 'ACTIVE', '{daily}', now()) RETURNING id`,
      [personId, VENDOR, name],
    );
    const issued = { accessToken: "old", refreshToken: refreshToken(account.id), expiresInSeconds: 1, scopes: null };
    const payload = payloadOf({ ...issued, fields: {} }, Date.now() / 1_000 - 100, false);
    await tx.query(
      "INSERT INTO grants (person_id, account_id, sealed_tokens, expires_at) VALUES ($1, $2, $3, to_timestamp($4))",
      [personId, account.id, sealTokens(vault, VENDOR, account.id, payload), payload.expiresAt],
    );
    return account.id as string;
  });
  return { personId, accountId };
}
