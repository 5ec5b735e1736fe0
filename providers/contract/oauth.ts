/** A vendor's OAuth 2.0 authorization-code flow as data; every deviation from RFC 6749 is a field whose default is the standard. */
export interface OAuthProfile {
  /** Authorization endpoint (RFC 6749 §3.1). */
  readonly authorizeUrl: string;
  /** Token endpoint (RFC 6749 §3.2). */
  readonly tokenUrl: string;
  /** Issuer identifier, where the vendor puts `iss` into its redirects (RFC 9207); a redirect that names another is refused. */
  readonly issuer?: string;
  /** How a grant is revoked; absent where the vendor has no way. */
  readonly revocation?: Revocation;
  /** Client credentials in the form body (default) or by HTTP Basic (RFC 6749 §2.3.1). */
  readonly clientAuthentication?: "body" | "basic";
  /** Whether the vendor takes a PKCE S256 challenge (RFC 7636). Default: false. */
  readonly pkce?: boolean;
  /** What separates scopes in the authorization request. Default: one space. */
  readonly scopeSeparator?: " " | ",";
  /** Every scope that the vendor knows, in its own words. */
  readonly scopes: readonly string[];
  /** Scopes asked for where the app does not say. */
  readonly defaultScopes: readonly string[];
  /** Prefix that the vendor puts before the names of granted scopes (`extapi:daily` for `daily`). */
  readonly grantedScopePrefix?: string;
  /**
   * rotating: each refresh spends the refresh token and gives a new one; lasting: the refresh token stays; none: there is no refresh.
   */
  readonly refresh: "rotating" | "lasting" | "none";
  /** Lifetime in seconds of an access token whose answer does not say. Default: 3600. */
  readonly defaultExpiresInSeconds?: number;
  /** Further fixed parameters of every token request. */
  readonly tokenParameters?: Readonly<Record<string, string>>;
  /** Further fixed parameters of refresh requests alone. Default: none (RFC 6749 §6). */
  readonly refreshParameters?: Readonly<Record<string, string>>;
  /** The field of a token answer under which the tokens lie. Default: the answer itself (RFC 6749 §5.1). */
  readonly tokenAnswerUnder?: string;
  /** Why a token answer of status 200 is a refusal all the same; null where it is none. Default: it never is (RFC 6749 §5.2). */
  readonly tokenRefusal?: (body: unknown) => "invalid_grant" | "invalid_client" | "other" | null;
  /** Further fixed parameters of the authorization request. */
  readonly authorizeParameters?: Readonly<Record<string, string>>;
}

/** A revocation request (after RFC 7009): where the token goes and which token it is. A 401 answer means that it was revoked already. */
export interface Revocation {
  /** `{vendorUserId}` in it stands for the vendor's user, all of whose grants it then ends: one that came to nothing is not given back. */
  readonly url: string;
  readonly method: "POST" | "DELETE";
  readonly token: "access" | "refresh";
  readonly tokenIn: "form" | "query" | "bearer";
  /** Name of the parameter where the token goes into form or query. Default: `token` (RFC 7009 §2.1). */
  readonly parameter?: string;
}
