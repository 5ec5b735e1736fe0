import type { EntityManager } from "typeorm";
import { webhookBody } from "../../domain/webhook-events";
import type {
  EndpointChange,
  EndpointStore,
  NewEndpoint,
  SealedSecret,
  SecretBox,
  WebhookDelivery,
  WebhookEndpoint,
} from "../../services/ports/outgoing";
import type { Database } from "../database";
import type { KeyRing } from "../vault";
import { note } from "./webhook-audit";
import { post, wake } from "./webhook-events";

/** Secrets that sign along at most, however often they are rotated. */
const MOST_RETIRING = 4;

/** Attempts of a delivery that are shown, the latest; who retries by hand can make any number. */
const MOST_ATTEMPTS = 30;

const seconds = (column: string) => `extract(epoch FROM ${column})::float8`;
const ENDPOINT = `id, url, event_types AS "eventTypes", description, disabled_reason AS "disabledReason", ${seconds("created_at")} AS "createdAt"`;
const OURS = "application_id = current_application()";
const LIST = `SELECT ${ENDPOINT} FROM webhook_endpoints WHERE ${OURS} ORDER BY created_at, id`;
const ONE_AT_A_TIME = "SELECT FROM applications WHERE id = current_application() FOR NO KEY UPDATE";
const COUNT = `SELECT count(*)::int AS endpoints FROM webhook_endpoints WHERE ${OURS}`;
const ADD = `
INSERT INTO webhook_endpoints (application_id, id, url, event_types, description)
VALUES (current_application(), $1, $2, $3, $4) RETURNING ${ENDPOINT}`;
const ADD_SECRET = `
INSERT INTO webhook_secrets (application_id, endpoint_id, id, sealed_secret) VALUES (current_application(), $1, $2, $3)`;
const CHANGE = `
UPDATE webhook_endpoints SET url = CASE WHEN $2 THEN $3 ELSE url END,
  event_types = CASE WHEN $4 THEN $5::text[] ELSE event_types END, description = CASE WHEN $6 THEN $7 ELSE description END,
  disabled_at = CASE WHEN $8 THEN NULL WHEN $9 THEN coalesce(disabled_at, now()) ELSE disabled_at END,
  disabled_reason = CASE WHEN $8 THEN NULL WHEN $9 THEN coalesce(disabled_reason, 'REQUESTED') ELSE disabled_reason END,
  failing_since = CASE WHEN $2 OR $8 THEN NULL ELSE failing_since END, paused_until = CASE WHEN $2 OR $8 THEN NULL ELSE paused_until END
WHERE ${OURS} AND id = $1 RETURNING ${ENDPOINT}`;
const HOLD = `SELECT disabled_at IS NOT NULL AS disabled FROM webhook_endpoints WHERE ${OURS} AND id = $1`;
const RETIRE = `
UPDATE webhook_secrets SET retires_at = now() + make_interval(secs => $2) WHERE ${OURS} AND endpoint_id = $1 AND retires_at IS NULL`;
const FORGET_SECRETS = `
DELETE FROM webhook_secrets s WHERE ${OURS} AND endpoint_id = $1 AND (retires_at < now() OR id IN (
  SELECT id FROM webhook_secrets WHERE ${OURS} AND endpoint_id = $1 AND retires_at IS NOT NULL
  ORDER BY retires_at DESC, created_at DESC OFFSET ${MOST_RETIRING}))`;
const REMOVE = `DELETE FROM webhook_endpoints WHERE ${OURS} AND id = $1 RETURNING id`;

