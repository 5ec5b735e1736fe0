import type { Caller, Person, Services } from "../services/api";
import { KEY_MARK } from "../services/keys";
import { type Authenticator, bearerToken } from "./auth";

/** Answers who makes a request, by its raw headers: the bearer of a server key, or the person whom `authenticate` recognises. */
export interface Callers {
  (rawHeaders: readonly string[]): Promise<Caller>;
  /** The person who makes a request with a bearer token (null: with none), where nothing has to be waited for; null where something has, and of every other caller. */
  readonly knownPerson: (token: string | null) => Person | null;
}

/** Recognises callers. */
export function createCallers(
  { keys, people }: Pick<Services, "keys" | "people">,
  authenticate: Authenticator,
): Callers {
  const callerOf = async (rawHeaders: readonly string[]): Promise<Caller> => {
    const token = bearerToken(rawHeaders);
    if (token?.startsWith(KEY_MARK)) return { kind: "server", key: await keys.verify(token) };
    return { kind: "person", person: await people.person(await authenticate(rawHeaders)) };
  };
  const knownPerson = (token: string | null): Person | null => {
    if (token?.startsWith(KEY_MARK)) return null;
    const subject = authenticate.known?.(token) ?? null;
    return subject === null ? null : (people.known?.(subject) ?? null);
  };
  return Object.assign(callerOf, { knownPerson });
}
