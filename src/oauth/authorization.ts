import { createHash, randomBytes } from "node:crypto";
import type { OAuthClient } from "./client";

/** 256 random bits, base64url: states, link codes and PKCE verifiers (RFC 7636 §4.1 asks for 43 to 128 characters; this is 43). */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** The S256 challenge of a PKCE verifier. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.2 */
export function pkceChallenge(verifier: string): string {
  return createHash("sha256").update(verifier, "ascii").digest("base64url");
}

/**
 * The address at which the person consents; `verifier` is null where the vendor takes no PKCE.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1
 */
export function authorizationUrl(
  client: OAuthClient,
  request: { readonly state: string; readonly scopes: readonly string[]; readonly verifier: string | null },
): string {
  const url = new URL(client.authorizeUrl);
  const parameters = {
    ...client.profile.authorizeParameters,
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: request.scopes.join(client.profile.scopeSeparator ?? " "),
    state: request.state,
    ...(request.verifier === null
      ? {}
      : { code_challenge: pkceChallenge(request.verifier), code_challenge_method: "S256" }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
