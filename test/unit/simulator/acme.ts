import type { SyntheticAnswer, SyntheticRequest } from "../../../providers/contract";
import type { Provider } from "../../../providers/contract/provider";
import { dayNumber, parseCivilDay } from "../../../src/domain/days";

/** A made-up vendor: `GET /v1/sleeps?from=&to=&cursor=` answers `{ items, next }`, ten a page, cursor = offset. */
export const acme: Provider = {
  slug: "acme",
  displayName: "Acme",
  apiUrl: "https://api.acme.example",
  oauth: {
    authorizeUrl: "https://login.acme.example/oauth/authorize",
    tokenUrl: "https://api.acme.example/oauth/token",
    revocation: { url: "https://api.acme.example/oauth/revoke", method: "POST", token: "access", tokenIn: "form" },
    pkce: true,
    scopes: ["sleep", "profile", "beta"],
    defaultScopes: ["sleep", "profile"],
    grantedScopePrefix: "ext:",
    refresh: "rotating",
  },
  identity: {
    from: "request",
    request: { method: "GET", path: "/v1/me" },
    read: (body) => (body as { id: string }).id,
  },
  settlesAfterDays: 7,
  budgets: [{ requests: 1_000, seconds: 60 }],
  mapperVersion: 1,
  endpoints: [
    {
      name: "sleeps",
      yields: ["sleep_session"],
      scopes: ["sleep"],
      request: (window, cursor) => ({
        method: "GET",
        path: "/v1/sleeps",
        query: { from: window.start, to: window.end, ...(cursor === null ? {} : { cursor }) },
      }),
      read: () => ({ documents: [], setAside: [], cursor: null }),
    },
  ],
  synthetic: {
    accessTokenSeconds: 3600,
    grant: (scope) => (scope === "beta" ? null : `ext:${scope}`),
    failure: (failure) => {
      if (failure.kind === "rate_limited")
        return { status: 429, headers: { "Retry-After": failure.retryAfter }, body: { detail: "slow down" } };
      if (failure.kind === "server_error") return { status: failure.status, body: { detail: "broken" } };
      return { status: 401, body: { detail: "token refused" } };
    },
    documents: (endpoint, person, day, revision) =>
      endpoint === "sleeps"
        ? [{ id: `${person.vendorUserId}-${day}`, day, score: (person.seed + dayNumber(day)) % 100, revision }]
        : [],
    answer,
    tokenFields: (person) => ({ user_id: person.vendorUserId }),
  },
};

/** The made-up vendor with another OAuth profile. */
export function acmeWith(oauth: Partial<Provider["oauth"]>): Provider {
  return { ...acme, oauth: { ...acme.oauth, ...oauth } };
}

function answer(request: SyntheticRequest): SyntheticAnswer | null {
  if (request.path === "/v1/me") return { status: 200, body: { id: request.person.vendorUserId } };
  if (request.path === "/v1/echo")
    return { status: 200, body: { method: request.method, query: request.query, form: request.form } };
  if (request.path !== "/v1/sleeps") return null;
  if (!request.grantedScopes.includes("ext:sleep")) return { status: 403, body: { detail: "scope sleep" } };
  const start = parseCivilDay(request.query.from ?? "");
  const end = parseCivilDay(request.query.to ?? "");
  const offset = Number(request.query.cursor ?? "0");
  if (start === null || end === null || !Number.isInteger(offset)) return { status: 422, body: { detail: "bad" } };
  const all = request.documents("sleeps", { start, end });
  const size = request.pageSize ?? 10;
  const next = offset + size < all.length ? String(offset + size) : null;
  return { status: 200, body: { items: all.slice(offset, offset + size), next } };
}