const DELIVERIES = `
SELECT d.seq::float8 AS seq, d.id, d.message_id AS "messageId", m.event_type AS "eventType", d.status, ${seconds("d.created_at")} AS "createdAt",
  CASE WHEN d.status = 'PENDING' AND e.disabled_at IS NULL THEN ${seconds("greatest(d.next_attempt_at, e.paused_until)")} END AS "nextAttemptAt",
  coalesce((SELECT jsonb_agg(jsonb_build_object('at', ${seconds("a.at")}, 'statusCode', a.status_code, 'durationMs', a.duration_ms,
    'error', a.error) ORDER BY a.number) FROM (SELECT * FROM webhook_attempts a WHERE a.application_id = d.application_id
      AND a.delivery_id = d.id ORDER BY number DESC LIMIT ${MOST_ATTEMPTS}) a),
    '[]') AS attempts
FROM webhook_deliveries d JOIN webhook_messages m ON m.application_id = d.application_id AND m.id = d.message_id
JOIN webhook_endpoints e ON e.application_id = d.application_id AND e.id = d.endpoint_id
WHERE d.application_id = current_application()`;
const AGAIN = `
UPDATE webhook_deliveries SET status = 'PENDING', attempts_in_round = 0, next_attempt_at = now()
WHERE ${OURS} AND id = $1 AND (claimed_until IS NULL OR claimed_until < now())`;
const ENDPOINT_OF = `SELECT endpoint_id AS id FROM webhook_deliveries WHERE ${OURS} AND id = $1`;

/** Endpoints and the log of what they were sent, in PostgreSQL. */
export function createEndpointStore(database: Database): EndpointStore {
  return {
    list: () => database.directory<WebhookEndpoint>(LIST, []),
    add: (endpoint, secret, most, by) => database.application((tx) => add(tx, endpoint, secret, most, by)),
    change: (id, change, by) => database.application((tx) => changeEndpoint(tx, id, change, by)),
    rotate: (id, secret, seconds, by) => database.application((tx) => rotate(tx, id, secret, seconds, by)),
    remove: (id, by) => database.application((tx) => remove(tx, id, by)),
    sendTest: (id) => database.application((tx) => sendTest(tx, id)),
    retry: (deliveryId) => database.application((tx) => retry(tx, deliveryId)),
    async deliveries(endpointId, first, before) {
      const rows = await database.directory<WebhookDelivery & { seq: number }>(
        `${DELIVERIES} AND d.endpoint_id = $1 AND ($2::float8 IS NULL OR d.seq < $2) ORDER BY d.seq DESC LIMIT $3`,
        [endpointId, before, first + 1],
      );
      const nodes = rows.slice(0, first);
      return { nodes, last: rows.length > first ? (nodes.at(-1)?.seq ?? null) : null };
    },
  };
}

/** Signing secrets under the key ring, bound to table, column, endpoint and row. */
export function createSecretBox(ring: KeyRing): SecretBox {
  const place = (endpointId: string, secretId: string) => ["webhook_secrets", "sealed_secret", endpointId, secretId];
  return {
    seal: (endpointId, secretId, secret) => ring.seal(place(endpointId, secretId), Buffer.from(secret)),
    open: (endpointId, secretId, sealed) => ring.open(place(endpointId, secretId), sealed).toString(),
  };
}

/** Seals the secrets that an older key of the ring sealed under its current one. */
export async function renewSecrets(database: Database, ring: KeyRing): Promise<void> {
  const box = createSecretBox(ring);
  const name = Buffer.from(ring.current.id);
  await database.application(async (tx) => {
    const rows: { endpoint_id: string; id: string; sealed_secret: Buffer }[] = await tx.query(
      `SELECT endpoint_id, id, sealed_secret FROM webhook_secrets WHERE ${OURS} ORDER BY endpoint_id, id FOR UPDATE`,
    );
    for (const { endpoint_id, id, sealed_secret } of rows) {
      if (sealed_secret.subarray(2, 2 + (sealed_secret[1] ?? 0)).equals(name)) continue;
      const renewed = box.seal(endpoint_id, id, box.open(endpoint_id, id, sealed_secret));
      await tx.query(`UPDATE webhook_secrets SET sealed_secret = $3 WHERE ${OURS} AND endpoint_id = $1 AND id = $2`, [
        endpoint_id,
        id,
        renewed,
      ]);
    }
  });
}

