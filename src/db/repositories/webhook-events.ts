import type { EntityManager } from "typeorm";
import { type WebhookData, type WebhookEventType, webhookBody } from "../../domain/webhook-events";
import { enqueueAll } from "./jobs";

// An endpoint that is being deleted is waited for: its deliveries could not refer to it any more.
const LISTENERS = `
SELECT id FROM webhook_endpoints
WHERE application_id = current_application() AND disabled_at IS NULL AND (event_types IS NULL OR $1 = ANY (event_types))
ORDER BY id FOR KEY SHARE`;
const ADD_MESSAGE = `
INSERT INTO webhook_messages (application_id, person_id, event_type, body) VALUES (current_application(), $1, $2, $3) RETURNING id`;
const ADD_DELIVERIES = `
INSERT INTO webhook_deliveries (application_id, endpoint_id, message_id, person_id)
SELECT current_application(), endpoint, $2, $3 FROM unnest($1::uuid[]) AS endpoint RETURNING id`;
const PERSON = "SELECT external_id, extract(epoch FROM now())::float8 AS at FROM people WHERE id = $1";

/** A message for some endpoints. `personId`: whom it is about, and with whom it goes; null for nobody. */
export interface Posting {
  readonly type: WebhookEventType;
  readonly personId: string | null;
  readonly body: string;
  readonly endpointIds: readonly string[];
}

/** The enabled endpoints of the application that want events of a type. */
export async function listenersOf(tx: EntityManager, type: WebhookEventType): Promise<readonly string[]> {
  const rows: { id: string }[] = await tx.query(LISTENERS, [type]);
  return rows.map(({ id }) => id);
}

/** Hands a message in inside the caller's transaction, which then has to {@link wake} its endpoints. Answers the deliveries' ids. */
export async function post(tx: EntityManager, posting: Posting): Promise<readonly string[]> {
  const { type, personId, body, endpointIds } = posting;
  const [message]: { id: string }[] = await tx.query(ADD_MESSAGE, [personId, type, body]);
  const deliveries: { id: string }[] = await tx.query(ADD_DELIVERIES, [endpointIds, message?.id, personId]);
  return deliveries.map(({ id }) => id);
}

/**
 * Leaves jobs that look for what is due at some endpoints; never replaced by one for later, which has a key of its own. Others who
 * wake one of them wait for the caller's commit: late in the transaction, and in one order everywhere.
 */
export async function wake(tx: EntityManager, endpointIds: readonly string[]): Promise<void> {
  await enqueueAll(
    tx,
    endpointIds.map((endpointId) => ({ task: "deliver", payload: { endpointId }, key: `deliver ${endpointId}` })),
  );
}

/** Tells of a person inside the caller's transaction, where anybody wants to know; `data` is added to who it is. */
export async function publish(
  tx: EntityManager,
  personId: string,
  type: WebhookEventType,
  data: WebhookData,
): Promise<void> {
  const endpointIds = await listenersOf(tx, type);
  if (endpointIds.length === 0) return;
  const [person]: { external_id: string; at: number }[] = await tx.query(PERSON, [personId]);
  if (!person) return;
  const body = webhookBody(type, person.at, { user: { externalId: person.external_id }, ...data });
  await post(tx, { type, personId, body, endpointIds });
  await wake(tx, endpointIds);
}
