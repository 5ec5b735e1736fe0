import type { Logger } from "pino";
import { providers } from "../providers/registry";
import { buildGatewaySchema } from "../schema/build";
import { answersName, buildName } from "./build-name";
import type { Config } from "./config";
import { blame, PORT_PROBLEMS } from "./config/blame";
import { demoKey } from "./config/demo-key";
import type { Database } from "./db/database";
import { createKeyStore } from "./db/repositories/api-keys";
import { createFeedSource } from "./db/repositories/feed";
import { PgFlightLeases } from "./db/repositories/flights";
import { createGrantStore } from "./db/repositories/grants";
import { PgPageKeeper } from "./db/repositories/kept-pages";
import { createLinkStore } from "./db/repositories/links";
import { createPeopleStore } from "./db/repositories/people";
import { keepPreference, readLastSynced, readPersonState, readVersions } from "./db/repositories/person-state";
import { createQueue } from "./db/repositories/queue";
import { PgRecordStore } from "./db/repositories/records";
import { PgSyncRunStore } from "./db/repositories/sync-runs";
import { createVaults, KeyRing, wrappingKeysInUse } from "./db/vault";
import { SettingError } from "./domain/errors";
import { AnswerCache } from "./http/answer-cache";
import { createAuthenticator } from "./http/auth";
import { createHttpServer } from "./http/server";
import { openBudgets } from "./open-budgets";
import { openCache } from "./open-cache";
import { openDatabase } from "./open-database";
import { askForHistory, openHistory } from "./open-history";
import { readPersistedOperations } from "./open-operations";
import { openOutgoing } from "./open-outgoing";
import { openSubscriptions } from "./open-subscriptions";
import { openWebhooks } from "./open-webhooks";
import { openWorker } from "./open-worker";
import type { AccountsApi, Services } from "./services/api";
import { createChanges } from "./services/changes/changes";
import { createCursors } from "./services/changes/cursors";
import { PersonWatch } from "./services/changes/watch";
import { StretchFetcher } from "./services/fetching/fetch-stretch";
import { Flights } from "./services/fetching/flights";
import { createKeys } from "./services/keys";
import { LinkingService } from "./services/linking/linking";
import { OUTGOING_SCHEDULES } from "./services/outgoing/tasks";
import { createPeople } from "./services/people";
import { PreferenceService } from "./services/preferences";
import { PersonStates } from "./services/reading/person-state";
import { ReadService } from "./services/reading/read-service";
import { SyncService } from "./services/syncing";
import { createTokens } from "./services/tokens/tokens";
import { ConfirmedVersions } from "./services/versions";
import type { Simulator } from "./simulator";
import { createTelemetry } from "./telemetry";
import { createOutbound } from "./upstream/outbound";
import { factsOf, openWearables, originsOf, tellSimulators, type Wearable } from "./wearables";

/** A gateway that listens. */
export interface App {
  /** Where it listens: `http://host:port`. */
  readonly address: string;
  readonly simulators: readonly Simulator[];
  /** What a person who started it by hand should read. */
  readonly announcement: readonly string[];
  /** Finishes what is in flight, then closes everything in the opposite order of the start. */
  close(): Promise<void>;
}

/** Undoes the start, last things first. */
class Closing {
  private readonly steps: (() => unknown)[] = [];
  add(step: () => unknown): void {
    this.steps.unshift(step);
  }
  async run(): Promise<void> {
    for (const step of this.steps.splice(0)) await step();
  }
}

/** Epoch seconds. */
const now = (): number => Date.now() / 1_000;

/** Builds the gateway from its settings and starts it; throws {@link SettingError} for settings that cannot work. */
export async function startApp(config: Config, logger: Logger): Promise<App> {
  const closing = new Closing();
  try {
    return await start(config, logger, closing);
  } catch (error) {
    await closing.run();
    throw error;
  }
}

