import { setTimeout as delay } from "node:timers/promises";
import { UpstreamFailure } from "../../domain/errors";
import type { StoredGrant } from "../ports/grants";
import type { AccessToken, Tokens } from "../ports/tokens";
import { Refresher, type TokensOptions } from "./refresher";
import { isFresh, openTokens, type TokenPayload } from "./token-payload";
import { coolingDown, usableGrant } from "./usable";

export type { TokensOptions } from "./refresher";

/** Milliseconds after which a caller gives up waiting; the exchange goes on. */
const CALLER_PATIENCE_MS = 2_500;

/** Seconds after a refresh for a refused token in which a further refusal is not the token's fault. */
const REFUSAL_WINDOW = 60;

/**
 * Access tokens, refreshed exactly once per expiry across processes (one flight per account in a process, the row lock between
 * processes). `settled` waits for the exchanges under way, for a graceful stop.
 */
export function createTokens(options: TokensOptions): Tokens & { settled(): Promise<void> } {
  const refresher = new Refresher(options);
  const flights = new Map<string, Promise<AccessToken>>();

  const flight = (personId: string, accountId: string, refused: number | null): Promise<AccessToken> => {
    const under = flights.get(accountId);
    if (under) return under;
    const started = refresher.refresh(personId, accountId, refused).finally(() => flights.delete(accountId));
    flights.set(accountId, started);
    return started;
  };

  const read = async (personId: string, accountId: string): Promise<{ grant: StoredGrant; payload: TokenPayload }> => {
    const [grant, vault] = await Promise.all([options.grants.read(personId, accountId), options.vaults.of(personId)]);
    const usable = usableGrant(grant);
    return { grant: usable, payload: openTokens(vault, usable.provider, accountId, usable.sealedTokens) };
  };

  return {
    async accessToken(personId, accountId) {
      const { grant, payload } = await read(personId, accountId);
      const now = options.oauth.now();
      const token = { value: payload.accessToken, generation: grant.generation };
      if (isFresh(payload, now)) return token;
      const cooling = grant.retryAt !== null && grant.retryAt > now;
      const renewable =
        payload.refreshToken !== null && options.clients.get(grant.provider)?.profile.refresh !== "none";
      // To the last second: nothing better is to be had for the moment, or ever.
      if ((cooling || !renewable) && payload.expiresAt > now) return token;
      if (cooling) throw coolingDown(grant.retryAt);
      return patiently(flight(personId, accountId, null)).catch((error: unknown) => {
        // Within the margin the token at hand is good for some seconds more.
        if (error instanceof UpstreamFailure && payload.expiresAt > options.oauth.now()) return token;
        throw error;
      });
    },

    async afterRefusal(personId, accountId, refused) {
      const { grant, payload } = await read(personId, accountId);
      if (grant.generation !== refused) return this.accessToken(personId, accountId);
      const now = options.oauth.now();
      if (payload.afterRefusal && now - payload.issuedAt < REFUSAL_WINDOW) {
        throw new UpstreamFailure("UNAUTHORIZED", "the provider refuses even a token that was just refreshed");
      }
      if (grant.retryAt !== null && grant.retryAt > now) throw coolingDown(grant.retryAt);
      const token = await patiently(flight(personId, accountId, refused));
      // A flight that had begun for another reason may have found nothing to do.
      return token.generation === refused ? patiently(flight(personId, accountId, refused)) : token;
    },

    async settled() {
      await Promise.allSettled(flights.values());
    },
  };
}

async function patiently<T>(flight: Promise<T>): Promise<T> {
  const clock = new AbortController();
  const impatience = delay(CALLER_PATIENCE_MS, undefined, { signal: clock.signal }).then(() => {
    throw new UpstreamFailure("UNAVAILABLE", "the refresh of the access token is still under way");
  });
  try {
    return await Promise.race([flight, impatience]);
  } finally {
    impatience.catch(() => undefined);
    flight.catch(() => undefined);
    clock.abort();
  }
}
