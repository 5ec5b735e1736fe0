import type { UpstreamFailureKind } from "../../src/domain/errors";

type Band = readonly [first: number, last: number];

/** "Authentication failed" in the vendor's table. */
const AUTHENTICATION: readonly Band[] = [
  [100, 102],
  [200, 200],
  [401, 401],
];

/** Seen from the real service for a scope that the grant lacks; not in the vendor's table. */
const SCOPE: readonly Band[] = [[403, 403]];

/** "Too many requests". */
const LIMIT: readonly Band[] = [[601, 601]];

/** "Invalid params", "Unauthorized" (the token is good, the call is not for this application) and "Not implemented". */
const REFUSED: readonly Band[] = [
  [201, 214],
  [216, 218],
  [220, 221],
  [223, 223],
  [225, 225],
  [227, 230],
  [234, 236],
  [238, 238],
  [240, 252],
  [254, 254],
  [260, 267],
  [271, 272],
  [275, 277],
  [283, 288],
  [290, 290],
  [293, 295],
  [297, 297],
  [300, 304],
  [321, 321],
  [323, 353],
  [380, 382],
  [400, 400],
  [501, 511],
  [523, 523],
  [532, 532],
  [2553, 2555],
  [3017, 3019],
];

/** What the statuses mean; every other one is "An error occurred", "Timeout" or "Bad state", or not yet known. */
const MEANINGS: readonly (readonly [UpstreamFailureKind, readonly Band[]])[] = [
  ["UNAUTHORIZED", AUTHENTICATION],
  ["SCOPE_MISSING", SCOPE],
  ["RATE_LIMITED", LIMIT],
  ["REJECTED", REFUSED],
];

function field(body: unknown, name: string): unknown {
  return body instanceof Object ? Reflect.get(body, name) : undefined;
}

/** The status in an answer's body, 0 where all is well; null where there is none. */
function statusOf(body: unknown): number | null {
  const status = field(body, "status");
  const number = typeof status === "string" && /^\d{1,5}$/.test(status) ? Number(status) : status;
  return typeof number === "number" && Number.isInteger(number) ? number : null;
}

/**
 * What an answer of HTTP status 200 says of a failure; null where it is none, or says nothing of its status.
 * @see https://developer.withings.com/api-reference/#section/Response-status
 */
export function bodyFailure(body: unknown): UpstreamFailureKind | null {
  const status = statusOf(body);
  if (status === null || status === 0) return null;
  const isIn = (bands: readonly Band[]) => bands.some(([first, last]) => first <= status && status <= last);
  return MEANINGS.find(([, bands]) => isIn(bands))?.[0] ?? "UNAVAILABLE";
}

/**
 * Why a token answer of HTTP status 200 is a refusal; null where it is none. A spent refresh token or code is told by status 503
 * and by the name of the parameter in `error` alone ("Invalid Params: invalid refresh_token").
 */
export function tokenRefusal(body: unknown): "invalid_grant" | "invalid_client" | "other" | null {
  const failure = bodyFailure(body);
  if (failure === null) return null;
  const error = field(body, "error");
  const reason = typeof error === "string" ? error : "";
  if (failure !== "UNAUTHORIZED" && failure !== "REJECTED") return "other";
  if (/\b(?:refresh[_ ]token|code|invalid_grant)\b/i.test(reason)) return "invalid_grant";
  // As in RFC 6749 §5.2: without a word about the grant, failed authentication is the client's own.
  return failure === "UNAUTHORIZED" || /\bclient(?:_id|_secret)?\b/i.test(reason) ? "invalid_client" : "other";
}
