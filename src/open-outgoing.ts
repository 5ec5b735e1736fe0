import type { Database } from "./db/database";
import { type CursorOf, createAnnouncements } from "./db/repositories/announcements";
import { createDeliveryStore } from "./db/repositories/webhook-deliveries";
import { createEndpointStore, createSecretBox, renewSecrets } from "./db/repositories/webhook-endpoints";
import type { KeyRing } from "./db/vault";
import type { Undoing } from "./open-database";
import type { OutgoingApi } from "./services/api";
import { Deliverer } from "./services/outgoing/deliverer";
import { createOutgoing } from "./services/outgoing/endpoints";
import { outgoingTasks } from "./services/outgoing/tasks";
import type { Task } from "./services/ports/jobs";
import type { GatewayTelemetry } from "./telemetry";
import { createWebhookPost } from "./upstream/webhook-post";

/** What outgoing webhooks are made of. `now`: epoch seconds; `allowPrivate`: hosts that may be http and private; `cursorOf`: of the feed. */
export interface OutgoingSettings {
  readonly database: Database;
  readonly ring: KeyRing;
  readonly telemetry: GatewayTelemetry;
  readonly allowPrivate: readonly string[];
  readonly now: () => number;
  readonly cursorOf: CursorOf;
}

/** Outgoing webhooks: what GraphQL calls, and the jobs; to be opened before the worker, which then ends first. */
export async function openOutgoing(
  { database, ring, telemetry, allowPrivate, now, cursorOf }: OutgoingSettings,
  closing: Undoing,
): Promise<{ readonly api: OutgoingApi; readonly tasks: readonly Task[] }> {
  await renewSecrets(database, ring);
  const targets = { allowPrivate };
  const box = createSecretBox(ring);
  const store = createDeliveryStore(database);
  const deliverer = new Deliverer({
    store,
    box,
    telemetry,
    now,
    post: createWebhookPost(targets),
    onAttempt: telemetry.delivery,
  });
  closing.add(() => deliverer.drain());
  return {
    api: createOutgoing({ store: createEndpointStore(database), box, targets }),
    tasks: outgoingTasks({ store, deliverer, now, announcements: createAnnouncements(database, cursorOf) }),
  };
}
