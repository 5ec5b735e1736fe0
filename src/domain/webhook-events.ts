import type { Change } from "./changes";
import { encodeNodeId } from "./ids";

/** What an application can be told by outgoing webhooks; `test` is sent only when it is asked for. */
export const WEBHOOK_EVENT_TYPES = [
  "data.changed",
  "account.connected",
  "account.reconnect_required",
  "account.disconnected",
  "backfill.completed",
  "test",
] as const;

/** One of {@link WEBHOOK_EVENT_TYPES}. */
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** Whether a text is one of {@link WEBHOOK_EVENT_TYPES}. */
export function isWebhookEventType(text: string): text is WebhookEventType {
  return (WEBHOOK_EVENT_TYPES as readonly string[]).includes(text);
}

/**
 * The largest body in bytes.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-size
 */
export const LARGEST_WEBHOOK_BODY = 20_000;

/** What the body of an event says beside its type and time. Never a value of a person's. */
export type WebhookData = Readonly<Record<string, unknown>>;

/** The body of an event as it is sent and signed. `at`: epoch seconds at which it occurred. */
export function webhookBody(type: WebhookEventType, at: number, data: WebhookData): string {
  return JSON.stringify({ type, timestamp: new Date(at * 1_000).toISOString(), data });
}

/** What an event says of an account: its node id, and the vendor as GraphQL names it. */
export function accountTold(personId: string, accountId: string, provider: string): WebhookData {
  const id = encodeNodeId({ type: "ProviderAccount", person: personId, account: accountId });
  return { account: { id, provider: provider.toUpperCase() } };
}

/** A change as told to the application: where to look, never what is there. */
function told({ metric, provider, day, type, origin }: Change): WebhookData {
  return { metric, provider: provider.toUpperCase(), day, type, origin };
}

/**
 * The bodies that tell of a person's changes, in their order, each at most {@link LARGEST_WEBHOOK_BODY} bytes. `cursorOf` writes
 * the cursor of the feed just behind a change; `at`: epoch seconds.
 */
export function dataChangedBodies(
  externalId: string,
  changes: readonly Change[],
  cursorOf: (last: Change) => string,
  at: number,
): readonly string[] {
  const body = (some: readonly Change[], last: Change) =>
    webhookBody("data.changed", at, { user: { externalId }, changes: some.map(told), cursor: cursorOf(last) });
  const bodies: string[] = [];
  let some: Change[] = [];
  let bytes = 0;
  const close = () => {
    const last = some.at(-1);
    if (last) bodies.push(body(some, last));
    some = [];
  };
  for (const change of changes) {
    const more = Buffer.byteLength(JSON.stringify(told(change))) + 1;
    if (some.length > 0 && bytes + more > LARGEST_WEBHOOK_BODY) close();
    // What stands around the changes; cursors differ by some digits.
    if (some.length === 0) bytes = Buffer.byteLength(body([], change)) + 32;
    some.push(change);
    bytes += more;
  }
  close();
  return bodies;
}
