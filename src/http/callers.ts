import type { Caller, Services } from "../services/api";
import { KEY_MARK } from "../services/keys";
import { type Authenticator, bearerToken } from "./auth";

/** Answers who makes a request, by its raw headers: the bearer of a server key, or the person whom `authenticate` recognises. */
export function createCallers(
  { keys, people }: Pick<Services, "keys" | "people">,
  authenticate: Authenticator,
): (rawHeaders: readonly string[]) => Promise<Caller> {
  return async (rawHeaders) => {
    const token = bearerToken(rawHeaders);
    if (token?.startsWith(KEY_MARK)) return { kind: "server", key: await keys.verify(token) };
    return { kind: "person", person: await people.person(await authenticate(rawHeaders)) };
  };
}
