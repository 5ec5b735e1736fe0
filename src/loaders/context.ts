import DataLoader from "dataloader";
import type { Account, Person, Services, SourcePreference } from "../services/api";
import { createDailyLoader, type DailyLoader } from "./daily";

/** Anything that `node(id:)` can answer; `__typename` chooses its GraphQL type. */
export interface TypedNode {
  readonly __typename: string;
}

/** Loaders of one request; nothing in them outlives it. */
export interface Loaders {
  readonly daily: DailyLoader;
  /** Accounts by person id. */
  readonly accounts: DataLoader<string, readonly Account[]>;
  /** Preferences of sources by person id. */
  readonly preferences: DataLoader<string, readonly SourcePreference[]>;
  /** Epoch seconds of the latest successful check, by account id; null where never. */
  readonly lastSyncedAt: DataLoader<string, number | null>;
}

/** What resolvers see of a request. */
export interface RequestContext {
  readonly person: Person;
  readonly services: Services;
  readonly loaders: Loaders;
  readonly requestId: string;
}

/** The context of a request that was made as `person`; loaders answer for that person only. */
export function createRequestContext(services: Services, person: Person, requestId: string): RequestContext {
  const accounts = new DataLoader<string, readonly Account[]>((ids) =>
    Promise.all(ids.map((id) => (id === person.id ? services.accounts.list(id) : []))),
  );
  const preferences = new DataLoader<string, readonly SourcePreference[]>((ids) =>
    Promise.all(ids.map((id) => (id === person.id ? services.preferences.list(id) : []))),
  );
  const lastSyncedAt = new DataLoader<string, number | null>(async (ids) => {
    const times = await services.accounts.lastSyncedAt(person.id, ids);
    return ids.map((id) => times.get(id) ?? null);
  });
  const daily = createDailyLoader(services.reading, person.id);
  return { person, services, requestId, loaders: { daily, accounts, preferences, lastSyncedAt } };
}

/** Forgets what the request has loaded: after a mutation it may be otherwise. */
export function forgetLoaded({ loaders }: RequestContext): void {
  loaders.daily.clearAll();
  loaders.accounts.clearAll();
  loaders.preferences.clearAll();
  loaders.lastSyncedAt.clearAll();
}
