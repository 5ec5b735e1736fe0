import { LRUCache } from "lru-cache";
import { GatewayError } from "../domain/errors";
import type { PeopleApi, Person } from "./api";
import type { PeopleStore } from "./ports/links";

/** Who an external id is does not change; whether they are still known is asked with every data version. */
const KEPT = { max: 100_000, ttl: 300_000 };

/** People of the application by their external id, created at first sight. */
export function createPeople(store: PeopleStore): PeopleApi {
  const known = new LRUCache<string, Person>(KEPT);
  return {
    async person(externalId) {
      const cached = known.get(externalId);
      if (cached) return cached;
      const person = await store.findOrAdd(externalId).catch((cause: unknown) => {
        throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach", { cause });
      });
      known.set(externalId, person);
      return person;
    },
  };
}
