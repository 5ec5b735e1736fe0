import { createHash } from "node:crypto";
import { UpstreamFailure } from "../../domain/errors";
import { type OAuthClient, TokenRefused, type TokenSet } from "../../oauth/client";
import { type OAuthSurroundings, refreshTokens } from "../../oauth/token-endpoint";

/** Seconds before a failed refresh is tried again, doubled with every further failure. */
const FIRST_COOL_DOWN = 30;

/** The longest cool-down in seconds. */
const LONGEST_COOL_DOWN = 3_600;

/** How an exchange of a refresh token ended; a failed one says whether the grant is refused or may be tried later. */
export type ExchangeOutcome =
  | { readonly kind: "tokens"; readonly tokens: TokenSet }
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly failure: UpstreamFailure };

/**
 * Exchanges a refresh token. After an ambiguous failure it is sent once more: it is either still good or already spent.
 * Only invalid_grant refuses the grant; a refused client and every failure leave it as it is. Never throws.
 */
export async function exchangeRefreshToken(
  surroundings: OAuthSurroundings,
  client: OAuthClient,
  refreshToken: string,
): Promise<ExchangeOutcome> {
  const first = await attempt(surroundings, client, refreshToken);
  const ambiguous = first.kind === "failed" && first.failure.details.sent === true;
  return ambiguous ? attempt(surroundings, client, refreshToken) : first;
}

/** Epoch seconds before which a grant that failed `failures` times before is not tried again. */
export function coolDownUntil(now: number, failures: number, failure: UpstreamFailure): number {
  const coolDown = now + Math.min(LONGEST_COOL_DOWN, FIRST_COOL_DOWN * 2 ** Math.min(failures, 16));
  return Math.max(coolDown, failure.details.retryAt ?? 0);
}

/** The first 8 hexadecimal digits of a refresh token's SHA-256: enough to tell tokens apart, useless for anything else. */
export function tokenHashPrefix(refreshToken: string): string {
  return createHash("sha256").update(refreshToken).digest("hex").slice(0, 8);
}

async function attempt(
  surroundings: OAuthSurroundings,
  client: OAuthClient,
  refreshToken: string,
): Promise<ExchangeOutcome> {
  try {
    return { kind: "tokens", tokens: await refreshTokens(surroundings, client, refreshToken) };
  } catch (error) {
    if (error instanceof TokenRefused && error.reason === "invalid_grant") return { kind: "refused" };
    if (error instanceof UpstreamFailure) return { kind: "failed", failure: error };
    const problem = error instanceof TokenRefused ? error.message : "the token endpoint could not be asked";
    return { kind: "failed", failure: new UpstreamFailure("UNAVAILABLE", problem, { cause: error }) };
  }
}
