import type { OAuthProfile } from "../../providers/contract/oauth";
import type { OAuthClient } from "../../src/oauth/client";

/** A client of an imaginary vendor on `origin`; `profile` says what is particular about the vendor. */
export function oauthClient(origin: string, profile: Partial<OAuthProfile> = {}): OAuthClient {
  return {
    provider: "vendor",
    profile: {
      authorizeUrl: `${origin}/authorize`,
      tokenUrl: `${origin}/token`,
      revocation: { url: `${origin}/revoke`, method: "POST", token: "access", tokenIn: "form" },
      pkce: true,
      scopes: ["daily", "heartrate", "personal"],
      defaultScopes: ["daily", "heartrate"],
      refresh: "rotating",
      ...profile,
    },
    clientId: "client id:1",
    clientSecret: "s&cret+ü",
    redirectUri: "http://localhost:4000/oauth/vendor/callback",
    authorizeUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    revokeUrl: `${origin}/revoke`,
  };
}
