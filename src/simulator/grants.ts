import { createHash, randomBytes } from "node:crypto";

/** What a person allowed at the vendor. `scopes`: as granted, in the vendor's own words; `user`: the name they signed in with. */
export interface Grant {
  readonly id: string;
  readonly user: string;
  readonly scopes: readonly string[];
  revoked: boolean;
}

/** What an authorization code is bound to (RFC 6749 §4.1.3, RFC 7636 §4.4). `challenge`: S256, null where none was sent. */
export interface CodeBinding {
  readonly user: string;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly challenge: string | null;
}

/** What the token endpoint hands out. `refreshToken`: null where none is given; `expiresIn`: seconds. */
export interface TokenSet {
  readonly grant: Grant;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresIn: number;
}

/** A grant that the vendor revoked because a single-use secret came twice. `at`: epoch seconds. */
export interface KilledGrant {
  readonly grantId: string;
  readonly user: string;
  readonly reason: "refresh_token_reused" | "code_reused";
  readonly at: number;
}

/** The token endpoint's refusal of a code or refresh token (`invalid_grant`, RFC 6749 §5.2). */
export class InvalidGrant extends Error {
  override readonly name = "InvalidGrant";
}

/** Everything that must survive a restart of the simulator for linked accounts to go on working. */
export interface GrantSnapshot {
  readonly grants: readonly Grant[];
  readonly accessTokens: readonly (readonly [string, { readonly grantId: string; readonly expiresAt: number }])[];
  readonly refreshTokens: readonly (readonly [string, { readonly grantId: string; readonly spent: boolean }])[];
  /** Names of the people registered by the call that some vendors want after linking. */
  readonly registered: readonly string[];
}

/** How the authorization server behaves. `accessTokenSeconds` is asked at every issue; `changed` is called after every change. */
export interface GrantRules {
  readonly refresh: "rotating" | "lasting" | "none";
  readonly accessTokenSeconds: () => number;
  /** Lifetime of an authorization code. */
  readonly codeSeconds: number;
  readonly now: () => number;
  readonly changed: () => void;
}

interface Code extends CodeBinding {
  readonly expiresAt: number;
  spent: boolean;
  grantId: string | null;
}

const secret = (): string => randomBytes(32).toString("base64url");

/** The vendor's authorization server: codes, grants and tokens, each secret checked and spent in one synchronous step. */
export class Grants {
  #codes = new Map<string, Code>();
  #grants = new Map<string, Grant>();
  #accessTokens = new Map<string, { grantId: string; expiresAt: number }>();
  #refreshTokens = new Map<string, { grantId: string; spent: boolean }>();
  #registered = new Set<string>();
  readonly #killed: KilledGrant[] = [];

  constructor(private readonly rules: GrantRules) {}

