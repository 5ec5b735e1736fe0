import DataLoader from "dataloader";
import type { MetricBackfill } from "../domain/backfill";
import type { AccountTimes } from "../domain/sync-runs";
import type { Account, Caller, Person, Services, SourcePreference } from "../services/api";
import { createDailyLoader, type DailyLoader } from "./daily";
import { once } from "./once";
import type { Validity } from "./validity";

/** What one request loads of one person. */
export interface PersonLoaders {
  readonly daily: DailyLoader;
  /** The same from what is kept here, asking no provider. */
  readonly stored: DailyLoader;
  accounts(): Promise<readonly Account[]>;
  preferences(): Promise<readonly SourcePreference[]>;
  /** Epoch seconds of the latest successful check, by account id; null where never. */
  readonly lastSyncedAt: DataLoader<string, number | null>;
  /** By account id. */
  readonly times: DataLoader<string, AccountTimes>;
  readonly backfill: DataLoader<Account, readonly MetricBackfill[], string>;
}

/** What a server key names a person by. */
export type PersonKey = { readonly externalId: string } | { readonly id: string };

/** Loaders of one request, apart for each person; nothing in them outlives it. */
export interface Loaders {
  /** Those of one person. Throws where the request was made as another person: there is no way to load somebody else's. */
  of(personId: string): PersonLoaders;
  /** Persons of the application; those of one tick come together, so that what is asked of them is still asked at once. */
  readonly people: DataLoader<PersonKey, Person | null, string>;
  /** Forgets what was loaded: after a mutation it may be otherwise. */
  forget(): void;
}

function personLoaders(services: Services, personId: string, validity: Validity): PersonLoaders {
  const at = once(() => services.versions.current(personId));
  return {
    daily: createDailyLoader(services.reading, personId, validity, at),
    stored: createDailyLoader({ read: (...asked) => services.reading.stored(...asked) }, personId, validity, at),
    accounts: once(() => services.accounts.list(personId, at)),
    preferences: once(() => services.preferences.list(personId, at)),
    lastSyncedAt: new DataLoader<string, number | null>(async (ids) => {
      const times = await services.accounts.lastSyncedAt(personId, ids);
      return ids.map((id) => times.get(id) ?? null);
    }),
    times: new DataLoader<string, AccountTimes>(async (ids) => {
      const times = await services.history.times(personId, ids);
      return ids.map((id) => times.get(id) ?? { polledAt: null, dataAt: null });
    }),
    backfill: new DataLoader<Account, readonly MetricBackfill[], string>(
      async (accounts) => {
        const progress = await services.history.backfill(personId, accounts);
        return accounts.map(({ id }) => progress.get(id) ?? []);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
  };
}

function peopleLoader({ people }: Services): Loaders["people"] {
  const look = (key: PersonKey) => ("id" in key ? people.byId(key.id) : people.find(key.externalId));
  return new DataLoader((keys: readonly PersonKey[]) => Promise.all(keys.map(look)), { cacheKeyFn: JSON.stringify });
}

/** Loaders of a request that `caller` makes, made for each person at first need; they tell `validity` how long their answers hold. */
export function createLoaders(services: Services, caller: Caller, validity: Validity): Loaders {
  const known = new Map<string, PersonLoaders>();
  const people = peopleLoader(services);
  return {
    people,
    of(personId) {
      if (caller.kind === "person" && caller.person.id !== personId) throw new Error("expected the caller's own id");
      const loaders = known.get(personId) ?? personLoaders(services, personId, validity);
      known.set(personId, loaders);
      return loaders;
    },
    forget() {
      for (const { daily, stored } of known.values()) {
        daily.clearAll();
        stored.clearAll();
      }
      known.clear();
      people.clearAll();
    },
  };
}
