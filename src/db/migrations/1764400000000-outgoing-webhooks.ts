import type { MigrationInterface, QueryRunner } from "typeorm";
import { personalPolicy } from "./1763700000000-foundation";

/** Personal tables of this migration. */
export const ANNOUNCEMENT_TABLES = ["announcements"] as const;

/** Tables that belong to the application, the ones that refer to others last. */
const APPLICATION_TABLES = [
  "webhook_endpoints",
  "webhook_secrets",
  "webhook_messages",
  "webhook_deliveries",
  "webhook_attempts",
] as const;

const ENDPOINTS = `
CREATE TABLE webhook_endpoints (
  application_id uuid NOT NULL REFERENCES applications ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
  description text,
  event_types text[] CHECK (cardinality(event_types) > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz,
  disabled_reason text CHECK (disabled_reason IN ('REQUESTED', 'GONE', 'FAILING')),
  failing_since timestamptz,
  paused_until timestamptz,
  PRIMARY KEY (application_id, id),
  CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);
CREATE TABLE webhook_secrets (
  application_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  id uuid NOT NULL,
  sealed_secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  retires_at timestamptz,
  PRIMARY KEY (application_id, endpoint_id, id),
  FOREIGN KEY (application_id, endpoint_id) REFERENCES webhook_endpoints ON DELETE CASCADE
);
CREATE UNIQUE INDEX webhook_secrets_one_current ON webhook_secrets (application_id, endpoint_id) WHERE retires_at IS NULL;`;

const DELIVERIES = `
CREATE TABLE webhook_messages (
  application_id uuid NOT NULL REFERENCES applications ON DELETE CASCADE,
  id text NOT NULL DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
  person_id uuid REFERENCES people ON DELETE CASCADE,
  event_type text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (application_id, id)
);
CREATE INDEX webhook_messages_person ON webhook_messages (person_id);
CREATE INDEX webhook_messages_created ON webhook_messages USING brin (created_at);
CREATE TABLE webhook_deliveries (
  application_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  endpoint_id uuid NOT NULL,
  message_id text NOT NULL,
  person_id uuid,
  seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
  created_at timestamptz NOT NULL DEFAULT now(),
  attempts_in_round integer NOT NULL DEFAULT 0,
  last_attempt_at timestamptz,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  claim uuid,
  claimed_until timestamptz,
  PRIMARY KEY (application_id, id),
  FOREIGN KEY (application_id, endpoint_id) REFERENCES webhook_endpoints ON DELETE CASCADE,
  FOREIGN KEY (application_id, message_id) REFERENCES webhook_messages ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (application_id, endpoint_id, next_attempt_at, seq) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_untried ON webhook_deliveries (application_id, endpoint_id, person_id, seq)
  WHERE status = 'PENDING' AND last_attempt_at IS NULL;
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (application_id, endpoint_id, claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (application_id, endpoint_id, seq DESC);
CREATE INDEX webhook_deliveries_message ON webhook_deliveries (application_id, message_id);
CREATE TABLE webhook_attempts (
  application_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  number integer NOT NULL,
  at timestamptz NOT NULL,
  status_code integer,
  duration_ms integer NOT NULL,
  error text,
  PRIMARY KEY (application_id, delivery_id, number),
  FOREIGN KEY (application_id, delivery_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);
CREATE TABLE announcements (
  person_id uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
  version bigint NOT NULL,
  ordinal integer NOT NULL
);`;

const AUDIT = `
CREATE TABLE webhook_audit (
  application_id uuid NOT NULL REFERENCES applications ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT now(),
  endpoint_id uuid NOT NULL,
  event text NOT NULL CHECK (event IN ('CREATED', 'CHANGED', 'SECRET_ROTATED', 'DISABLED', 'DELETED')),
  key_prefix text,
  detail text,
  PRIMARY KEY (application_id, id)
);
ALTER TABLE webhook_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON webhook_audit FOR SELECT USING (application_id = current_application());
CREATE POLICY added ON webhook_audit FOR INSERT WITH CHECK (application_id = current_application());`;

/** Housekeeping deletes messages of every application, and the start asks which keys seal secrets. */
const JOBS_POLICIES = `
CREATE POLICY jobs ON webhook_messages TO gateway_jobs USING (current_user = 'gateway_jobs');
CREATE POLICY jobs ON webhook_secrets TO gateway_jobs USING (current_user = 'gateway_jobs');
GRANT SELECT, DELETE ON webhook_messages, webhook_secrets TO gateway_jobs;`;

function applicationPolicy(table: string): string {
  return `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY application ON ${table} USING (application_id = current_application())
  WITH CHECK (application_id = current_application());`;
}

/** Endpoints of an application's back ends, their secrets, what they are told, and how far each person's changes were announced. */
export class OutgoingWebhooks1764400000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    const policies = [...APPLICATION_TABLES.map(applicationPolicy), ...ANNOUNCEMENT_TABLES.map(personalPolicy)];
    for (const sql of [ENDPOINTS, DELIVERIES, AUDIT, ...policies, JOBS_POLICIES]) await runner.query(sql);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE ${[...APPLICATION_TABLES, ...ANNOUNCEMENT_TABLES, "webhook_audit"].reverse().join(", ")}`,
    );
  }
}
