import { Counter, Gauge } from "prom-client";
import type { Database } from "./db/database";
import { createWebhookInbox } from "./db/repositories/webhook-inbox";
import type { AskingParts } from "./services/fetching/ask";
import type { StretchFetcher } from "./services/fetching/fetch-stretch";
import type { Flights } from "./services/fetching/flights";
import type { Task } from "./services/ports/jobs";
import type { SyncRunStore } from "./services/ports/sync-runs";
import type { Backlog, WebhookInbox } from "./services/ports/webhook-inbox";
import { WebhookIntake, type WebhookReceiver } from "./services/webhooks/intake";
import { Locating } from "./services/webhooks/locating";
import { webhookTask } from "./services/webhooks/processing";
import { Refreshing } from "./services/webhooks/refreshing";
import type { GatewayTelemetry } from "./telemetry";
import type { Wearable } from "./wearables";

/** What taking and working off webhooks is made of. */
export interface WebhookSettings {
  readonly database: Database;
  readonly telemetry: GatewayTelemetry;
  readonly wearables: readonly Wearable[];
  readonly asking: AskingParts;
  readonly fetcher: StretchFetcher;
  readonly flights: Flights;
  readonly runs: SyncRunStore;
  readonly offsetOf: (personId: string) => Promise<number | null>;
}

/** Who takes webhooks, and the task that works them off. */
export interface Webhooks {
  readonly receiver: WebhookReceiver;
  readonly task: Task;
}

/** Wires the way of a webhook: verified, kept, answered, and worked off by a job. */
export function openWebhooks(settings: WebhookSettings): Webhooks {
  const { database, telemetry, wearables, asking, fetcher, flights, runs, offsetOf } = settings;
  const { now } = asking;
  const inbox = createWebhookInbox(database);
  const registers = [telemetry.registry];
  const received = new Counter({
    name: "gateway_webhooks_received_total",
    help: "Events that providers sent, and deliveries that were refused, by what became of them.",
    labelNames: ["provider", "outcome"],
    registers,
  });
  const done = new Counter({
    name: "gateway_webhooks_done_total",
    help: "Events that were worked off, by outcome.",
    labelNames: ["provider", "outcome"],
    registers,
  });
  showBacklog(inbox, telemetry, wearables);
  const senders = new Map(
    wearables.map(({ provider, webhookSecret: secret }) => [provider.slug, { provider, secret }] as const),
  );
  const locating = new Locating({ ...asking, breakers: fetcher.breakers, inbox });
  return {
    receiver: new WebhookIntake({
      senders,
      inbox,
      now,
      count: (provider, outcome, events) => received.inc({ provider, outcome }, events),
    }),
    task: webhookTask({
      inbox,
      providers: new Map(wearables.map((one) => [one.provider.slug, one])),
      refreshing: new Refreshing({ locating, flights, runs, offsetOf, now }),
      now,
      count: (provider, outcome) => done.inc({ provider, outcome }),
    }),
  };
}

/** Shows what waits, looked up when somebody asks; where the database is away nothing is shown. */
function showBacklog(inbox: WebhookInbox, telemetry: GatewayTelemetry, wearables: readonly Wearable[]): void {
  const senders = wearables.filter(({ provider }) => provider.webhook).map(({ provider }) => provider.slug);
  // Both gauges are collected together, and ask once.
  let asked: Promise<readonly Backlog[]> | null = null;
  const backlog = () => {
    asked ??= inbox.backlog().finally(() => {
      asked = null;
    });
    return asked;
  };
  const gauge = (name: string, help: string, read: (of: Backlog) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ["provider"], registers: [telemetry.registry] },
      async collect() {
        this.reset();
        try {
          const waiting = await backlog();
          for (const provider of senders) {
            const of = waiting.find((one) => one.provider === provider);
            this.set({ provider }, of ? read(of) : 0);
          }
        } catch (error) {
          telemetry.fault("looking up waiting webhooks", error);
        }
      },
    });
  gauge("gateway_webhooks_waiting", "Events that wait to be worked off.", ({ waiting }) => waiting);
  gauge("gateway_webhooks_oldest_waiting_seconds", "Age of the oldest event that waits.", (of) => of.oldestSeconds);
}
