import { hash } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { LRUCache } from "lru-cache";
import type { AuthSettings } from "../config/auth";
import { GatewayError } from "../domain/errors";
import { isExternalId } from "../domain/people";
import { Briefly } from "./briefly";

type JwtSettings = Exclude<AuthSettings, { kind: "demo" }>;

const VERIFIED_FOR_MS = 60_000;
const VERIFIED_ENTRIES = 10_000;
const CLOCK_TOLERANCE_SECONDS = 5;
const JWKS_TIMEOUT_MS = 2500;

/** Failures that say something of the key server, not of the token. */
const KEY_SERVER_CODES = new Set(["ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JOSE_GENERIC"]);

function checksOf(settings: JwtSettings, now: () => number): JWTVerifyOptions {
  return {
    algorithms: settings.kind === "secret" ? ["HS256"] : ["RS256", "PS256", "ES256", "EdDSA"],
    requiredClaims: ["exp", "sub"],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    currentDate: new Date(now()),
    ...(settings.issuer === null ? {} : { issuer: settings.issuer }),
    ...(settings.audience === null ? {} : { audience: settings.audience }),
  };
}

function refusal(error: unknown, keysAreRemote: boolean): GatewayError {
  if (error instanceof GatewayError) return error;
  const fromKeyServer = error instanceof errors.JOSEError ? KEY_SERVER_CODES.has(error.code) : true;
  if (keysAreRemote && fromKeyServer) {
    return new GatewayError("SERVICE_DEGRADED", "The signing keys cannot be fetched at the moment", { cause: error });
  }
  return new GatewayError("UNAUTHENTICATED", "The token is expired, malformed or not to be trusted", { cause: error });
}

function checkedSubject({ sub, exp }: JWTPayload, now: number): { subject: string; expiresAt: number } {
  // The tolerance is for nbf: another clock may run ahead, but an expiry is never stretched.
  const expiresAt = (exp ?? 0) * 1000;
  if (expiresAt <= now)
    throw new GatewayError("UNAUTHENTICATED", "The token is expired, malformed or not to be trusted");
  if (typeof sub !== "string" || !isExternalId(sub)) {
    throw new GatewayError(
      "UNAUTHENTICATED",
      "The token's subject must be 1 to 255 characters without control characters",
    );
  }
  return { subject: sub, expiresAt };
}

function hashOf(token: string): string {
  return hash("sha256", token, "base64");
}

/** Answers the subject of a JSON Web Token. */
export interface JwtVerifier {
  /** UNAUTHENTICATED where the token is not to be trusted, SERVICE_DEGRADED where the signing keys cannot be had. */
  verify(token: string): Promise<string>;
  /** The subject of a token that was verified a short while ago; null of every other. */
  known(token: string): string | null;
}

/**
 * Verifies JSON Web Tokens. A verified one is kept by the SHA-256 of the token until it expires, at most 60 s.
 * @see https://www.rfc-editor.org/rfc/rfc8725
 */
export function createJwtVerifier(settings: JwtSettings, now: () => number): JwtVerifier {
  const remoteKeys =
    settings.kind === "jwks" ? createRemoteJWKSet(settings.url, { timeoutDuration: JWKS_TIMEOUT_MS }) : null;
  const verified = new LRUCache<string, { subject: string; until: number }>({ max: VERIFIED_ENTRIES });
  const verify = async (token: string): Promise<JWTPayload> => {
    const checks = checksOf(settings, now);
    if (settings.kind === "secret") return (await jwtVerify(token, settings.secret, checks)).payload;
    if (remoteKeys === null) throw new Error("expected signing keys");
    return (await jwtVerify(token, remoteKeys, checks)).payload;
  };
  const hashes = new Briefly<string>();
  const keptOf = (key: string): string | null => {
    const kept = verified.get(key);
    return kept && now() < kept.until ? kept.subject : null;
  };
  return {
    known(token) {
      const made = hashes.get(token);
      const key = made ?? hashOf(token);
      const subject = keptOf(key);
      if (subject !== null && made === undefined) hashes.set(token, key);
      return subject;
    },
    async verify(token) {
      const key = hashOf(token);
      const known = keptOf(key);
      if (known !== null) return known;
      try {
        const { subject, expiresAt } = checkedSubject(await verify(token), now());
        verified.set(key, { subject, until: Math.min(expiresAt, now() + VERIFIED_FOR_MS) });
        return subject;
      } catch (error) {
        throw refusal(error, remoteKeys !== null);
      }
    },
  };
}
