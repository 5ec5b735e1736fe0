import type { MigrationInterface, QueryRunner } from "typeorm";
import { personalPolicy } from "./1763700000000-foundation";

/** Tables of the change feed, closed to everyone but the person as all personal tables are. */
export const FEED_TABLES = ["changes", "forgotten_changes"] as const;

// Rows come in the order of their time, so that a few summaries find those that have had theirs.
const FEED = `
CREATE TABLE changes (
  person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
  version bigint NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal > 0),
  at timestamptz NOT NULL,
  metric text,
  provider text NOT NULL,
  account_id uuid,
  day date,
  type text NOT NULL CHECK (type IN ('CREATED', 'UPDATED', 'DELETED')),
  origin text NOT NULL CHECK (origin IN ('BACKFILL', 'LIVE', 'RECONCILIATION')),
  PRIMARY KEY (person_id, version, ordinal),
  CHECK (num_nulls(metric, day, account_id) = 0 OR (num_nulls(metric, day, account_id) = 3 AND type = 'DELETED'))
);
CREATE INDEX changes_at ON changes USING brin (at);

CREATE TABLE forgotten_changes (
  person_id uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
  up_to_version bigint NOT NULL,
  up_to_ordinal integer NOT NULL
);`;

/** What changed of whom, in the order of the data versions, and up to where that has been forgotten. */
export class Changes1764000000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [FEED, ...FEED_TABLES.map(personalPolicy)]) await runner.query(sql);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${FEED_TABLES.join(", ")}`);
  }
}
