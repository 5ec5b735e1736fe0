import { Foundation1763700000000 } from "./1763700000000-foundation";
import { ApiKeys1763800000000 } from "./1763800000000-api-keys";
import { WorkerProcesses1763900000000 } from "./1763900000000-worker-processes";
import { Changes1764000000000 } from "./1764000000000-changes";
import { WebhookInbox1764100000000 } from "./1764100000000-webhook-inbox";
import { WebhookSubscriptions1764200000000 } from "./1764200000000-webhook-subscriptions";
import { Backfill1764300000000 } from "./1764300000000-backfill";
import { OutgoingWebhooks1764400000000 } from "./1764400000000-outgoing-webhooks";
import { CompactRows1764500000000 } from "./1764500000000-compact-rows";

/** Every migration in the order in which they are applied. */
export const MIGRATIONS = [
  Foundation1763700000000,
  ApiKeys1763800000000,
  WorkerProcesses1763900000000,
  Changes1764000000000,
  WebhookInbox1764100000000,
  WebhookSubscriptions1764200000000,
  Backfill1764300000000,
  OutgoingWebhooks1764400000000,
  CompactRows1764500000000,
] as const;
