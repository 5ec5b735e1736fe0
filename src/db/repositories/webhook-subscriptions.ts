import type { StoredSubscription, SubscriptionStore } from "../../services/ports/subscriptions";
import type { Database } from "../database";

const TAKE = `
INSERT INTO webhook_keepers AS keeper (application_id, provider, owner, taken_until)
VALUES (current_application(), $1, $2, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (application_id, provider) DO UPDATE SET owner = excluded.owner, taken_until = excluded.taken_until
WHERE keeper.taken_until < clock_timestamp()
RETURNING provider`;
// TypeORM gives rows and their number for an UPDATE, rows alone for a SELECT.
const PROLONG = `
WITH prolonged AS (
  UPDATE webhook_keepers SET taken_until = clock_timestamp() + make_interval(secs => $3)
  WHERE application_id = current_application() AND provider = $1 AND owner = $2
  RETURNING provider)
SELECT provider FROM prolonged`;
const RELEASE = `
UPDATE webhook_keepers SET taken_until = '-infinity'
WHERE application_id = current_application() AND provider = $1 AND owner = $2`;
const WANT = `
INSERT INTO webhook_subscriptions (application_id, provider, data_type, event_type)
SELECT current_application(), $1, data_type, event_type FROM unnest($2::text[], $3::text[]) AS topic (data_type, event_type)
ON CONFLICT DO NOTHING`;
const UNWANT = `
DELETE FROM webhook_subscriptions WHERE application_id = current_application() AND provider = $1
  AND (data_type, event_type) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))`;
const ASKING = `
UPDATE webhook_subscriptions SET callback_url = $4
WHERE application_id = current_application() AND provider = $1 AND data_type = $2 AND event_type = $3`;
const HELD = `
UPDATE webhook_subscriptions SET state = 'ACTIVE', vendor_id = $4, callback_url = $5, expires_at = to_timestamp($6::float8),
  last_error = $7, checked_at = now()
WHERE application_id = current_application() AND provider = $1 AND data_type = $2 AND event_type = $3`;
const FAILED = `
UPDATE webhook_subscriptions SET state = 'FAILED', last_error = $4, checked_at = now()
WHERE application_id = current_application() AND provider = $1 AND data_type = $2 AND event_type = $3`;
const UNREACHED = `
UPDATE webhook_subscriptions SET last_error = $4 WHERE application_id = current_application() AND provider = $1
  AND (data_type, event_type) IN (SELECT * FROM unnest($2::text[], $3::text[]))`;
const FOREIGN = `
UPDATE webhook_keepers SET foreign_count = $2 WHERE application_id = current_application() AND provider = $1`;
const GONE = `
UPDATE webhook_subscriptions SET state = 'MISSING', vendor_id = NULL, callback_url = NULL, expires_at = NULL, last_error = NULL,
  checked_at = now()
WHERE application_id = current_application() AND provider = $1 AND vendor_id = $2`;
const LIST = `
SELECT provider, data_type AS "dataType", event_type AS "eventType",
  state, vendor_id AS "vendorId", callback_url AS "callbackUrl", extract(epoch FROM expires_at)::float8 AS "expiresAt", last_error AS "lastError",
  extract(epoch FROM checked_at)::float8 AS "checkedAt"
FROM webhook_subscriptions WHERE application_id = current_application() ORDER BY provider, data_type, event_type`;
const FOREIGN_COUNTS = `
SELECT provider, foreign_count AS count FROM webhook_keepers WHERE application_id = current_application()`;

/** Webhook subscriptions in PostgreSQL; who may change them is judged by its clock alone. */
export function createSubscriptionStore(database: Database): SubscriptionStore {
  const run = async (sql: string, ...parameters: unknown[]): Promise<void> => {
    await database.directory(sql, parameters);
  };
  const columns = (topics: readonly { dataType: string; eventType: string }[]) => [
    topics.map(({ dataType }) => dataType),
    topics.map(({ eventType }) => eventType),
  ];
  return {
    async take(provider, owner, seconds) {
      return (await database.directory(TAKE, [provider, owner, seconds])).length > 0;
    },
    async prolong(provider, owner, seconds) {
      return (await database.directory(PROLONG, [provider, owner, seconds])).length > 0;
    },
    release: (provider, owner) => run(RELEASE, provider, owner),
    want: (provider, topics) => run(WANT, provider, ...columns(topics)),
    unwant: (provider, wanted) => run(UNWANT, provider, ...columns(wanted)),
    asking: (provider, { dataType, eventType }, callbackUrl) => run(ASKING, provider, dataType, eventType, callbackUrl),
    held: (provider, { dataType, eventType, id, callbackUrl, expiresAt }, problem) =>
      run(HELD, provider, dataType, eventType, id, callbackUrl, expiresAt, problem),
    failed: (provider, { dataType, eventType }, problem) => run(FAILED, provider, dataType, eventType, problem),
    unreached: (provider, topics, problem) => run(UNREACHED, provider, ...columns(topics), problem),
    foreign: (provider, count) => run(FOREIGN, provider, count),
    gone: (provider, id) => run(GONE, provider, id),
    list: () => database.directory<StoredSubscription>(LIST, []),
    async foreignCounts() {
      const rows = await database.directory<{ provider: string; count: number }>(FOREIGN_COUNTS, []);
      return new Map(rows.map(({ provider, count }) => [provider, count]));
    },
  };
}