  /** A new authorization code: 256 bit, single use, valid for as long as the vendor has it. */
  issueCode(binding: CodeBinding): string {
    const now = this.rules.now();
    const { codeSeconds } = this.rules;
    for (const [code, entry] of this.#codes) if (entry.expiresAt <= now - codeSeconds) this.#codes.delete(code);
    const code = secret();
    this.#codes.set(code, { ...binding, expiresAt: now + codeSeconds, spent: false, grantId: null });
    return code;
  }

  /** Exchanges a code; throws {@link InvalidGrant}. A code that came before revokes what was made of it (RFC 6749 §4.1.2). */
  exchange(code: string, redirectUri: string, verifier: string | null): TokenSet {
    const entry = this.#codes.get(code);
    if (!entry) throw new InvalidGrant("the code is unknown");
    if (entry.spent) {
      if (entry.grantId !== null) this.#kill(entry.grantId, "code_reused");
      throw new InvalidGrant("the code was used before");
    }
    entry.spent = true;
    if (entry.expiresAt <= this.rules.now()) throw new InvalidGrant("the code has expired");
    if (entry.redirectUri !== redirectUri)
      throw new InvalidGrant("redirect_uri differs from the authorization request");
    if (!verifies(entry.challenge, verifier)) throw new InvalidGrant("code_verifier does not fit the challenge");
    const grant: Grant = { id: secret(), user: entry.user, scopes: entry.scopes, revoked: false };
    this.#grants.set(grant.id, grant);
    entry.grantId = grant.id;
    return this.#issue(grant, this.rules.refresh !== "none");
  }

  /** Refreshes; throws {@link InvalidGrant}. A spent token that comes again revokes the whole grant. */
  refresh(refreshToken: string): TokenSet {
    const entry = this.#refreshTokens.get(refreshToken);
    const grant = entry && this.#grants.get(entry.grantId);
    if (!entry || !grant) throw new InvalidGrant("the refresh token is unknown");
    if (entry.spent) {
      this.#kill(grant.id, "refresh_token_reused");
      throw new InvalidGrant("the refresh token was used before");
    }
    if (grant.revoked) throw new InvalidGrant("the grant was revoked");
    entry.spent = this.rules.refresh === "rotating";
    return this.#issue(grant, entry.spent);
  }

  /** The grant behind a valid access token; null where it is unknown, expired or revoked. */
  authenticate(accessToken: string): Grant | null {
    const entry = this.#accessTokens.get(accessToken);
    const grant = entry && this.#grants.get(entry.grantId);
    return entry && grant && !grant.revoked && entry.expiresAt > this.rules.now() ? grant : null;
  }

  /** The unrevoked grant that a token of this kind belongs to, expired or not; null where there is none. */
  find(kind: "access" | "refresh", token: string): Grant | null {
    const entry = (kind === "access" ? this.#accessTokens : this.#refreshTokens).get(token);
    const grant = entry && this.#grants.get(entry.grantId);
    return grant && !grant.revoked ? grant : null;
  }

  /** Revokes a grant with all its tokens (RFC 7009 §2.1). */
  revoke(grant: Grant): void {
    grant.revoked = true;
    this.rules.changed();
  }

  /** Revokes every grant of a person and ends their registration, as when they withdraw access in the vendor's own app; how many there were. */
  revokeAllOf(user: string): number {
    const grants = [...this.#grants.values()].filter((grant) => grant.user === user && !grant.revoked);
    for (const grant of grants) this.revoke(grant);
    this.setRegistered(user, false);
    return grants.length;
  }

  /** Whether a person is registered with the client. */
  isRegistered(user: string): boolean {
    return this.#registered.has(user);
  }

  /** Registers a person with the client, or ends that. */
  setRegistered(user: string, registered: boolean): void {
    if (registered) this.#registered.add(user);
    else this.#registered.delete(user);
    this.rules.changed();
  }

  /** Grants that a secret used twice has killed, oldest first. */
  killed(): readonly KilledGrant[] {
    return [...this.#killed];
  }

  /** Names of the people who have granted anything. */
  users(): readonly string[] {
    return [...new Set([...this.#grants.values()].map((grant) => grant.user))];
  }

  /** Whether a person has granted something and not taken it back. */
  isGranted(user: string): boolean {
    return [...this.#grants.values()].some((grant) => grant.user === user && !grant.revoked);
  }

  /** What {@link Grants.restore} takes; codes are not part of it. */
  snapshot(): GrantSnapshot {
    return {
      grants: [...this.#grants.values()],
      accessTokens: [...this.#accessTokens],
      refreshTokens: [...this.#refreshTokens],
      registered: [...this.#registered],
    };
  }

  /** Goes on where an earlier run ended. */
  restore(snapshot: GrantSnapshot): void {
    this.#grants = new Map(snapshot.grants.map((grant) => [grant.id, { ...grant }]));
    this.#accessTokens = new Map(snapshot.accessTokens.map(([token, entry]) => [token, { ...entry }]));
    this.#refreshTokens = new Map(snapshot.refreshTokens.map(([token, entry]) => [token, { ...entry }]));
    this.#registered = new Set(snapshot.registered);
  }

  #issue(grant: Grant, withRefreshToken: boolean): TokenSet {
    const now = this.rules.now();
    for (const [token, entry] of this.#accessTokens) if (entry.expiresAt <= now) this.#accessTokens.delete(token);
    const expiresIn = this.rules.accessTokenSeconds();
    const accessToken = secret();
    this.#accessTokens.set(accessToken, { grantId: grant.id, expiresAt: now + expiresIn });
    const refreshToken = withRefreshToken ? secret() : null;
    if (refreshToken !== null) this.#refreshTokens.set(refreshToken, { grantId: grant.id, spent: false });
    this.rules.changed();
    return { grant, accessToken, refreshToken, expiresIn };
  }

  #kill(grantId: string, reason: KilledGrant["reason"]): void {
    const grant = this.#grants.get(grantId);
    if (!grant || grant.revoked) return;
    this.#killed.push({ grantId, user: grant.user, reason, at: this.rules.now() });
    this.revoke(grant);
  }
}

function verifies(challenge: string | null, verifier: string | null): boolean {
  if (challenge === null || verifier === null) return challenge === verifier;
  return createHash("sha256").update(verifier).digest("base64url") === challenge;
}
