import { UpstreamFailure } from "../domain/errors";
import { failureOf } from "../upstream/failure";
import { parseJsonBody } from "../upstream/json";
import type { InboundAnswer } from "../upstream/port";
import { type OAuthClient, type RefusalReason, scopesOf, TokenRefused, type TokenSet } from "./client";

/** Seconds of a lifetime that the vendor does not state, where its profile does not either. */
const DEFAULT_LIFETIME = 3_600;

/** The longest lifetime in seconds that is believed. */
const LONGEST_LIFETIME = 366 * 86_400;

/** The longest token in characters that is kept; the vendors' stay below 4 kB. */
const LONGEST_TOKEN = 16_384;

/**
 * Reads a token endpoint's answer. Throws {@link TokenRefused}, or {@link UpstreamFailure} RATE_LIMITED, UNAVAILABLE or
 * INVALID_RESPONSE; none of them holds anything of the body.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5
 */
export function readTokenAnswer(client: OAuthClient, answer: InboundAnswer, nowEpochSeconds: number): TokenSet {
  const { status } = answer;
  if (status === 429 || status >= 500) throw failureOf(answer, nowEpochSeconds) ?? invalid(status, "an answer");
  const succeeded = status >= 200 && status < 300;
  const outer = objectOf(answer);
  const refusal = succeeded ? (client.profile.tokenRefusal?.(outer) ?? null) : null;
  if (refusal !== null) throw new TokenRefused(refusal, status);
  const { tokenAnswerUnder } = client.profile;
  const body = succeeded && tokenAnswerUnder !== undefined ? objectIn(outer?.[tokenAnswerUnder]) : outer;
  if (!succeeded || typeof body?.["error"] === "string") throw new TokenRefused(reasonOf(status, body), status);
  if (body === null) throw invalid(status, "a JSON object");
  const accessToken = tokenOf(body["access_token"]);
  if (accessToken === null) throw invalid(status, "an access_token");
  return {
    accessToken,
    refreshToken: tokenOf(body["refresh_token"]),
    expiresInSeconds: lifetimeOf(body["expires_in"], client.profile.defaultExpiresInSeconds ?? DEFAULT_LIFETIME),
    scopes: scopesOf(body["scope"], client.profile.scopeSeparator),
    fields: body,
  };
}

function invalid(status: number, expected: string): UpstreamFailure {
  return new UpstreamFailure("INVALID_RESPONSE", `expected ${expected} from the token endpoint`, { status });
}

function objectOf(answer: InboundAnswer): Readonly<Record<string, unknown>> | null {
  try {
    return objectIn(parseJsonBody(answer));
  } catch {
    // The failure would carry the body, and with it perhaps a token: the caller throws its own.
    return null;
  }
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}

function reasonOf(status: number, body: Readonly<Record<string, unknown>> | null): RefusalReason {
  const error = body?.["error"];
  if (error === "invalid_grant") return "invalid_grant";
  if (error === "invalid_client" || error === "unauthorized_client") return "invalid_client";
  // RFC 6749 §5.2 knows 401 for the client's own credentials only.
  return status === 401 ? "invalid_client" : "other";
}

function tokenOf(value: unknown): string | null {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length <= LONGEST_TOKEN ? value : null;
}

/** A lifetime that is not positive is as good as none: taken at its word, it would have every call refresh. */
function lifetimeOf(value: unknown, otherwise: number): number {
  const seconds = typeof value === "string" && /^\d{1,20}$/.test(value.trim()) ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds > 0)) return otherwise;
  return Math.min(Math.ceil(seconds), LONGEST_LIFETIME);
}
