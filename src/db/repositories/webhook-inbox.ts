import { type CivilDay, civilDay } from "../../domain/days";
import type { Account } from "../../domain/people";
import {
  type ArrivedEvent,
  type Backlog,
  type EventOutcome,
  type VendorUser,
  type WaitingEvent,
  WEBHOOK_TASK,
  type WebhookInbox,
} from "../../services/ports/webhook-inbox";
import type { Database } from "../database";
import { DOCUMENT_ID } from "../record-text";
import { enqueueAll } from "./jobs";

/** The most events of one vendor user that are worked off together. */
const MOST = 1_000;

// An event whose words may be said of a later change counts again, even while the earlier one waits: it may be in the midst of being read.
const KEEP = `
INSERT INTO webhook_inbox AS old (application_id, provider, event_key, vendor_user_id, event, received_at, done_at, outcome)
SELECT current_application(), n.provider, n.key, n."vendorUserId", n.event, clock_timestamp(),
  CASE WHEN n.outcome IS NOT NULL THEN clock_timestamp() END, n.outcome
FROM jsonb_to_recordset($1::jsonb) AS n(provider text, key text, "vendorUserId" text, event jsonb, outcome text)
ON CONFLICT (application_id, provider, event_key) DO UPDATE SET
  received_at = excluded.received_at, done_at = excluded.done_at, outcome = excluded.outcome
WHERE (excluded.event->>'repeats')::boolean
RETURNING provider, event_key AS key, vendor_user_id AS user, done_at IS NULL AS waits`;

const WAITING = `
SELECT event_key AS key, event, received_at::text AS "receivedAt",
  extract(epoch FROM received_at)::float8 AS "receivedSeconds" FROM webhook_inbox
WHERE application_id = current_application() AND provider = $1 AND vendor_user_id = $2 AND done_at IS NULL
ORDER BY received_at LIMIT ${MOST}`;

const FINISH = `
UPDATE webhook_inbox i SET done_at = clock_timestamp(), outcome = n.outcome
FROM jsonb_to_recordset($2::jsonb) AS n(key text, "receivedAt" timestamptz, outcome text)
WHERE i.application_id = current_application() AND i.provider = $1 AND i.event_key = n.key
  AND i.received_at = n."receivedAt" AND i.done_at IS NULL
RETURNING i.outcome`;

const ACCOUNTS = `
SELECT a.person_id AS person, a.id, a.status, a.granted_scopes AS scopes, a.grant_number AS grant,
  extract(epoch FROM a.connected_at)::float8 AS connected
FROM accounts a JOIN people p ON p.id = a.person_id
WHERE a.provider = $1 AND a.vendor_user_id = $2 AND p.application_id = current_application() ORDER BY a.id`;

const DAYS = `
SELECT DISTINCT ${DOCUMENT_ID} AS document, day::text AS day FROM records r
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND ${DOCUMENT_ID} = ANY ($4)`;

const BACKLOG = `
SELECT provider, count(*)::int AS waiting, extract(epoch FROM clock_timestamp() - min(received_at))::float8 AS "oldestSeconds"
FROM webhook_inbox WHERE application_id = current_application() AND done_at IS NULL GROUP BY provider`;

interface AccountRow {
  person: string;
  id: string;
  status: Account["status"];
  scopes: string[];
  grant: number;
  connected: number;
}

/** The inbox in PostgreSQL: an event and the job that works it off are one transaction. */
export function createWebhookInbox(database: Database): WebhookInbox {
  return {
    async keep(events) {
      const rows = inOrder(events);
      return database.application(async (tx) => {
        const fresh: { provider: string; key: string; user: string; waits: boolean }[] = await tx.query(KEEP, [
          JSON.stringify(rows),
        ]);
        const users = fresh
          .filter(({ waits }) => waits)
          .map(({ provider, user }) => ({ provider, vendorUserId: user }));
        const jobs = new Map(users.map((user) => [keyOf(user), { task: WEBHOOK_TASK, payload: { ...user } }]));
        await enqueueAll(
          tx,
          [...jobs].map(([key, job]) => ({ ...job, key })),
        );
        return new Set(fresh.map(({ provider, key }) => `${provider} ${key}`));
      });
    },
    waiting: ({ provider, vendorUserId }) => database.directory<WaitingEvent>(WAITING, [provider, vendorUserId]),
    async finish({ provider }, outcomes) {
      if (outcomes.length === 0) return [];
      // TypeORM answers rows and their number for an UPDATE.
      const [rows = []] = await database.directory<readonly { outcome: EventOutcome }[]>(FINISH, [
        provider,
        JSON.stringify(outcomes),
      ]);
      return rows.map(({ outcome }) => outcome);
    },
    async accountsOf({ provider, vendorUserId }) {
      const rows: AccountRow[] = await database.jobs((tx) => tx.query(ACCOUNTS, [provider, vendorUserId]));
      return rows.map((row) => ({
        id: row.id,
        personId: row.person,
        provider,
        status: row.status,
        grantedScopes: row.scopes,
        connectedAt: row.connected,
        grantNumber: row.grant,
      }));
    },
    async daysOf({ personId, id }, endpoint, documents) {
      const rows: { document: string; day: string }[] = await database.person(personId, (tx) =>
        tx.query(DAYS, [personId, id, endpoint, documents]),
      );
      const days = new Map<string, CivilDay[]>();
      for (const { document, day } of rows) days.set(document, [...(days.get(document) ?? []), civilDay(day)]);
      return days;
    },
    backlog: () => database.directory<Backlog>(BACKLOG, []),
  };
}

/** Jobs that wait of one vendor user are one. */
function keyOf({ provider, vendorUserId }: VendorUser): string {
  return `${WEBHOOK_TASK} ${provider} ${vendorUserId}`;
}

/** Each event once, in one order everywhere: two processes that keep the same ones do not wait for each other in a circle. */
function inOrder(events: readonly ArrivedEvent[]): ArrivedEvent[] {
  const byKey = new Map(events.map((event) => [`${event.provider} ${event.key}`, event]));
  return [...byKey].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, event]) => event);
}
