import { failureOf } from "../upstream/failure";
import type { Outbound, OutboundRequest } from "../upstream/port";
import type { OAuthClient, TokenSet } from "./client";
import { readTokenAnswer } from "./token-answer";

/** What the engine needs of its surroundings. `now`: epoch seconds. */
export interface OAuthSurroundings {
  readonly outbound: Outbound;
  readonly now: () => number;
}

/** Stands for the vendor's user in a revocation address. */
const VENDOR_USER = "{vendorUserId}";

/** Milliseconds for calls that a person waits for. */
const INTERACTIVE_MS = 20_000;

/** Milliseconds after which a refresh is given up; its outcome is unknown then. */
const REFRESH_MS = 60_000;

/**
 * Exchanges an authorization code (RFC 6749 §4.1.3). Throws {@link TokenRefused} and {@link UpstreamFailure}.
 * Never repeated: the code is spent by the first attempt that arrives.
 */
export async function exchangeCode(
  { outbound, now }: OAuthSurroundings,
  client: OAuthClient,
  grant: { readonly code: string; readonly verifier: string | null },
): Promise<TokenSet> {
  const form = {
    grant_type: "authorization_code",
    code: grant.code,
    redirect_uri: client.redirectUri,
    ...(grant.verifier === null ? {} : { code_verifier: grant.verifier }),
  };
  const answer = await outbound.send(tokenRequest(client, "oauth.exchange", form, INTERACTIVE_MS));
  return readTokenAnswer(client, answer, now());
}

/**
 * Refreshes tokens once (RFC 6749 §6). Throws {@link TokenRefused} and {@link UpstreamFailure}; with `details.sent` the refresh
 * token may be spent. Where the answer has no refresh token, the old one stays.
 */
export async function refreshTokens(
  { outbound, now }: OAuthSurroundings,
  client: OAuthClient,
  refreshToken: string,
): Promise<TokenSet> {
  const form = { ...client.profile.refreshParameters, grant_type: "refresh_token", refresh_token: refreshToken };
  const answer = await outbound.send(tokenRequest(client, "oauth.refresh", form, REFRESH_MS));
  const tokens = readTokenAnswer(client, answer, now());
  // RFC 6749 §6: where no new one is issued, the old one stays.
  return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
}

/** The tokens of a grant that is to be revoked, and the vendor's user that some vendors want in the address. */
export interface RevocableGrant {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly vendorUserId?: string;
}

/**
 * Revokes a grant at the vendor: true where it is revoked (401: it was already), false where that could not be had, null where the
 * vendor has no way or the token that it wants is not there. Never throws.
 * @see https://www.rfc-editor.org/rfc/rfc7009
 */
export async function revokeGrant(
  { outbound, now }: OAuthSurroundings,
  client: OAuthClient,
  grant: RevocableGrant,
): Promise<boolean | null> {
  const request = revocationRequest(client, grant);
  if (!request) return null;
  return outbound.send(request).then(
    (answer) => answer.status === 401 || failureOf(answer, now()) === null,
    () => false,
  );
}

/**
 * Gives back a grant that came to nothing, before it was stored. Where revoking ends every grant of the vendor's user (its address names
 * the user) nothing is asked: an account that is linked already would lose its own. Never throws.
 */
export async function giveBackGrant(
  oauth: OAuthSurroundings,
  client: OAuthClient,
  grant: RevocableGrant,
): Promise<void> {
  if (!client.revokeUrl?.includes(VENDOR_USER)) await revokeGrant(oauth, client, grant);
}

function revocationRequest(client: OAuthClient, grant: RevocableGrant): OutboundRequest | null {
  const { revocation } = client.profile;
  if (!revocation || client.revokeUrl === null) return null;
  const token = revocation.token === "access" ? grant.accessToken : grant.refreshToken;
  const ofUser = client.revokeUrl.includes(VENDOR_USER);
  if (token === null || (ofUser && grant.vendorUserId === undefined)) return null;
  const address = client.revokeUrl.replace(VENDOR_USER, encodeURIComponent(grant.vendorUserId ?? ""));
  const parameter = revocation.parameter ?? "token";
  const limits = { silenceMs: INTERACTIVE_MS / 2, totalMs: INTERACTIVE_MS / 2 };
  const call = { provider: client.provider, endpoint: "oauth.revoke", method: revocation.method, ...limits };
  if (revocation.tokenIn === "form") {
    const { headers, body } = clientForm(client, { [parameter]: token });
    return { ...call, url: address, headers, body };
  }
  const url = new URL(address);
  if (revocation.tokenIn === "query") url.searchParams.set(parameter, token);
  const headers = revocation.tokenIn === "bearer" ? { authorization: `Bearer ${token}` } : {};
  return { ...call, url: url.href, headers: { accept: "application/json", ...headers } };
}

function tokenRequest(
  client: OAuthClient,
  endpoint: string,
  form: Readonly<Record<string, string>>,
  limitMs: number,
): OutboundRequest {
  const limits = { silenceMs: limitMs, totalMs: limitMs };
  return {
    provider: client.provider,
    endpoint,
    method: "POST",
    url: client.tokenUrl,
    ...clientForm(client, { ...client.profile.tokenParameters, ...form }),
    ...limits,
  };
}

/** A form with the client's credentials in the body, or by HTTP Basic, each part form-urlencoded first (RFC 6749 §2.3.1). */
function clientForm(
  client: OAuthClient,
  form: Readonly<Record<string, string>>,
): { headers: Record<string, string>; body: string } {
  const headers = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
  if (client.profile.clientAuthentication !== "basic") {
    const body = new URLSearchParams({ ...form, client_id: client.clientId, client_secret: client.clientSecret });
    return { headers, body: body.toString() };
  }
  const credentials = `${formEncoded(client.clientId)}:${formEncoded(client.clientSecret)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { headers: { ...headers, authorization }, body: new URLSearchParams(form).toString() };
}

function formEncoded(value: string): string {
  return new URLSearchParams({ "": value }).toString().slice(1);
}
