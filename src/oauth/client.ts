import type { OAuthProfile } from "../../providers/contract/oauth";

/** The gateway as a vendor's OAuth client: the vendor's profile, our credentials, and the addresses that hold after configuration. */
export interface OAuthClient {
  readonly provider: string;
  readonly profile: OAuthProfile;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the vendor sends the browser back: our callback, or an app's deep link. */
  readonly redirectUri: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** Null where the vendor has no way to revoke. */
  readonly revokeUrl: string | null;
}

/** Why a token endpoint refused, after RFC 6749 §5.2: the grant, the client, or anything else that it did not like. */
export type RefusalReason = "invalid_grant" | "invalid_client" | "other";

/** The token endpoint understood the request and refused it; the message quotes nothing of its answer. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  constructor(
    readonly reason: RefusalReason,
    /** HTTP status of the answer. */
    readonly status: number,
  ) {
    super(`the token endpoint refused with status ${status}: ${reason}`);
  }
}

/** Tokens as the vendor gave them. */
export interface TokenSet {
  readonly accessToken: string;
  /** Null where the vendor gave none. */
  readonly refreshToken: string | null;
  /** Lifetime of the access token from now. */
  readonly expiresInSeconds: number;
  /** Granted scopes in the vendor's words; null where the answer does not say. */
  readonly scopes: readonly string[] | null;
  /** The whole answer, for the vendor's own fields (whose account this is). Never log it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Scopes of a `scope` value; null where there is none (an empty one says nothing: RFC 6749 §3.3 wants at least one). */
export function scopesOf(value: unknown, separator: " " | "," = " "): readonly string[] | null {
  const words = Array.isArray(value)
    ? value.filter((word) => typeof word === "string")
    : typeof value === "string"
      ? value.split(separator === "," ? /[\s,]+/ : /\s+/)
      : [];
  const scopes = [...new Set(words.filter((word) => word !== ""))];
  return scopes.length > 0 ? scopes : null;
}
