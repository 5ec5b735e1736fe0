import { scopeName, WireError } from "../../providers/contract";
import { LAST_400_DAYS, somebody } from "./people";
import type { Rule, Subject } from "./subject";

/** What fixtures/oauth/good-authorize.json holds: parameters of the request and the address that they make. */
interface AuthorizeFixture {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly scopes: readonly string[];
}

/** The authorization request of RFC 6749 §4.1.1, built from the profile alone. */
function authorizeUrl({ provider }: Subject, asked: AuthorizeFixture): string {
  const url = new URL(provider.oauth.authorizeUrl);
  url.searchParams.set("response_type", "code");
  url.searchParams.set("client_id", asked.clientId);
  url.searchParams.set("redirect_uri", asked.redirectUri);
  url.searchParams.set("scope", asked.scopes.join(provider.oauth.scopeSeparator ?? " "));
  url.searchParams.set("state", asked.state);
  for (const [name, value] of Object.entries(provider.oauth.authorizeParameters ?? {}))
    url.searchParams.set(name, value);
  return url.href;
}

function fixture(subject: Subject, name: string) {
  return subject.fixtures.find((entry) => entry.name === name);
}

/** The fields of a token answer, from where the profile says that they lie. */
function tokenFields({ provider }: Subject, body: unknown): object {
  const under = provider.oauth.tokenAnswerUnder;
  const fields = under === undefined ? body : body instanceof Object ? Reflect.get(body, under) : null;
  return fields instanceof Object ? fields : {};
}

function isHttps(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === "https:" && new URL(text).username === "";
}

const HOSTILE_CURSORS = [
  "https://elsewhere.example/",
  "//elsewhere.example/x",
  "../../../oauth/token",
  "a\r\nHost: b",
  "?&#",
];

/** Rules about addresses, scopes and whose account it is. */
export const oauthRules: readonly Rule[] = [
  {
    number: 14,
    name: "https only, and requests stay on the API's origin whatever the cursor",
    check: ({ provider }) => {
      const { oauth, apiUrl } = provider;
      const urls = [apiUrl, oauth.authorizeUrl, oauth.tokenUrl, ...(oauth.revocation ? [oauth.revocation.url] : [])];
      const identity = provider.identity.from === "request" ? [provider.identity.request] : [];
      const requests = provider.endpoints.flatMap((endpoint) =>
        [null, ...HOSTILE_CURSORS].map((cursor) => endpoint.request(LAST_400_DAYS, cursor)),
      );
      const astray = [...identity, ...requests].filter(({ path }) => {
        const url = URL.canParse(path, apiUrl) ? new URL(path, apiUrl) : null;
        return !path.startsWith("/") || url?.origin !== apiUrl || url.pathname !== path;
      });
      return [
        ...urls.filter((url) => !isHttps(url)).map((url) => `${url} is not https`),
        ...(URL.canParse(apiUrl) && new URL(apiUrl).origin === apiUrl ? [] : ["apiUrl is more than an origin"]),
        ...astray.map(({ path }) => `${path} leaves the origin`),
      ];
    },
  },
  {
    number: 15,
    name: "OAuth profile in itself right; authorization address and granted scopes as written beside it",
    check: (subject) => {
      const { oauth, endpoints } = subject.provider;
      const known = new Set(oauth.scopes);
      const problems = [...oauth.defaultScopes, ...endpoints.flatMap(({ scopes }) => scopes)]
        .filter((scope) => !known.has(scope))
        .map((scope) => `scope ${scope} is not among the scopes`);
      if (known.size !== oauth.scopes.length) problems.push("a scope is there twice");
      if (oauth.defaultScopes.length === 0) problems.push("no default scopes");
      if (oauth.scopes.some((scope) => /\s|,/.test(scope))) problems.push("a scope with a separator in it");
      if (!(oauth.defaultExpiresInSeconds === undefined || oauth.defaultExpiresInSeconds > 0)) problems.push("expiry");
      const revocation = oauth.revocation;
      if (revocation?.token === "refresh" && oauth.refresh === "none")
        problems.push("revokes a token that is not there");
      const authorize = fixture(subject, "oauth/good-authorize.json");
      if (!authorize) problems.push("fixtures/oauth/good-authorize.json is missing");
      else if (authorizeUrl(subject, authorize.body as AuthorizeFixture) !== authorize.expected)
        problems.push("the authorization address is not the one written beside it");
      const token = fixture(subject, "oauth/good-token.json");
      if (!token) problems.push("fixtures/oauth/good-token.json is missing");
      else {
        const body = tokenFields(subject, token.body) as { readonly scope?: string; readonly access_token?: string };
        if ((oauth.tokenRefusal?.(token.body) ?? null) !== null)
          problems.push("the token fixture is taken for a refusal");
        // RFC 6749 §5.1: an answer without scope grants what was asked for.
        const granted = (body.scope === undefined ? [] : body.scope.split(/[ ,]/)).map((scope) =>
          scopeName(subject.provider, scope),
        );
        if (!body.access_token) problems.push("the token fixture has no access_token");
        if (JSON.stringify(granted) !== JSON.stringify(token.expected))
          problems.push("granted scopes are read wrongly");
      }
      return problems;
    },
  },
  {
    number: 16,
    name: "names whose account it is, and refuses an answer that does not",
    check: (subject) => {
      const { identity } = subject.provider;
      const fields = tokenFields(subject, fixture(subject, "oauth/good-token.json")?.body);
      if (identity.from === "token" && !Reflect.get(fields, identity.field))
        return ["the token fixture names no account"];
      const person = somebody({});
      if (identity.from === "token") {
        const { synthetic } = subject.provider;
        const named = synthetic.tokenFields?.(person)[identity.field];
        const vendorUserId = synthetic.vendorUserId?.(person.seed) ?? person.vendorUserId;
        return String(named) === vendorUserId
          ? []
          : [`the token answer does not name the account in ${identity.field}`];
      }
      const answer = subject.provider.synthetic.answer({
        ...{ method: identity.request.method, path: identity.request.path, query: {}, form: {}, person },
        ...{ grantedScopes: subject.provider.oauth.defaultScopes, pageSize: null, documents: () => [] },
      });
      const all = subject.fixtures.filter(({ group }) => group === "identity");
      const wrong = all.filter(({ kind, body, expected }) =>
        kind === "good" ? read(body) !== expected : read(body) !== null,
      );
      function read(body: unknown): string | null {
        if (identity.from !== "request") return null;
        try {
          return identity.read(body);
        } catch (error) {
          if (error instanceof WireError) return null;
          throw error;
        }
      }
      return [
        ...["good", "bad"]
          .filter((kind) => !all.some((entry) => entry.kind === kind))
          .map((kind) => `no ${kind} fixture`),
        ...wrong.map(({ name }) => `${name} is read wrongly`),
        ...(read(answer?.body) === (subject.provider.synthetic.vendorUserId?.(person.seed) ?? person.vendorUserId)
          ? []
          : ["the synthetic cloud names another account"]),
      ];
    },
  },
];
