import { GatewayError } from "../domain/errors";
import { isExternalId } from "../domain/people";
import type { KeyScope, Person, ServerKey } from "../services/api";
import type { RequestContext } from "./context";

function demandScope({ scopes }: ServerKey, scope: KeyScope): void {
  if (!scopes.includes(scope)) throw new GatewayError("FORBIDDEN", `the server key lacks the scope ${scope}`);
}

/** The server key of a request; FORBIDDEN to everybody but those with a scope. */
export function demandServerKey({ caller }: RequestContext, scope: KeyScope): ServerKey {
  if (caller.kind === "person") throw new GatewayError("FORBIDDEN", "this is for server keys only");
  demandScope(caller.key, scope);
  return caller.key;
}

/** The person that the request's credentials stand for; null for a server key. */
export function viewerOf({ caller }: RequestContext): Person | null {
  return caller.kind === "person" ? caller.person : null;
}

/** The person with an external id, for server keys that may read; null where there is none. FORBIDDEN for everybody else. */
export async function findUser({ caller, loaders }: RequestContext, externalId: string): Promise<Person | null> {
  if (caller.kind === "person") {
    throw new GatewayError("FORBIDDEN", "user(externalId:) is for server keys only; ask viewer");
  }
  demandScope(caller.key, "read");
  return loaders.people.load({ externalId });
}

/** The person of an id of the gateway's own, if the caller may read them; null otherwise. FORBIDDEN for a server key that may not read. */
export async function readablePerson({ caller, loaders }: RequestContext, id: string): Promise<Person | null> {
  if (caller.kind === "person") return caller.person.id === id ? caller.person : null;
  demandScope(caller.key, "read");
  return loaders.people.load({ id });
}

/** Lets server keys with the scope `admin` pass; FORBIDDEN for everybody else. */
export function demandAdmin({ caller }: RequestContext): void {
  if (caller.kind === "person")
    throw new GatewayError("FORBIDDEN", "admin is for server keys with the scope admin only");
  demandScope(caller.key, "admin");
}

/** For whom a mutation acts: the caller, or whom a server key with the scope `write` names, created at first sight as a token's subject is. */
export async function actedFor(
  { caller, services }: RequestContext,
  { userExternalId = null }: { readonly userExternalId?: string | null },
): Promise<Person> {
  if (caller.kind === "person") {
    if (userExternalId === null) return caller.person;
    throw new GatewayError("FORBIDDEN", "input.userExternalId is for server keys only; leave it out");
  }
  demandScope(caller.key, "write");
  if (userExternalId !== null && isExternalId(userExternalId)) return services.people.person(userExternalId);
  throw new GatewayError(
    "BAD_USER_INPUT",
    "input.userExternalId is missing or malformed: expected the person's external id, 1 to 255 characters without control characters",
  );
}
