import type { Provider } from "../../providers/contract/provider";
import type { Synthetic } from "../../providers/contract/synthetic";
import { type Answer, json } from "./answer";
import type { Parameters } from "./authorize";
import { type Grant, type Grants, InvalidGrant, type TokenSet } from "./grants";
import type { People } from "./people";

/** What the token and revocation endpoints need to know. */
export interface TokenServer {
  readonly provider: Provider;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly grants: Grants;
  readonly people: People;
}

/** A request for tokens or for their end. `authorization`: the header's value. */
export interface TokenRequest {
  readonly form: Parameters;
  readonly query: Parameters;
  readonly authorization: string | undefined;
  /** The vendor's user whom the path of a revocation names; null where it names none. */
  readonly vendorUserId?: string | null;
}

const NO_STORE = { "cache-control": "no-store", pragma: "no-cache" };

/** Answers the token endpoint in the vendor's own form: authorization_code and refresh_token grants (RFC 6749 §4.1.3, §5, §6). */
export function token(server: TokenServer, request: TokenRequest): Answer {
  return vendorForm(server.provider.synthetic, standardAnswer(server, request));
}

/** A token answer or refusal of the standard's form (RFC 6749 §5) in the vendor's own, where it has one. */
export function vendorForm(synthetic: Synthetic, standard: Answer): Answer {
  if (synthetic.tokenAnswer === undefined) return standard;
  const { status, headers = {}, body } = synthetic.tokenAnswer(standard);
  return { status, headers, body };
}

function standardAnswer(server: TokenServer, request: TokenRequest): Answer {
  const { form } = request;
  const refused = refuseClient(server, request);
  if (refused !== null) return refused;
  if (Object.values(form).some((value) => typeof value !== "string")) return oauthError(400, "invalid_request");
  const fixed = Object.entries(server.provider.oauth.tokenParameters ?? {});
  const absent = fixed.find(([name, value]) => form[name] !== value);
  if (absent !== undefined) return oauthError(400, "invalid_request", `${absent[0]} must be as the vendor has it`);
  try {
    if (form.grant_type === "authorization_code") {
      if (typeof form.code !== "string" || typeof form.redirect_uri !== "string")
        return oauthError(400, "invalid_request", "code and redirect_uri must be there");
      const verifier = typeof form.code_verifier === "string" ? form.code_verifier : null;
      return issued(server, server.grants.exchange(form.code, form.redirect_uri, verifier));
    }
    if (form.grant_type === "refresh_token") {
      if (typeof form.refresh_token !== "string")
        return oauthError(400, "invalid_request", "refresh_token must be there");
      return issued(server, server.grants.refresh(form.refresh_token));
    }
  } catch (error) {
    if (error instanceof InvalidGrant) return oauthError(400, "invalid_grant", error.message);
    throw error;
  }
  return form.grant_type === undefined
    ? oauthError(400, "invalid_request", "grant_type must be there")
    : oauthError(400, "unsupported_grant_type");
}

/**
 * Answers the revocation endpoint as the vendor's profile says (after RFC 7009): 200 (204 to DELETE) even for an unknown token, unless
 * the token is the credential. Revoking ends the person's registration with the client as well.
 */
export function revoke(server: TokenServer, request: TokenRequest): Answer {
  const revocation = server.provider.oauth.revocation;
  const grant = grantToRevoke(server, request);
  if (revocation?.tokenIn === "bearer" && grant === null) return json(401, { error: "invalid_token" });
  const namesClient = "client_id" in request.form || request.authorization?.startsWith("Basic ");
  const refused = revocation?.tokenIn !== "bearer" && namesClient ? refuseClient(server, request) : null;
  if (refused !== null) return refused;
  if (grant !== null) {
    const named = request.vendorUserId ?? null;
    if (named !== null && named !== server.people.person(grant.user).vendorUserId)
      return json(403, { error: "insufficient_scope" });
    server.grants.revoke(grant);
    server.grants.setRegistered(grant.user, false);
  }
  return revocation?.method === "DELETE" ? { status: 204, headers: {}, body: undefined } : json(200, {});
}

/** The grant that a revocation request is about; null where its token is not one that the vendor takes. */
export function grantToRevoke(server: TokenServer, request: TokenRequest): Grant | null {
  const revocation = server.provider.oauth.revocation;
  if (revocation === undefined) return null;
  const name = revocation.parameter ?? "token";
  const places = {
    form: request.form[name],
    query: request.query[name],
    bearer: bearer(request.authorization),
  };
  const value = places[revocation.tokenIn];
  return typeof value === "string" ? server.grants.find(revocation.token, value) : null;
}

/** The token of a Bearer authorization (RFC 6750 §2.1); null where the header is something else. */
export function bearer(authorization: string | undefined): string | null {
  return /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? "")?.[1] ?? null;
}

function issued(server: TokenServer, tokens: TokenSet): Answer {
  const { scopeSeparator = " " } = server.provider.oauth;
  const person = server.people.person(tokens.grant.user);
  const body = {
    access_token: tokens.accessToken,
    token_type: "Bearer",
    expires_in: tokens.expiresIn,
    ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
    scope: tokens.grant.scopes.join(scopeSeparator),
    ...server.provider.synthetic.tokenFields?.(person),
  };
  return json(200, body, NO_STORE);
}

function refuseClient(server: TokenServer, { form, authorization }: TokenRequest): Answer | null {
  const basic = server.provider.oauth.clientAuthentication === "basic";
  const [id, secret] = basic ? basicCredentials(authorization) : [form.client_id, form.client_secret];
  if (id === server.clientId && secret === server.clientSecret) return null;
  const answer = oauthError(401, "invalid_client");
  return basic ? { ...answer, headers: { ...answer.headers, "www-authenticate": "Basic" } } : answer;
}

function basicCredentials(authorization: string | undefined): readonly (string | undefined)[] {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, "base64").toString();
  const colon = pair.indexOf(":");
  // Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
  const decoded = (text: string) => new URLSearchParams(`v=${text.replaceAll("&", "%26")}`).get("v") ?? "";
  return colon < 0 ? [] : [decoded(pair.slice(0, colon)), decoded(pair.slice(colon + 1))];
}

function oauthError(status: number, error: string, description?: string): Answer {
  const body = description === undefined ? { error } : { error, error_description: description };
  return json(status, body, NO_STORE);
}
