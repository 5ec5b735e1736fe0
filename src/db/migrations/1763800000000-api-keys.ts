import type { MigrationInterface, QueryRunner } from "typeorm";

const API_KEYS = `
CREATE TABLE api_keys (
  application_id uuid NOT NULL REFERENCES applications,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write']),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (application_id, id),
  UNIQUE (application_id, prefix)
);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY application ON api_keys USING (application_id = current_application())
  WITH CHECK (application_id = current_application());`;

/** Keys of an application's back ends, closed to other applications by row-level security. */
export class ApiKeys1763800000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(API_KEYS);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP TABLE api_keys");
  }
}
