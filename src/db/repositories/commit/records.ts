import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../../domain/changes";
import type { Fetched } from "../../../services/ports/records";
import { prepared } from "../../prepared";
import { DOCUMENT_ID, recordText } from "../../record-text";

// A record outside the asked days is kept only where a revision moved it there; the day itself was not asked whole.
const UPSERT = {
  name: "commit: records",
  text: `
WITH n AS MATERIALIZED (
  SELECT n.*, r.id IS NOT NULL AS stored, CASE WHEN r.body IS NOT NULL THEN r.day END AS was
  FROM jsonb_to_recordset($4::jsonb) AS n(kind text, key text, day date, document text, body text)
  LEFT JOIN records r ON r.person_id = $1 AND r.id = record_id($2, $3, n.kind, n.key)),
written AS (
  INSERT INTO records AS old (person_id, account_id, endpoint, kind, key, day, body, document_id, mapper_version, fetch_started_at)
  SELECT $1, $2, $3, n.kind, n.key, n.day, n.body, n.document, $5, to_timestamp($6::float8)
  FROM n WHERE n.day BETWEEN $7 AND $8 OR n.stored
  ON CONFLICT (person_id, id) DO UPDATE SET
    day = excluded.day, body = excluded.body, document_id = excluded.document_id, mapper_version = excluded.mapper_version,
    fetch_started_at = excluded.fetch_started_at
  WHERE old.fetch_started_at < excluded.fetch_started_at
    AND (old.body IS DISTINCT FROM excluded.body OR old.day <> excluded.day OR old.mapper_version <> excluded.mapper_version)
  RETURNING kind, key, day)
SELECT kind, written.day::text AS day, n.was::text AS was FROM written JOIN n USING (kind, key)`,
};

const BURY = {
  name: "commit: gone",
  text: `
UPDATE records r SET body = NULL, fetch_started_at = to_timestamp($5::float8)
WHERE r.person_id = $1 AND r.account_id = $2 AND r.endpoint = $3 AND r.day BETWEEN $6 AND $7
  AND r.body IS NOT NULL AND r.fetch_started_at < to_timestamp($5::float8)
  AND (r.kind, r.key) NOT IN (SELECT * FROM unnest($4::text[], $8::text[])) AND r.day <> ALL ($9::date[])
RETURNING r.kind, r.day::text AS was, ${DOCUMENT_ID} AS document_id`,
};

/** A record that is no more. */
export type Buried = Pick<ChangedRecord, "kind" | "was"> & { readonly document_id: string };

/** The records of an answer as rows, in JSON. */
export function rowsOf({ documents }: Fetched): string {
  const rows = documents.flatMap(({ id, records }) =>
    records.map((record) => ({
      kind: record.kind,
      key: record.key,
      day: record.day,
      document: id === record.key ? "" : id,
      body: recordText(record),
    })),
  );
  // One statement can write a row only once.
  const byKey = new Map(rows.map((row) => [`${row.kind} ${row.key}`, row]));
  return JSON.stringify([...byKey.values()]);
}

/** Writes the records of an answer that are of its days, or stored already; those that were written, with their days before and now. */
export function putRecords(tx: EntityManager, fetched: Fetched, rows: string): Promise<ChangedRecord[]> {
  const { personId, accountId, endpoint, asked, startedAt, mapperVersion } = fetched;
  const values = [personId, accountId, endpoint, rows, mapperVersion, startedAt, asked.start, asked.end];
  return prepared<ChangedRecord>(tx, UPSERT, values);
}

/** What the answer leaves out of the asked days is deleted at the provider, unless it may be a document that could not be read. */
export async function bury(tx: EntityManager, fetched: Fetched): Promise<readonly Buried[]> {
  if (fetched.unread.some((one) => !one.dayTold)) return [];
  const { personId, accountId, endpoint, asked, startedAt } = fetched;
  const present = fetched.documents.flatMap((document) => document.records);
  return prepared<Buried>(tx, BURY, [
    personId,
    accountId,
    endpoint,
    present.map((record) => record.kind),
    startedAt,
    asked.start,
    asked.end,
    present.map((record) => record.key),
    fetched.unread.flatMap((one) => one.days),
  ]);
}
