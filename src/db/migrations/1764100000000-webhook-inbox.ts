import type { MigrationInterface, QueryRunner } from "typeorm";

const WEBHOOK_INBOX = `
CREATE TABLE webhook_inbox (
  application_id uuid NOT NULL REFERENCES applications,
  provider text NOT NULL,
  event_key text NOT NULL,
  vendor_user_id text NOT NULL,
  event jsonb NOT NULL,
  received_at timestamptz NOT NULL,
  done_at timestamptz,
  outcome text,
  PRIMARY KEY (application_id, provider, event_key),
  CHECK ((done_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (application_id, provider, vendor_user_id, received_at) WHERE done_at IS NULL;
CREATE INDEX webhook_inbox_received ON webhook_inbox (received_at);
ALTER TABLE webhook_inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY application ON webhook_inbox USING (application_id = current_application())
  WITH CHECK (application_id = current_application());
CREATE POLICY jobs ON webhook_inbox TO gateway_jobs USING (current_user = 'gateway_jobs');
GRANT SELECT, DELETE ON webhook_inbox TO gateway_jobs;`;

/** What vendors told of new data, closed to other applications by row-level security. */
export class WebhookInbox1764100000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(WEBHOOK_INBOX);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE webhook_inbox");
  }
}
