import type { EntityManager } from "typeorm";
import type { AttemptLog, ClaimedDelivery, DeliveryStore, SealedSecret, Verdict } from "../../services/ports/outgoing";
import type { Database } from "../database";
import { enqueue } from "./jobs";
import { note } from "./webhook-audit";
import { wake } from "./webhook-events";

/** Deliveries under way at one endpoint, over all processes: one that never answers holds no more than these. */
const PER_ENDPOINT = 2;
/** Seconds after which a claim without a record counts as that of a dead process; longer than any attempt takes. */
const LEASE_SECONDS = 20;
const FAILING_DAYS = 5;

const OURS = "application_id = current_application()";
const LOCK = `
SELECT url, disabled_at IS NOT NULL AS disabled, extract(epoch FROM paused_until)::float8 AS paused_until,
  greatest($2::float8, extract(epoch FROM clock_timestamp())::float8) AS now
FROM webhook_endpoints WHERE ${OURS} AND id = $1 FOR NO KEY UPDATE`;

// In order of a person's events, as long as they are accepted: one that failed holds up none of those behind it.
const CLAIM = `
WITH busy AS (
  SELECT count(*) AS deliveries FROM webhook_deliveries
  WHERE ${OURS} AND endpoint_id = $1 AND claimed_until > to_timestamp($2::float8)
), due AS (
  SELECT id, person_id, seq, next_attempt_at FROM webhook_deliveries
  WHERE ${OURS} AND endpoint_id = $1 AND status = 'PENDING' AND next_attempt_at <= to_timestamp($2::float8)
    AND (claimed_until IS NULL OR claimed_until <= to_timestamp($2::float8))
  ORDER BY next_attempt_at, seq LIMIT 200
), chosen AS (
  SELECT id FROM due WHERE NOT EXISTS (
    SELECT FROM webhook_deliveries earlier WHERE ${OURS} AND endpoint_id = $1 AND earlier.person_id = due.person_id
      AND earlier.seq < due.seq AND status = 'PENDING' AND last_attempt_at IS NULL)
  ORDER BY next_attempt_at, seq LIMIT greatest(0, $3::int - (SELECT deliveries FROM busy))
)
UPDATE webhook_deliveries d SET claim = gen_random_uuid(), claimed_until = to_timestamp($2::float8 + ${LEASE_SECONDS})
FROM chosen, webhook_messages m
WHERE d.application_id = current_application() AND d.id = chosen.id AND m.application_id = d.application_id AND m.id = d.message_id
RETURNING d.id, d.claim, d.attempts_in_round AS attempts, m.id AS message, m.body`;
const SECRETS = `
SELECT id, sealed_secret AS sealed FROM webhook_secrets
WHERE ${OURS} AND endpoint_id = $1 AND (retires_at IS NULL OR retires_at > to_timestamp($2::float8))
ORDER BY retires_at DESC NULLS FIRST, created_at DESC`;

/** When there is more to do: a claim ends unrecorded, something comes due, or something due that nobody claimed waits. */
const NEXT = `
WITH claimed AS (
  SELECT min(claimed_until) AS until FROM webhook_deliveries WHERE ${OURS} AND endpoint_id = $1 AND claimed_until > to_timestamp($2::float8)
), later AS (
  SELECT min(next_attempt_at) AS at FROM webhook_deliveries
  WHERE ${OURS} AND endpoint_id = $1 AND status = 'PENDING' AND next_attempt_at > to_timestamp($2::float8)
), waiting AS (
  SELECT to_timestamp($2::float8) AS since WHERE EXISTS (
    SELECT FROM webhook_deliveries WHERE ${OURS} AND endpoint_id = $1 AND status = 'PENDING'
      AND next_attempt_at <= to_timestamp($2::float8) AND (claimed_until IS NULL OR claimed_until <= to_timestamp($2::float8)))
)
SELECT extract(epoch FROM least(claimed.until, later.at,
  CASE WHEN claimed.until IS NULL THEN (SELECT since FROM waiting) END))::float8 AS at FROM claimed, later`;

const RECORD = `
UPDATE webhook_deliveries SET status = $3, attempts_in_round = attempts_in_round + 1, last_attempt_at = to_timestamp($4::float8),
  next_attempt_at = coalesce(to_timestamp($5::float8), next_attempt_at), claim = NULL, claimed_until = NULL
WHERE ${OURS} AND id = $1 AND claim = $2 RETURNING id`;
const LOG = `
INSERT INTO webhook_attempts (application_id, delivery_id, number, at, status_code, duration_ms, error)
SELECT current_application(), $1, count(*) + 1, to_timestamp($2::float8), $3, $4, $5 FROM webhook_attempts
WHERE ${OURS} AND delivery_id = $1`;
const ACCEPTED = `
UPDATE webhook_endpoints SET failing_since = NULL WHERE ${OURS} AND id = $1 AND failing_since IS NOT NULL`;
const REFUSED = `
UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, to_timestamp($2::float8)),
  paused_until = greatest(paused_until, to_timestamp($3::float8)) WHERE ${OURS} AND id = $1`;
