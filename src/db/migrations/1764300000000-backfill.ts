import type { MigrationInterface, QueryRunner } from "typeorm";
import { personalPolicy } from "./1763700000000-foundation";

/** Personal tables of this migration; like all, each leads with `person_id` and is closed by row-level security. */
export const HISTORY_TABLES = ["backfills", "fetched_pages", "sync_runs", "endpoint_times"] as const;

const ACCOUNT = "FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE";

const TABLES = `
CREATE TABLE backfills (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL,
  state text NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'WAITING', 'DONE', 'FAILED')),
  retry_at timestamptz,
  error text,
  failures integer NOT NULL DEFAULT 0,
  run_id uuid NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (person_id, account_id, endpoint),
  ${ACCOUNT}
);

CREATE TABLE fetched_pages (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL,
  page integer NOT NULL,
  grant_number integer NOT NULL,
  sealed_body bytea NOT NULL,
  started_at timestamptz NOT NULL,
  fetched_at timestamptz NOT NULL,
  PRIMARY KEY (person_id, account_id, endpoint, first_day, last_day, page),
  ${ACCOUNT}
);

CREATE TABLE sync_runs (
  person_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  trigger text NOT NULL CHECK (trigger IN ('BACKFILL', 'RECONCILIATION', 'WEBHOOK', 'REQUESTED')),
  first_day date NOT NULL,
  last_day date NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  created integer NOT NULL DEFAULT 0,
  updated integer NOT NULL DEFAULT 0,
  deleted integer NOT NULL DEFAULT 0,
  set_aside integer NOT NULL DEFAULT 0,
  errors jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (person_id, id),
  ${ACCOUNT}
);
CREATE INDEX sync_runs_started ON sync_runs (person_id, account_id, started_at, id);

CREATE TABLE endpoint_times (
  person_id uuid NOT NULL,
  account_id uuid NOT NULL,
  endpoint text NOT NULL,
  polled_at timestamptz,
  data_at timestamptz,
  PRIMARY KEY (person_id, account_id, endpoint),
  ${ACCOUNT}
);`;

/** History after linking, the pages that it has fetched so far, runs, and when each endpoint was asked and had something new. */
export class Backfill1764300000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [TABLES, ...HISTORY_TABLES.map(personalPolicy)]) await runner.query(sql);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${HISTORY_TABLES.join(", ")}`);
  }
}
