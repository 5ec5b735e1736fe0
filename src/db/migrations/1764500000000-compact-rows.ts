import type { MigrationInterface, QueryRunner } from "typeorm";
import type { StoredRecord } from "../../domain/records";
import { recordOf, recordText } from "../record-text";
import { personalPolicy } from "./1763700000000-foundation";

const ACCOUNT = "FOREIGN KEY (person_id, account_id) REFERENCES accounts ON DELETE CASCADE";
const PERSON = "person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE";
const ORIGIN = "origin text NOT NULL CHECK (origin IN ('BACKFILL', 'LIVE', 'RECONCILIATION'))";

/**
 * What has a fixed width comes first, so that nothing is padded. An empty document id is the record's own key; a tombstone has no body.
 * The key proper (account, endpoint, kind, the vendor's own) is long text, and an index over it a fifth of everything stored: 128 bits of
 * its SHA-256 stand for it. An index over accounts serves reading, and deleting with the account.
 */
const RECORDS = `
CREATE FUNCTION record_id(account uuid, endpoint text, kind text, key text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT encode(substr(sha256(convert_to(account::text || E'\\n' || endpoint || E'\\n' || kind || E'\\n' || key, 'UTF8')), 1, 16), 'hex')::uuid
$$;
CREATE TABLE records_new (
  person_id uuid NOT NULL,
  id uuid NOT NULL GENERATED ALWAYS AS (record_id(account_id, endpoint, kind, key)) STORED,
  account_id uuid NOT NULL,
  fetch_started_at timestamptz NOT NULL,
  day date NOT NULL,
  mapper_version integer NOT NULL,
  endpoint text NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,
  document_id text NOT NULL,
  body text,
  PRIMARY KEY (person_id, id),
  ${ACCOUNT}
);
CREATE INDEX records_new_day ON records_new (person_id, account_id, day);`;

/** Entries of one commit are one row, in the order of their ordinals, which are their places from 1. */
const CHANGES = `
CREATE TABLE changes_new (
  ${PERSON},
  version bigint NOT NULL,
  at timestamptz NOT NULL,
  account_id uuid,
  provider text NOT NULL,
  ${ORIGIN},
  metrics text[] NOT NULL,
  days date[] NOT NULL,
  types text[] NOT NULL CHECK (types <@ '{CREATED,UPDATED,DELETED}'),
  PRIMARY KEY (person_id, version),
  CHECK (cardinality(days) > 0 AND cardinality(days) = cardinality(metrics) AND cardinality(days) = cardinality(types)),
  CHECK ((account_id IS NULL) = (array_position(days, NULL) IS NOT NULL) AND (account_id IS NULL) = (array_position(metrics, NULL) IS NOT NULL))
);
CREATE INDEX changes_new_at ON changes_new USING brin (at);`;

const PERSONS = "SELECT id FROM people";
const ACCOUNTS = "SELECT DISTINCT person_id, id AS account_id FROM accounts";
const ROWS = `
SELECT endpoint, kind, key, day::text AS day, body, document_id, mapper_version, fetch_started_at::text AS started
FROM records WHERE person_id = $1 AND account_id = $2`;
const FILL_RECORDS = `
INSERT INTO records_new (person_id, account_id, endpoint, kind, key, day, body, document_id, mapper_version, fetch_started_at)
SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[], $6::date[], $7::text[], $8::text[], $9::int[], $10::timestamptz[])`;
const FILL_CHANGES = `
INSERT INTO changes_new (person_id, version, at, account_id, provider, origin, metrics, days, types)
SELECT $1, version, min(at), account_id, provider, origin, array_agg(metric ORDER BY ordinal), array_agg(day ORDER BY ordinal),
  array_agg(type ORDER BY ordinal)
FROM changes WHERE person_id = $1 GROUP BY version, account_id, provider, origin ORDER BY version`;

const OLD_RECORDS = `
CREATE TABLE records_new (
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
  ${ACCOUNT}
);
CREATE INDEX records_new_day ON records_new (person_id, account_id, day) WHERE deleted_at IS NULL;`;
const FILL_OLD_RECORDS = `
INSERT INTO records_new (person_id, account_id, endpoint, kind, key, day, body, document_id, mapper_version, fetch_started_at, received_at, deleted_at)
SELECT $1, $2, n.*, n.started, CASE WHEN n.body IS NULL THEN n.started END
FROM unnest($3::text[], $4::text[], $5::text[], $6::date[], $7::jsonb[], $8::text[], $9::int[], $10::timestamptz[])
  AS n(endpoint, kind, key, day, body, document_id, mapper_version, started)`;

