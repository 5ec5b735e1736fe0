import type { Provider } from "../../providers/contract/provider";
import { type Answer } from "./answer";
import type { Grants } from "./grants";
import { escapeHtml, page } from "./html";

/** What the authorization endpoint needs to know. `decisionUrl`: where the consent form goes; `withheld`: scopes that are never granted, in the vendor's own words. */
export interface AuthorizationServer {
  readonly provider: Provider;
  readonly clientId: string;
  /** Registered redirection addresses, compared exactly; null: any http or https address of this machine. */
  readonly redirectUris: readonly string[] | null;
  readonly decisionUrl: () => string;
  readonly grants: Grants;
  readonly withheld: () => readonly string[];
}

/** Parameters as they came: text, or several of one name. */
export type Parameters = Readonly<Record<string, unknown>>;

interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly scopes: readonly string[];
  readonly challenge: string | null;
}

type Verdict = { readonly request: AuthorizationRequest } | { readonly answer: Answer };

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const SCHEMES = new Set(["http:", "https:"]);
const USER_LENGTH = 64;
const DEFAULT_USER = "demo";
const NAMES = [
  "response_type",
  "client_id",
  "redirect_uri",
  "scope",
  "state",
  "code_challenge",
  "code_challenge_method",
] as const;

/** Answers an authorization request with the consent page, or with a refusal (RFC 6749 §4.1.1, §4.1.2.1). */
export function authorize(server: AuthorizationServer, query: Parameters): Answer {
  const verdict = judge(server, query);
  if ("answer" in verdict) return verdict.answer;
  const carried = Object.fromEntries(NAMES.flatMap((name) => (name in query ? [[name, query[name]]] : [])));
  // Base64url needs no escaping in an attribute, so that the simplest script can read the form.
  const hidden = Buffer.from(JSON.stringify(carried)).toString("base64url");
  const { displayName } = server.provider;
  const scopes = verdict.request.scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join("\n");
  const content = `<p>An app asks to read your ${escapeHtml(displayName)} data. This is a simulator: nobody's real data are here.</p>
<h2>It asks for</h2>
<ul>
${scopes || "<li>nothing</li>"}
</ul>
<form method="post" action="${escapeHtml(server.decisionUrl())}">
<input type="hidden" name="request" value="${hidden}">
<label for="user">Sign in as</label>
<input type="text" id="user" name="user" value="${DEFAULT_USER}" maxlength="${USER_LENGTH}" autocomplete="off" aria-describedby="user-note">
<p class="note" id="user-note">Any name will do; each name is a person with data of their own.</p>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>`;
  return page(200, `${displayName} (simulated)`, content, formTargets(verdict.request.redirectUri));
}

/** Answers the person's decision: back to the app with a code or with `access_denied`. `onUser` learns who signed in. */
export function decide(server: AuthorizationServer, form: Parameters, onUser: (user: string) => void): Answer {
  const carried = decodeRequest(form.request);
  if (carried === null) return refusal("The form does not carry the app's request: start again from the app.");
  const verdict = judge(server, carried);
  if ("answer" in verdict) return verdict.answer;
  const { redirectUri, state, scopes, challenge } = verdict.request;
  if (form.decision === "deny") return redirect(redirectUri, { error: "access_denied", state });
  if (form.decision !== "allow") return refusal("The form carries no decision: allow or deny.");
  const user = form.user === undefined ? DEFAULT_USER : typeof form.user === "string" ? form.user.trim() : "";
  if (user === "" || user.length > USER_LENGTH)
    return refusal(`Sign in with a name of 1 to ${USER_LENGTH} characters.`);
  onUser(user);
  const withheld = new Set(server.withheld());
  const granted = scopes.flatMap((scope) =>
    withheld.has(scope) ? [] : (server.provider.synthetic.grant(scope) ?? []),
  );
  const code = server.grants.issueCode({ user, scopes: granted, redirectUri, challenge });
  const separator = server.provider.oauth.scopeSeparator ?? " ";
  return redirect(redirectUri, { code, state, scope: granted.join(separator) });
}

function judge(server: AuthorizationServer, query: Parameters): Verdict {
  const redirectUri = query.redirect_uri;
  if (query.client_id !== server.clientId) return { answer: refusal("The app is not registered here (client_id).") };
  // An address that is not registered gets no redirect, whatever else is wrong (RFC 6749 §4.1.2.1).
  if (typeof redirectUri !== "string" || !isRegistered(server, redirectUri))
    return { answer: refusal("The app's return address is not registered here (redirect_uri).") };
  const state = typeof query.state === "string" ? query.state : "";
  const refuse = (error: string, description: string): Verdict => {
    const parameters = { error, error_description: description, ...(state === "" ? {} : { state }) };
    return { answer: redirect(redirectUri, parameters) };
  };
  const repeated = NAMES.find((name) => query[name] !== undefined && typeof query[name] !== "string");
  if (repeated !== undefined) return refuse("invalid_request", `${repeated} comes more than once`);
  if (query.response_type === undefined) return refuse("invalid_request", "response_type is missing");
  if (query.response_type !== "code") return refuse("unsupported_response_type", "response_type must be code");
  if (state === "") return refuse("invalid_request", "state is missing");
  const challenge = typeof query.code_challenge === "string" ? query.code_challenge : null;
  if (challenge === null && query.code_challenge_method !== undefined)
    return refuse("invalid_request", "code_challenge is missing");
  if (challenge !== null && query.code_challenge_method !== "S256")
    return refuse("invalid_request", "code_challenge_method must be S256");
  if (challenge !== null && !/^[A-Za-z0-9_-]{43}$/.test(challenge))
    return refuse("invalid_request", "code_challenge must be 43 characters of base64url");
  const { scopeSeparator = " ", defaultScopes } = server.provider.oauth;
  const asked =
    typeof query.scope === "string" ? query.scope.split(scopeSeparator).filter((scope) => scope !== "") : [];
  const scopes = asked.length === 0 ? defaultScopes : [...new Set(asked)];
  return { request: { redirectUri, state, scopes, challenge } };
}

function isRegistered(server: AuthorizationServer, redirectUri: string): boolean {
  if (server.redirectUris !== null) return server.redirectUris.includes(redirectUri);
  if (!URL.canParse(redirectUri)) return false;
  const url = new URL(redirectUri);
  return SCHEMES.has(url.protocol) && LOOPBACK.has(url.hostname) && url.username === "" && !redirectUri.includes("#");
}

function decodeRequest(field: unknown): Parameters | null {
  if (typeof field !== "string") return null;
  try {
    const decoded: unknown = JSON.parse(Buffer.from(field, "base64url").toString());
    return typeof decoded === "object" && decoded !== null ? { ...decoded } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function redirect(redirectUri: string, parameters: Readonly<Record<string, string>>): Answer {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  const headers = { location: url.href, "cache-control": "no-store", "referrer-policy": "no-referrer" };
  return { status: 303, headers, body: undefined };
}

function refusal(problem: string): Answer {
  return page(400, "The app's request was refused", `<p>${escapeHtml(problem)}</p>`);
}

/** Browsers hold redirects after a form to the same rule, and the app may send the person on to any address of its own. */
function formTargets(redirectUri: string): string {
  const { protocol } = new URL(redirectUri);
  return [...new Set(["'self'", "http:", "https:", protocol])].join(" ");
}