async function add(
  tx: EntityManager,
  { id, url, eventTypes, description }: NewEndpoint,
  secret: SealedSecret,
  most: number,
  by: string,
): Promise<WebhookEndpoint | null> {
  await tx.query(ONE_AT_A_TIME);
  const [counted]: { endpoints: number }[] = await tx.query(COUNT);
  if ((counted?.endpoints ?? most) >= most) return null;
  const [added]: WebhookEndpoint[] = await tx.query(ADD, [id, url, eventTypes, description]);
  await tx.query(ADD_SECRET, [id, secret.id, secret.sealed]);
  await note(tx, { endpointId: id, event: "CREATED", by });
  return added ?? null;
}

async function changeEndpoint(
  tx: EntityManager,
  id: string,
  change: EndpointChange,
  by: string,
): Promise<WebhookEndpoint | null> {
  const { url, eventTypes, description, enabled } = change;
  const [rows]: [WebhookEndpoint[], number] = await tx.query(CHANGE, [
    id,
    url !== undefined,
    url ?? null,
    eventTypes !== undefined,
    eventTypes ?? null,
    description !== undefined,
    description ?? null,
    enabled === true,
    enabled === false,
  ]);
  const [changed] = rows;
  if (!changed) return null;
  await note(tx, { endpointId: id, event: "CHANGED", by, detail: Object.keys(change).sort().join(" ") });
  if (changed.disabledReason === null) await wake(tx, [id]);
  return changed;
}

async function rotate(
  tx: EntityManager,
  id: string,
  secret: SealedSecret,
  seconds: number,
  by: string,
): Promise<boolean> {
  const [endpoint]: object[] = await tx.query(`${HOLD} FOR NO KEY UPDATE`, [id]);
  if (!endpoint) return false;
  await tx.query(RETIRE, [id, seconds]);
  await tx.query(ADD_SECRET, [id, secret.id, secret.sealed]);
  await tx.query(FORGET_SECRETS, [id]);
  await note(tx, { endpointId: id, event: "SECRET_ROTATED", by });
  return true;
}

async function remove(tx: EntityManager, id: string, by: string): Promise<boolean> {
  const [rows]: [object[], number] = await tx.query(REMOVE, [id]);
  if (rows.length > 0) await note(tx, { endpointId: id, event: "DELETED", by });
  return rows.length > 0;
}

async function sendTest(tx: EntityManager, id: string): Promise<WebhookDelivery | "disabled" | null> {
  const [endpoint]: { disabled: boolean }[] = await tx.query(`${HOLD} FOR KEY SHARE`, [id]);
  if (!endpoint) return null;
  if (endpoint.disabled) return "disabled";
  const body = webhookBody("test", Math.floor(Date.now() / 1_000), { endpointId: id });
  const [deliveryId] = await post(tx, { type: "test", personId: null, body, endpointIds: [id] });
  await wake(tx, [id]);
  return one(tx, deliveryId ?? null);
}

async function retry(tx: EntityManager, deliveryId: string): Promise<WebhookDelivery | "disabled" | null> {
  const [found]: { id: string }[] = await tx.query(ENDPOINT_OF, [deliveryId]);
  if (!found) return null;
  const [endpoint]: { disabled: boolean }[] = await tx.query(`${HOLD} FOR NO KEY UPDATE`, [found.id]);
  if (!endpoint) return null;
  if (endpoint.disabled) return "disabled";
  await tx.query(AGAIN, [deliveryId]);
  await wake(tx, [found.id]);
  return one(tx, deliveryId);
}

async function one(tx: EntityManager, deliveryId: string | null): Promise<WebhookDelivery | null> {
  const [delivery]: WebhookDelivery[] = await tx.query(`${DELIVERIES} AND d.id = $1`, [deliveryId]);
  return delivery ?? null;
}
