import { createKeyStore } from "./db/repositories/api-keys";
import { createFeedSource } from "./db/repositories/feed";
import { createLinkStore } from "./db/repositories/links";
import { createPeopleStore } from "./db/repositories/people";
import { keepPreference, readLastSynced, readVersions } from "./db/repositories/person-state";
import { createQueue } from "./db/repositories/queue";
import type { Undoing } from "./open-database";
import type { Fetching } from "./open-fetching";
import type { Ground } from "./open-ground";
import { askForHistory, openHistory } from "./open-history";
import { openOutgoing } from "./open-outgoing";
import { openSubscriptions } from "./open-subscriptions";
import { openWebhooks } from "./open-webhooks";
import type { AccountsApi, Services } from "./services/api";
import { createChanges } from "./services/changes/changes";
import { createCursors } from "./services/changes/cursors";
import { PersonWatch } from "./services/changes/watch";
import { createKeys } from "./services/keys";
import { LinkingService } from "./services/linking/linking";
import { OUTGOING_SCHEDULES } from "./services/outgoing/tasks";
import { createPeople } from "./services/people";
import type { Schedule, Task } from "./services/ports/jobs";
import { PreferenceService } from "./services/preferences";
import { MAX_CELLS } from "./services/reading/known-cells";
import { ReadService } from "./services/reading/read-service";
import { SyncService } from "./services/syncing";
import type { WebhookReceiver } from "./services/webhooks/intake";
import { factsOf } from "./wearables";

/** What GraphQL, HTTP and the worker are given. */
export interface OpenServices {
  readonly services: Services;
  readonly receiver: WebhookReceiver;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  /** Adds what a worker that starts has to catch up with. */
  catchUp(): Promise<void>;
  /** To be called once HTTP is answered. */
  begin(): Promise<void>;
}

/** Opens the services on their ground. */
export async function openServices(ground: Ground, fetching: Fetching, closing: Undoing): Promise<OpenServices> {
  const { config, database, telemetry, wearables, providers, now } = ground;
  const { cursors, changes, accounts } = openFeed(ground);
  const subscriptions = openSubscriptions({ ...ground, ...fetching.asking });
  const allowPrivate = config.webhookAllowPrivate;
  const outgoing = await openOutgoing({ ...ground, allowPrivate, cursorOf: cursors.write }, closing);
  const history = openHistory({ ...ground, ...fetching });
  const cellsHeld = config.answerCacheBytes > 0 ? MAX_CELLS : 0;
  const reading = new ReadService({ ...ground, ...fetching, sourceOrder: config.sourceOrder, cellsHeld });
  closing.add(() => reading.drained());
  const services: Services = {
    versions: ground.versions,
    accounts,
    changes,
    outgoing: outgoing.api,
    subscriptions: subscriptions.api,
    history: history.api,
    people: createPeople(createPeopleStore(database)),
    keys: createKeys(createKeyStore(database)),
    linking: new LinkingService({
      ...ground,
      ...fetching,
      links: createLinkStore(database, askForHistory(config, providers, now)),
      oauth: { outbound: ground.outbound, now },
      allowedReturnUrls: config.allowedReturnUrls,
      completion: config.linkCompletion,
    }),
    reading,
    preferences: new PreferenceService({
      ...ground,
      keep: (...preference) => keepPreference(database, ...preference),
    }),
    queue: createQueue(database),
    syncing: new SyncService({ ...ground, ...fetching }),
    providers: wearables.map(factsOf),
  };
  const webhooks = openWebhooks({ database, telemetry, wearables, ...fetching });
  return {
    services,
    receiver: webhooks.receiver,
    tasks: [webhooks.task, ...subscriptions.tasks, ...outgoing.tasks, ...history.tasks],
    schedules: [...subscriptions.schedules, ...OUTGOING_SCHEDULES, ...history.schedules],
    catchUp: () => history.catchUp(),
    begin: () => subscriptions.begin(),
  };
}

/** The change feed, and the accounts that it and GraphQL show. */
function openFeed({ database, keys, versions, states, bell, telemetry, providers }: Ground) {
  const accounts: AccountsApi = {
    list: async (personId, at = () => versions.current(personId)) => {
      const state = await states.at(personId, (await at()).version);
      return state.accounts.filter(({ status }) => status !== "DISCONNECTED");
    },
    lastSyncedAt: (personId, ids) => readLastSynced(database, personId, ids),
  };
  const cursors = createCursors(keys.map(({ key }) => key));
  const changes = createChanges({
    ...{ cursors, versions, bell, accounts, telemetry, providers: [...providers.keys()] },
    source: createFeedSource(database),
    watch: new PersonWatch({ source: (ids) => readVersions(database, ids), bell, telemetry }),
  });
  return { accounts, cursors, changes };
}