async function start(config: Config, logger: Logger, closing: Closing): Promise<App> {
  const telemetry = createTelemetry(logger);
  const keys = config.encryptionKeys ?? [await demoKey(config.dataDirectory)];
  const database = await openDatabase(config, logger, closing);
  const ring = new KeyRing(keys);
  await checkKeys(database, ring);
  const vaults = createVaults(database, ring);
  const { cache, answers, bell, pauses, counts, probes } = openCache(config, telemetry, closing);
  const wearables = await openWearables(config, ring.current.key, logger);
  for (const { simulator } of wearables) if (simulator) closing.add(() => simulator.stop());

  const configured = new Map(wearables.map((one) => [one.provider.slug, one]));
  const clients = new Map(wearables.flatMap((one) => (one.client ? [[one.provider.slug, one.client] as const] : [])));
  const outbound = createOutbound({
    allowedOrigins: new Map(wearables.map((one) => [one.provider.slug, originsOf(one)])),
    onAnswer: telemetry.upstream,
  });
  closing.add(() => outbound.close());

  const versions = new ConfirmedVersions((ids) => readVersions(database, ids), bell);
  const onPersonChanged = (personId: string, version: number) => versions.learned(personId, String(version));
  const build = buildName();
  const states = new PersonStates((personId) => readPersonState(database, personId), cache, build);
  const oauth = { outbound, now };
  const tokens = createTokens({
    grants: createGrantStore(database),
    vaults,
    clients,
    oauth,
    onPersonChanged,
    onRefresh: telemetry.refresh,
  });
  closing.add(() => tokens.settled());
  const store = new PgRecordStore(database, vaults);
  const budgets = openBudgets({ wearables, database, counts, telemetry, now });
  const offsetOf = async (personId: string) => (await readPersonState(database, personId)).offsetMinutes;
  const pageKeeper = new PgPageKeeper(database, vaults);
  const asking = { outbound, tokens, pauses, budgets, now };
  const fetcher = new StretchFetcher({ ...asking, store, pageKeeper, versions, telemetry, offsetOf });
  const flights = new Flights({ leases: new PgFlightLeases(database), store, bell, telemetry, fetcher });
  closing.add(() => flights.drained());
  const accounts: AccountsApi = {
    list: async (personId) => {
      const state = await states.at(personId, (await versions.current(personId)).version);
      return state.accounts.filter(({ status }) => status !== "DISCONNECTED");
    },
    lastSyncedAt: (personId, ids) => readLastSynced(database, personId, ids),
  };
  const subscriptions = openSubscriptions({ config, database, keys, telemetry, logger, wearables, ...asking });
  const cursors = createCursors(keys.map(({ key }) => key));
  const allowPrivate = config.webhookAllowPrivate;
  const outgoing = await openOutgoing(
    { database, ring, telemetry, now, allowPrivate, cursorOf: cursors.write },
    closing,
  );
  const runs = new PgSyncRunStore(database);
  const history = openHistory({ config, database, providers: configured, store, runs, flights, tokens, bell, now });
  const services: Services = {
    outgoing: outgoing.api,
    people: createPeople(createPeopleStore(database)),
    keys: createKeys(createKeyStore(database)),
    accounts,
    linking: new LinkingService({
      links: createLinkStore(database, askForHistory(config, configured, now)),
      vaults,
      providers: configured,
      clients,
      oauth,
      budgets,
      onPersonChanged,
      allowedReturnUrls: config.allowedReturnUrls,
      completion: config.linkCompletion,
    }),
    reading: new ReadService({
      versions,
      states,
      cache,
      store,
      flights,
      telemetry,
      providers: configured,
      sourceOrder: config.sourceOrder,
      build,
      now,
    }),
    preferences: new PreferenceService({
      versions,
      states,
      keep: (...preference) => keepPreference(database, ...preference),
      providers: configured,
    }),
    queue: createQueue(database),
    changes: createChanges({
      source: createFeedSource(database),
      cursors,
      watch: new PersonWatch({ source: (ids) => readVersions(database, ids), bell, telemetry }),
      ...{ versions, bell, accounts, telemetry, providers: [...configured.keys()] },
    }),
    subscriptions: subscriptions.api,
    syncing: new SyncService({ versions, states, flights, runs, providers: configured, now }),
    history: history.api,
    providers: wearables.map(factsOf),
  };
  const webhooks = openWebhooks({ database, telemetry, wearables, asking, fetcher, flights, runs, offsetOf });
  const tasks = [webhooks.task, ...subscriptions.tasks, ...outgoing.tasks, ...history.tasks];
  const schedules = [...subscriptions.schedules, ...OUTGOING_SCHEDULES, ...history.schedules];
  const working = config.roles.includes("worker");
  const worker = await openWorker({ database, telemetry, queue: services.queue, tasks, schedules, working }, closing);
  if (worker) await history.catchUp();
  const api = config.roles.includes("api");
  const schema = buildGatewaySchema({ providers });
  const persisted = await readPersistedOperations(config.persisted, schema);
  const answersBuild = answersName(build, [config.production, config.sourceOrder, services.providers, persisted?.name]);
  const server = await createHttpServer({
    schema,
    persisted,
    services,
    webhooks: webhooks.receiver,
    authenticate: createAuthenticator(config.auth),
    answers: new AnswerCache({ versions, store: answers, build: answersBuild, now, maxBytes: config.answerCacheBytes }),
    logger,
    registry: telemetry.registry,
    probes: [
      { name: "database", required: true, check: async () => void (await readVersions(database, [])) },
      ...probes,
      ...(worker ? [{ name: "queue", required: !api, check: worker.reachable }] : []),
    ],
    api,
    production: config.production,
    demo: config.auth.kind === "demo",
    corsOrigins: config.corsOrigins,
    trustProxy: config.trustProxy,
  });
  closing.add(() => Promise.all([server.close(), worker?.stop()]));
  const address = await server.listen({ host: config.host, port: config.port }).catch(blame("PORT", PORT_PROBLEMS));
  tellSimulators(wearables, address);
  await subscriptions.begin();
  const simulators = wearables.flatMap((one) => one.simulator ?? []);
  const announcement = api ? announce(config, wearables) : [`Working off jobs; health and metrics at ${address}`];
  return { address, simulators, announcement, close: () => closing.run() };
}

/** Without a key that data keys are wrapped under, their persons could not even link again: better not to start. */
async function checkKeys(database: Database, ring: KeyRing): Promise<void> {
  const missing = (await wrappingKeysInUse(database)).filter((id) => !ring.has(id));
  if (missing.length > 0) {
    throw new SettingError("ENCRYPTION_KEYS", `lacks keys that are still in use: ${missing.join(", ")}`);
  }
}

function announce(config: Config, wearables: readonly Wearable[]): string[] {
  const simulated = wearables.flatMap(({ provider, simulator }) =>
    simulator ? [`${provider.displayName} is simulated at ${simulator.origin}/__simulator`] : [],
  );
  const endpoint = `${config.publicUrl}/graphql`;
  return [config.production ? `GraphQL at ${endpoint}` : `GraphiQL and GraphQL at ${endpoint}`, ...simulated];
}
