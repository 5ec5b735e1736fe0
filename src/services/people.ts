import { LRUCache } from "lru-cache";
import { GatewayError } from "../domain/errors";
import { isExternalId } from "../domain/people";
import type { PeopleApi, Person } from "./api";
import type { PeopleStore } from "./ports/links";

/** Who an external id is does not change; whether they are still known is asked with every data version. */
const KEPT = { max: 100_000, ttl: 300_000, ttlResolution: 0 };

/** People of the application by their external id, created at first sight, or found where they exist. */
export function createPeople(store: PeopleStore): PeopleApi {
  const byExternalId = new LRUCache<string, Person>(KEPT);
  const byId = new LRUCache<string, Person>(KEPT);
  const kept = async <P extends Person | null>(cached: Person | undefined, ask: () => Promise<P>) => {
    if (cached) return cached;
    const person = await ask().catch((cause: unknown) => {
      throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach", { cause });
    });
    if (person) {
      byExternalId.set(person.externalId, person);
      byId.set(person.id, person);
    }
    return person;
  };
  return {
    known: (externalId) => byExternalId.get(externalId) ?? null,
    person: (externalId) => kept(byExternalId.get(externalId), () => store.findOrAdd(externalId)),
    async find(externalId) {
      return isExternalId(externalId) ? kept(byExternalId.get(externalId), () => store.find(externalId)) : null;
    },
    byId: (personId) => kept(byId.get(personId), () => store.byId(personId)),
  };
}
