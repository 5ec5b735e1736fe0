import type { TokenSet } from "../../oauth/client";
import type { PersonVault } from "../ports/vault";

/** What a grant's sealed tokens hold; instants in epoch seconds. */
export interface TokenPayload {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Whether a refused access token, not its expiry, was the reason for the refresh that gave these. */
  readonly afterRefusal: boolean;
}

/** The payload of tokens that were just issued. */
export function payloadOf(tokens: TokenSet, now: number, afterRefusal: boolean): TokenPayload {
  const { accessToken, refreshToken, expiresInSeconds } = tokens;
  return { accessToken, refreshToken, issuedAt: now, expiresAt: now + expiresInSeconds, afterRefusal };
}

/** Seals an account's tokens. */
export function sealTokens(vault: PersonVault, provider: string, accountId: string, payload: TokenPayload): Buffer {
  return vault.seal(context(provider, accountId), Buffer.from(JSON.stringify(payload)));
}

/** Opens an account's tokens; throws where they were moved or changed. */
export function openTokens(vault: PersonVault, provider: string, accountId: string, sealed: Buffer): TokenPayload {
  return JSON.parse(vault.open(context(provider, accountId), sealed).toString());
}

/** Whether the access token can still be used: with a margin of a minute, or of a tenth of its life if that is less. */
export function isFresh(payload: TokenPayload, now: number): boolean {
  return payload.expiresAt - Math.min(60, (payload.expiresAt - payload.issuedAt) / 10) > now;
}

function context(provider: string, accountId: string) {
  return { table: "grants", column: "sealed_tokens", row: accountId, provider };
}
