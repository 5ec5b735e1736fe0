import type { Provider } from "../../providers/contract";
import { readPersonState } from "../../src/db/repositories/person-state";
import { PgSyncRunStore } from "../../src/db/repositories/sync-runs";
import { createWebhookInbox } from "../../src/db/repositories/webhook-inbox";
import { Postponed } from "../../src/services/ports/jobs";
import type { EventOutcome, WebhookInbox } from "../../src/services/ports/webhook-inbox";
import { sign } from "../../src/services/webhooks/authenticity";
import { type Delivery, type ReceiptCount, WebhookIntake } from "../../src/services/webhooks/intake";
import { Locating } from "../../src/services/webhooks/locating";
import { webhookTask } from "../../src/services/webhooks/processing";
import { Refreshing } from "../../src/services/webhooks/refreshing";
import type { Gateway, GatewayOptions, Someone, World } from "./reading-world";
import { type AcmeNotice, acmeWebhook, acmeWithWebhooks } from "./webhook-acme";

/** What the made-up vendor signs with. */
export const SECRET = "the client's secret";

/** A gateway that takes and works off webhooks of the made-up vendor. */
export interface WebhookGateway extends Gateway {
  readonly inbox: WebhookInbox;
  readonly intake: WebhookIntake;
  /** Counts as `what` of {@link ReceiptCount}. */
  readonly counted: Map<ReceiptCount, number>;
  /** Sends notices as the vendor does, in one body. */
  notify(...notices: readonly AcmeNotice[]): Promise<void>;
  /** One attempt of the job of a vendor user; answers until when it wants to be postponed, null where it is done. */
  work(vendorUserId?: string): Promise<number | null>;
}

/** Notices of a document as the vendor would send them; every one another event. */
let events = 0;
export function notice(type: string, document?: string, over: Partial<AcmeNotice> = {}): AcmeNotice {
  events += 1;
  return { id: `event-${events}`, user: "vendor-user", type, ...(document === undefined ? {} : { document }), ...over };
}

/** A delivery of a body, signed for a moment (epoch seconds). */
export function delivery(body: unknown, at = Date.now() / 1_000, secret = SECRET): Delivery {
  const bytes = Buffer.from(JSON.stringify(body));
  const time = String(Math.floor(at));
  const signature = acmeWebhook.signature;
  if (signature === "secret_path") throw new Error("expected a signature");
  const headers: Record<string, string> = {
    "x-acme-time": time,
    "x-acme-signature": sign(signature, secret, time, bytes),
  };
  return {
    body: bytes,
    pathSecret: null,
    header: (name) => headers[name],
    parse: () => JSON.parse(bytes.toString()),
  };
}

/** Adds the way of webhooks to a gateway of a world. */
export async function webhookGateway(
  world: World,
  options: GatewayOptions & { readonly provider?: Provider } = {},
): Promise<WebhookGateway> {
  const provider = options.provider ?? acmeWithWebhooks;
  const gateway = await world.gateway({ ...options, provider });
  const { database, asking, fetcher, flights } = gateway;
  const inbox = createWebhookInbox(database);
  const counted = new Map<ReceiptCount, number>();
  const intake = new WebhookIntake({
    senders: new Map([["acme", { provider, secret: SECRET }]]),
    inbox,
    now: asking.now,
    count: (_provider, what, count) => void counted.set(what, (counted.get(what) ?? 0) + count),
  });
  const offsetOf = async (personId: string) => (await readPersonState(database, personId)).offsetMinutes;
  const locating = new Locating({ ...asking, breakers: fetcher.breakers, inbox });
  const task = webhookTask({
    inbox,
    providers: new Map([["acme", { provider, apiUrl: world.vendor.origin }]]),
    refreshing: new Refreshing({ locating, flights, runs: new PgSyncRunStore(database), offsetOf, now: asking.now }),
    now: asking.now,
    count: () => undefined,
  });
  return {
    ...gateway,
    ...{ inbox, intake, counted },
    async notify(...notices) {
      const receipt = await intake.receive("acme", delivery(notices));
      if (receipt !== "kept") throw new Error(`expected the notices to be kept, got ${receipt}`);
    },
    async work(vendorUserId = "vendor-user") {
      try {
        await task.run(
          { provider: "acme", vendorUserId },
          { number: 1, last: false, signal: new AbortController().signal },
        );
        return null;
      } catch (error) {
        if (error instanceof Postponed) return error.until;
        throw error;
      }
    },
  };
}

/** The events of a world's inbox by outcome; those that wait under `waiting`. */
export async function outcomes(world: World): Promise<Record<string, number>> {
  const rows = await world.rows<{ outcome: EventOutcome | null; count: number }>(
    "SELECT outcome, count(*)::int AS count FROM webhook_inbox GROUP BY outcome",
  );
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome ?? "waiting", count]));
}

/** Forgets every event and job. */
export async function forgetEvents(world: World): Promise<void> {
  await world.rows("DELETE FROM webhook_inbox");
  await world.rows("DELETE FROM graphile_worker._private_jobs");
}

/** What is stored of an endpoint, by day: the keys of records that are not deleted. */
export async function stored(world: World, someone: Someone, endpoint: string): Promise<Record<string, string[]>> {
  const rows = await world.rows<{ day: string; keys: string[] }>(
    `SELECT day::text AS day, array_agg(DISTINCT key ORDER BY key) AS keys FROM records
     WHERE account_id = $1 AND endpoint = $2 AND body IS NOT NULL GROUP BY day`,
    [someone.accountId, endpoint],
  );
  return Object.fromEntries(rows.map(({ day, keys }) => [day, keys]));
}