const DISABLE = `
UPDATE webhook_endpoints SET disabled_at = to_timestamp($2::float8), disabled_reason = CASE WHEN $3 THEN 'GONE' ELSE 'FAILING' END
WHERE ${OURS} AND id = $1 AND disabled_at IS NULL
  AND ($3 OR failing_since <= to_timestamp($2::float8) - interval '${FAILING_DAYS} days') RETURNING disabled_reason AS why`;
const DUE = `
SELECT e.id FROM webhook_endpoints e WHERE ${OURS} AND disabled_at IS NULL AND coalesce(paused_until <= to_timestamp($1::float8), true)
  AND EXISTS (SELECT FROM webhook_deliveries d WHERE d.application_id = e.application_id AND d.endpoint_id = e.id
    AND d.status = 'PENDING' AND d.next_attempt_at <= to_timestamp($1::float8))
  AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.application_id = e.application_id AND d.endpoint_id = e.id
    AND d.claimed_until > to_timestamp($1::float8))`;

interface Endpoint {
  readonly url: string;
  readonly disabled: boolean;
  readonly paused_until: number | null;
  readonly now: number;
}

/** Deliveries in PostgreSQL. An endpoint's row is the lock under which places are given out, timers set and attempts recorded. */
export function createDeliveryStore(database: Database): DeliveryStore {
  const locked = <T>(endpointId: string, now: number, work: (tx: EntityManager, endpoint: Endpoint) => Promise<T>) =>
    database.application(async (tx): Promise<T | null> => {
      const [endpoint]: Endpoint[] = await tx.query(LOCK, [endpointId, now]);
      return endpoint ? work(tx, endpoint) : null;
    }, "worker");
  return {
    async take(endpointId, now, places = PER_ENDPOINT) {
      return (await locked(endpointId, now, (tx, endpoint) => take(tx, endpointId, endpoint, places))) ?? [];
    },
    async finish(claimed, log, verdict, now, places = PER_ENDPOINT) {
      const { endpointId } = claimed;
      const more = await locked(endpointId, now, async (tx) => {
        await record(tx, claimed, log, verdict, now);
        const [endpoint]: Endpoint[] = await tx.query(LOCK, [endpointId, now]);
        return endpoint ? take(tx, endpointId, endpoint, places) : [];
      });
      return more ?? [];
    },
    wakeDue: (now) =>
      database.application(async (tx) => {
        const due: { id: string }[] = await tx.query(DUE, [now]);
        await wake(
          tx,
          due.map(({ id }) => id),
        );
        return due.length;
      }, "worker"),
  };
}

async function take(
  tx: EntityManager,
  endpointId: string,
  endpoint: Endpoint,
  places: number,
): Promise<readonly ClaimedDelivery[]> {
  const { url, disabled, paused_until, now } = endpoint;
  if (disabled) return [];
  const paused = paused_until !== null && paused_until > now;
  const [claimed]: [{ id: string; claim: string; attempts: number; message: string; body: string }[], number] = paused
    ? [[], 0]
    : await tx.query(CLAIM, [endpointId, now, places]);
  const [next]: { at: number | null }[] = await tx.query(NEXT, [endpointId, now]);
  const at = next?.at ?? null;
  if (at !== null) {
    const runAt = paused ? Math.max(at, paused_until) : at;
    // Under a key of its own: what is handed in meanwhile must not be put off by it.
    await enqueue(tx, { task: "deliver", payload: { endpointId }, key: `deliver ${endpointId} later`, runAt });
  }
  if (claimed.length === 0) return [];
  const secrets: SealedSecret[] = await tx.query(SECRETS, [endpointId, now]);
  return claimed.map(({ id, claim, attempts, message, body }) => ({
    id,
    endpointId,
    claim,
    url,
    attempts,
    secrets,
    message: { id: message, body },
  }));
}

async function record(
  tx: EntityManager,
  { id, claim, endpointId }: ClaimedDelivery,
  log: AttemptLog,
  verdict: Verdict,
  now: number,
): Promise<void> {
  const status = { delivered: "DELIVERED", gone: "FAILED", failed: "FAILED", retry: "PENDING" }[verdict.kind];
  const again = verdict.kind === "retry" ? verdict.at : null;
  const [recorded]: [object[], number] = await tx.query(RECORD, [id, claim, status, log.at, again]);
  // Whoever claimed it after the lease had run out will record it.
  if (recorded.length === 0) return;
  await tx.query(LOG, [id, log.at, log.statusCode, log.durationMs, log.error]);
  if (verdict.kind === "delivered") {
    await tx.query(ACCEPTED, [endpointId]);
    return;
  }
  const gone = verdict.kind === "gone";
  await tx.query(REFUSED, [endpointId, now, gone ? null : verdict.pauseUntil]);
  const [[disabled]]: [{ why: string }[], number] = await tx.query(DISABLE, [endpointId, now, gone]);
  if (disabled) await note(tx, { endpointId, event: "DISABLED", by: null, detail: disabled.why });
}