const OLD_CHANGES = `
CREATE TABLE changes_new (
  ${PERSON},
  version bigint NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal > 0),
  at timestamptz NOT NULL,
  metric text,
  provider text NOT NULL,
  account_id uuid,
  day date,
  type text NOT NULL CHECK (type IN ('CREATED', 'UPDATED', 'DELETED')),
  ${ORIGIN},
  PRIMARY KEY (person_id, version, ordinal),
  CHECK (num_nulls(metric, day, account_id) = 0 OR (num_nulls(metric, day, account_id) = 3 AND type = 'DELETED'))
);
CREATE INDEX changes_new_at ON changes_new USING brin (at);`;
const FILL_OLD_CHANGES = `
INSERT INTO changes_new (person_id, version, ordinal, at, metric, provider, account_id, day, type, origin)
SELECT person_id, version, ordinal, at, metric, provider, account_id, day, type, origin
FROM changes, unnest(metrics, days, types) WITH ORDINALITY AS e(metric, day, type, ordinal) WHERE person_id = $1`;

/** Their owner sees everybody's rows while they are copied; until the end of the transaction nobody else sees either. */
const OPEN = ["records", "changes", "people", "accounts"].map(
  (table) => `ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`,
);
const CLOSE = ["people", "accounts"].map((table) => `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`);

interface Row {
  readonly endpoint: string;
  readonly kind: StoredRecord["kind"];
  readonly key: string;
  readonly day: string;
  readonly body: unknown;
  readonly document_id: string;
  readonly mapper_version: number;
  readonly started: string;
}

/** Records and changes in rows that hold once what was in them several times; existing rows are copied, one account after the other. */
export class CompactRows1764500000000 implements MigrationInterface {
  /** @inheritdoc */
  async up(runner: QueryRunner): Promise<void> {
    await inTurn(runner, [...OPEN, RECORDS, CHANGES]);
    await copyRecords(runner, FILL_RECORDS, (row) => ({
      ...row,
      body: row.body === null ? null : recordText(row.body as StoredRecord),
      document_id: row.document_id === row.key ? "" : row.document_id,
    }));
    await copyChanges(runner, FILL_CHANGES);
    await inTurn(runner, [...swapped("records", ["pkey", "day"]), ...swapped("changes", ["pkey", "at"]), ...CLOSE]);
  }

  /** @inheritdoc */
  async down(runner: QueryRunner): Promise<void> {
    await inTurn(runner, [...OPEN, OLD_RECORDS, OLD_CHANGES]);
    await copyRecords(runner, FILL_OLD_RECORDS, (row) => ({
      ...row,
      body:
        row.body === null ? null : JSON.stringify(recordOf(row.kind, row.key, row.day, JSON.parse(`[${row.body}]`))),
      document_id: row.document_id || row.key,
    }));
    await copyChanges(runner, FILL_OLD_CHANGES);
    await inTurn(runner, [...swapped("records", ["pkey", "day"]), ...swapped("changes", ["pkey", "at"]), ...CLOSE]);
    await runner.query("DROP FUNCTION record_id(uuid, text, text, text)");
  }
}

async function inTurn(runner: QueryRunner, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await runner.query(sql);
}

/** The new table in the place of the old, with the names of its indexes, and closed as it was. */
function swapped(table: string, indexes: readonly string[]): string[] {
  return [
    `DROP TABLE ${table}`,
    `ALTER TABLE ${table}_new RENAME TO ${table}`,
    ...indexes.map((index) => `ALTER INDEX ${table}_new_${index} RENAME TO ${table}_${index}`),
    personalPolicy(table),
  ];
}

// One account is one statement: on no matter how large a database none takes longer than a statement may.
async function copyRecords(runner: QueryRunner, fill: string, written: (row: Row) => Row): Promise<void> {
  const accounts: { person_id: string; account_id: string }[] = await runner.query(ACCOUNTS);
  for (const { person_id, account_id } of accounts) {
    const rows = ((await runner.query(ROWS, [person_id, account_id])) as Row[]).map(written);
    if (rows.length === 0) continue;
    const columns = ["endpoint", "kind", "key", "day", "body", "document_id", "mapper_version", "started"] as const;
    await runner.query(fill, [person_id, account_id, ...columns.map((column) => rows.map((row) => row[column]))]);
  }
}

async function copyChanges(runner: QueryRunner, fill: string): Promise<void> {
  const people: { id: string }[] = await runner.query(PERSONS);
  for (const { id } of people) await runner.query(fill, [id]);
}
