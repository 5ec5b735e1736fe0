import { PgFlightLeases } from "./db/repositories/flights";
import { createGrantStore } from "./db/repositories/grants";
import { PgPageKeeper } from "./db/repositories/kept-pages";
import { readPersonState } from "./db/repositories/person-state";
import { PgRecordStore } from "./db/repositories/records";
import { PgSyncRunStore } from "./db/repositories/sync-runs";
import { openBudgets } from "./open-budgets";
import type { Undoing } from "./open-database";
import type { Ground } from "./open-ground";
import type { AskingParts } from "./services/fetching/ask";
import { StretchFetcher } from "./services/fetching/fetch-stretch";
import { Flights } from "./services/fetching/flights";
import type { Tokens } from "./services/ports/tokens";
import { createTokens, type TokensOptions } from "./services/tokens/tokens";

/** The way to the providers: tokens, budgets, and flights that bring days home. */
export interface Fetching {
  readonly asking: AskingParts;
  readonly tokens: Tokens;
  /** Of the wearables with credentials, by slug. */
  readonly clients: TokensOptions["clients"];
  readonly budgets: AskingParts["budgets"];
  readonly store: PgRecordStore;
  readonly fetcher: StretchFetcher;
  readonly flights: Flights;
  readonly runs: PgSyncRunStore;
  /** To be told of a change of a person's accounts. */
  readonly onPersonChanged: (personId: string, version: number) => void;
  /** The wearer's latest known offset in minutes east of UTC. */
  readonly offsetOf: (personId: string) => Promise<number | null>;
}

/** Opens {@link Fetching}. */
export function openFetching(ground: Ground, closing: Undoing): Fetching {
  const { database, vaults, telemetry, wearables, outbound, pauses, bell, versions, counts, now } = ground;
  const clients = new Map(wearables.flatMap((one) => (one.client ? [[one.provider.slug, one.client] as const] : [])));
  const onPersonChanged = (personId: string, version: number) => versions.learned(personId, String(version));
  const tokens = createTokens({
    ...{ vaults, clients, onPersonChanged },
    grants: createGrantStore(database),
    oauth: { outbound, now },
    onRefresh: telemetry.refresh,
  });
  closing.add(() => tokens.settled());
  const store = new PgRecordStore(database, vaults);
  const budgets = openBudgets({ wearables, database, counts, telemetry, now });
  const offsetOf = async (personId: string) => (await readPersonState(database, personId)).offsetMinutes;
  const pageKeeper = new PgPageKeeper(database, vaults);
  const asking = { outbound, tokens, pauses, budgets, now };
  const fetcher = new StretchFetcher({ ...asking, store, pageKeeper, versions, telemetry });
  const flights = new Flights({ leases: new PgFlightLeases(database), store, bell, telemetry, fetcher });
  closing.add(() => flights.drained());
  const runs = new PgSyncRunStore(database);
  return { asking, tokens, clients, budgets, store, fetcher, flights, runs, onPersonChanged, offsetOf };
}
