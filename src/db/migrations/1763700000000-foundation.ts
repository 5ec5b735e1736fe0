import type { MigrationInterface, QueryRunner } from "typeorm";

/** The row every deployment starts with: one gateway serves one application today. */
export const DEFAULT_APPLICATION_ID = "00000000-0000-4000-8000-000000000001";

/** Tables whose rows belong to one person; each leads with `person_id` and is closed to everyone else by row-level security. */
export const PERSONAL_TABLES = [
  "data_keys",
  "accounts",
  "grants",
  "refresh_attempts",
  "source_preferences",
  "link_states",
  "link_results",
  "records",
  "raw_documents",
  "set_aside_documents",
  "coverage_days",
  "coverage_settled",
  "fetches",
  "flights",
  "audit_events",
] as const;

const PEOPLE = `
CREATE TABLE applications (
  id uuid PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO applications (id, name) VALUES ('${DEFAULT_APPLICATION_ID}', 'default');

CREATE TABLE people (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  application_id uuid NOT NULL REFERENCES applications,
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
  data_version bigint NOT NULL DEFAULT 1,
  utc_offset_minutes smallint,
  utc_offset_seen_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (application_id, external_id)
);

CREATE TABLE data_keys (
  person_id uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
  wrapping_key_id text NOT NULL,
  wrapped_key bytea NOT NULL
);`;

const ACCOUNTS = `
CREATE TABLE accounts (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  provider text NOT NULL,
  vendor_user_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('ACTIVE', 'RECONNECT_REQUIRED', 'DISCONNECTED')),
  granted_scopes text[] NOT NULL,
  grant_number integer NOT NULL DEFAULT 1,
  connected_at timestamptz NOT NULL,
  disconnected_at timestamptz,
  PRIMARY KEY (person_id, id),
  UNIQUE (person_id, provider, vendor_user_id)
);
CREATE UNIQUE INDEX accounts_one_linked ON accounts (person_id, provider) WHERE status <> 'DISCONNECTED';
CREATE INDEX accounts_vendor_user ON accounts (provider, vendor_user_id);

CREATE TABLE grants (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sealed_tokens bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  generation integer NOT NULL DEFAULT 1,
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  refused_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (person_id, account_id),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);

CREATE TABLE refresh_attempts (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  generation integer NOT NULL,
  token_hash_prefix text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  outcome text,
  PRIMARY KEY (person_id, id)
);
CREATE INDEX refresh_attempts_account ON refresh_attempts (person_id, account_id, started_at);

CREATE TABLE source_preferences (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  metric text NOT NULL,
  providers text[] NOT NULL,
  PRIMARY KEY (person_id, metric)
);

CREATE TABLE link_states (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  state_hash text NOT NULL PRIMARY KEY,
  provider text NOT NULL,
  sealed_request bytea NOT NULL,
  expires_at timestamptz NOT NULL
);

CREATE TABLE link_results (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  code_hash text NOT NULL,
  provider text NOT NULL,
  sealed_result bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, code_hash)
);`;

const DATA = `
CREATE TABLE records (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,
  day date NOT NULL,
  body jsonb,
  document_id text NOT NULL,
  mapper_version integer NOT NULL,
  fetch_started_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  deleted_at timestamptz,
  PRIMARY KEY (person_id, account_id, endpoint, kind, key),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);
CREATE INDEX records_day ON records (person_id, account_id, day) WHERE deleted_at IS NULL;

CREATE TABLE raw_documents (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  document_id text NOT NULL,
  content_hash bytea NOT NULL,
  sealed_body bytea NOT NULL,
  fetched_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint, document_id),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);

CREATE TABLE set_aside_documents (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  content_hash bytea NOT NULL,
  days datemultirange NOT NULL,
  path text NOT NULL,
  problem text NOT NULL,
  sealed_body bytea NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint, content_hash),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);

CREATE TABLE coverage_days (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  day date NOT NULL,
  checked_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint, day),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);

CREATE TABLE coverage_settled (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  known datemultirange NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);

CREATE TABLE fetches (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  id uuid NOT NULL,
  days datemultirange NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  changed integer NOT NULL,
  deleted integer NOT NULL,
  set_aside integer NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint, id),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);
CREATE INDEX fetches_started ON fetches (person_id, account_id, started_at);

CREATE TABLE flights (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  owner uuid NOT NULL,
  started_at timestamptz NOT NULL,
  progressed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint),
  FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE
);

CREATE TABLE audit_events (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT now(),
  event text NOT NULL,
  provider text,
  detail text,
  PRIMARY KEY (person_id, id)
);`;

/**
 * Jobs cross persons and so have a role of their own, which the app's role may take on but does not inherit: a policy counts for
 * everyone who inherits its role, so that each jobs policy asks for current_user as well (before PostgreSQL 16 a grant always inherits).
 * Roles belong to the whole server, so another database may have made it already.
 */
const JOBS_ROLE = `
DO $$
DECLARE may_set boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gateway_jobs') THEN
    BEGIN
      CREATE ROLE gateway_jobs NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the database role needs CREATEROLE, or an administrator runs: CREATE ROLE gateway_jobs NOLOGIN; GRANT gateway_jobs TO %', current_user;
    END;
  END IF;
  may_set := CASE WHEN current_setting('server_version_num')::int >= 160000
    THEN pg_has_role(current_user, 'gateway_jobs', 'SET') ELSE pg_has_role(current_user, 'gateway_jobs', 'MEMBER') END;
  IF NOT may_set THEN
    BEGIN
      EXECUTE format('GRANT gateway_jobs TO %I', current_user)
        || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
    EXCEPTION WHEN unique_violation OR internal_error THEN NULL; -- another database's migration grants the same at this moment
    END;
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO gateway_jobs', current_schema());
END $$;`;

const PEOPLE_POLICIES = `
CREATE FUNCTION current_person() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('gateway.person_id', true), '')::uuid $$;
CREATE FUNCTION current_application() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('gateway.application_id', true), '')::uuid $$;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE people FORCE ROW LEVEL SECURITY;
CREATE POLICY application_reads ON people FOR SELECT USING (application_id = current_application() OR id = current_person());
CREATE POLICY application_adds ON people FOR INSERT WITH CHECK (application_id = current_application());
CREATE POLICY person_changes ON people FOR UPDATE USING (id = current_person());
CREATE POLICY person_erased ON people FOR DELETE USING (id = current_person());
CREATE POLICY jobs ON people TO gateway_jobs USING (current_user = 'gateway_jobs');
GRANT SELECT, UPDATE, DELETE ON people TO gateway_jobs;
CREATE POLICY bearer_of_state ON link_states
  USING (state_hash = nullif(current_setting('gateway.link_state', true), ''));`;

/** Enables and forces row-level security on one personal table. */
export function personalPolicy(table: string): string {
  return `
ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
CREATE POLICY person ON ${table} USING (person_id = current_person()) WITH CHECK (person_id = current_person());
CREATE POLICY jobs ON ${table} TO gateway_jobs USING (current_user = 'gateway_jobs');
GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO gateway_jobs;`;
}

/** Applications, people, accounts, grants, records, coverage, leases, and row-level security over all of them. */
export class Foundation1763700000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [PEOPLE, ACCOUNTS, DATA, JOBS_ROLE, PEOPLE_POLICIES, ...PERSONAL_TABLES.map(personalPolicy)]) {
      await runner.query(sql);
    }
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `DROP TABLE ${[...PERSONAL_TABLES].reverse().join(", ")}, people, applications CASCADE;
       DROP FUNCTION current_person(); DROP FUNCTION current_application();`,
    );
  }
}
