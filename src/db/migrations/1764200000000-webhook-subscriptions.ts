import type { MigrationInterface, QueryRunner } from "typeorm";

const TABLES = ["webhook_keepers", "webhook_subscriptions"] as const;

const WEBHOOK_SUBSCRIPTIONS = `
CREATE TABLE webhook_keepers (
  application_id uuid NOT NULL REFERENCES applications,
  provider text NOT NULL,
  owner uuid,
  taken_until timestamptz NOT NULL DEFAULT '-infinity',
  foreign_count integer NOT NULL DEFAULT 0,
  PRIMARY KEY (application_id, provider)
);
CREATE TABLE webhook_subscriptions (
  application_id uuid NOT NULL REFERENCES applications,
  provider text NOT NULL,
  data_type text NOT NULL,
  event_type text NOT NULL,
  state text NOT NULL DEFAULT 'MISSING' CHECK (state IN ('ACTIVE', 'FAILED', 'MISSING')),
  vendor_id text,
  callback_url text,
  expires_at timestamptz,
  last_error text,
  checked_at timestamptz,
  PRIMARY KEY (application_id, provider, data_type, event_type),
  CHECK (state <> 'ACTIVE' OR vendor_id IS NOT NULL)
);`;

function applicationPolicy(table: string): string {
  return `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY application ON ${table} USING (application_id = current_application())
  WITH CHECK (application_id = current_application());`;
}

/** The application's webhook subscriptions at the vendors as last seen, and which process may change them now. */
export class WebhookSubscriptions1764200000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [WEBHOOK_SUBSCRIPTIONS, ...TABLES.map(applicationPolicy)]) await runner.query(sql);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${TABLES.join(", ")}`);
  }
}
