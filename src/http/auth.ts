import type { AuthSettings } from "../config/auth";
import { GatewayError } from "../domain/errors";
import { createJwtVerifier } from "./jwt";

/** Answers the subject that a request's raw headers (name, value, name, value…) stand for; UNAUTHENTICATED otherwise. */
export interface Authenticator {
  (rawHeaders: readonly string[]): Promise<string>;
  /** The same of a bearer token (null: none was sent) where nothing has to be waited for; null where something has, or it is refused. */
  readonly known?: (token: string | null) => string | null;
}

const DEMO_TOKEN = /^demo:([A-Za-z0-9._-]{1,64})$/;
const BEARER = /^Bearer ([\x21-\x7e]+)$/i;

/** The credentials cannot be accepted; says nothing of why beyond `message`. */
export function unauthenticated(message: string, cause?: unknown): GatewayError {
  return new GatewayError("UNAUTHENTICATED", message, { cause });
}

/** Every value of a header among raw headers; `name` in lower case. */
export function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const one = rawHeaders[at] ?? "";
    if (one.length === name.length && one.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? "");
  }
  return values;
}

/** The bearer token among raw headers; null where there is no Authorization header. @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
export function bearerToken(rawHeaders: readonly string[]): string | null {
  const values = valuesOf("authorization", rawHeaders);
  if (values.length === 0) return null;
  // Node drops a second Authorization header silently, so the raw ones are counted.
  if (values.length > 1) throw unauthenticated("Send one Authorization header");
  const token = BEARER.exec(values[0] ?? "")?.[1];
  if (token === undefined) throw unauthenticated("Send Authorization: Bearer <token>");
  return token;
}

function demoSubject(token: string | null): string | null {
  return token === null ? "demo" : (DEMO_TOKEN.exec(token)?.[1] ?? null);
}

/** Who may call: the demo identity, or the bearers of JSON Web Tokens. */
export function createAuthenticator(settings: AuthSettings, now: () => number = Date.now): Authenticator {
  if (settings.kind === "demo") {
    const verifyName = async (rawHeaders: readonly string[]) => {
      const subject = demoSubject(bearerToken(rawHeaders));
      if (subject === null) throw unauthenticated("Under the demo identity the token is demo:<name>");
      return subject;
    };
    return Object.assign(verifyName, { known: demoSubject });
  }
  const verifier = createJwtVerifier(settings, now);
  const verify = async (rawHeaders: readonly string[]) => {
    const token = bearerToken(rawHeaders);
    if (token === null) throw unauthenticated("Send Authorization: Bearer <token>");
    return verifier.verify(token);
  };
  return Object.assign(verify, { known: (token: string | null) => (token === null ? null : verifier.known(token)) });
}
