import { hash } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../../domain/changes";
import { type CivilDay, contains } from "../../../domain/days";
import type { WearableRecord } from "../../../domain/records";
import type { Fetched } from "../../../services/ports/records";
import { allOf, type PreparedStatement, prepared } from "../../prepared";
import { DOCUMENT_ID, recordText } from "../../record-text";
import { type Answers, endpointsOf, placeOf } from "./answers";

const STORED = {
  name: "commit: stored",
  text: `
SELECT id, CASE WHEN body IS NOT NULL THEN day::text END AS was FROM records WHERE person_id = $1 AND id = ANY ($2::uuid[])`,
};

const INSERT = {
  name: "commit: records",
  text: `
INSERT INTO records (person_id, account_id, endpoint, kind, key, day, body, document_id, mapper_version, fetch_started_at)
SELECT $1, $6, n.endpoint, n.kind, n.key, n.day, n.body, n.document, $5, to_timestamp(($4::float8[])[array_position($3::text[], n.endpoint)])
FROM jsonb_to_recordset($2::jsonb) AS n(endpoint text, kind text, key text, day date, document text, body text)`,
};

const REVISE = {
  name: "commit: revised",
  text: `
WITH n AS MATERIALIZED (
  SELECT n.*, to_timestamp(($4::float8[])[array_position($3::text[], n.endpoint)]) AS started_at
  FROM jsonb_to_recordset($2::jsonb) AS n(endpoint text, id uuid, day date, document text, body text))
UPDATE records old
SET day = n.day, body = n.body, document_id = n.document, mapper_version = $5, fetch_started_at = n.started_at
FROM n WHERE old.person_id = $1 AND old.id = n.id AND old.fetch_started_at < n.started_at
  AND (old.body IS DISTINCT FROM n.body OR old.day <> n.day OR old.mapper_version <> $5)
RETURNING old.id`,
};

// All the days together once more, by which the index is searched: a plan for whatever values would read the account's whole history.
const BURY = {
  name: "commit: gone",
  text: `
UPDATE records r SET body = NULL, fetch_started_at = to_timestamp(a.started_at)
FROM unnest($3::text[], $4::float8[], $5::date[], $6::date[]) AS a (endpoint, started_at, first, last)
WHERE r.person_id = $1 AND r.account_id = $2 AND r.endpoint = a.endpoint
  AND r.day BETWEEN a.first AND a.last AND r.day BETWEEN (SELECT min(d) FROM unnest($5::date[]) AS d) AND (SELECT max(d) FROM unnest($6::date[]) AS d)
  AND r.body IS NOT NULL AND r.fetch_started_at < to_timestamp(a.started_at) AND r.id <> ALL ($7::uuid[])
  AND (r.endpoint, r.day) NOT IN (SELECT * FROM unnest($8::text[], $9::date[]))
RETURNING r.endpoint, r.kind, r.day::text AS was, ${DOCUMENT_ID} AS document_id`,
};

/** A record that was written. */
export type Written = ChangedRecord & { readonly endpoint: string };

/** A record that is no more. */
export type Buried = Pick<ChangedRecord, "kind" | "was"> & { readonly endpoint: string; readonly document_id: string };

/** A record of an answer. */
export interface NewRecord {
  readonly of: Fetched;
  /** Of its row. */
  readonly id: string;
  readonly document: string;
  readonly record: WearableRecord;
}

/** A record of an answer, and its row in JSON. */
interface NewRow extends NewRecord {
  readonly row: string;
}

/** The records of answers, once each: of several under one key the last counts. */
export function recordsOf(answers: Answers): readonly NewRecord[] {
  const byId = new Map<string, NewRecord>();
  for (const of of answers) {
    for (const { id: document, records } of of.documents) {
      for (const record of records) {
        const id = recordId(of.accountId, of.endpoint, record);
        byId.set(id, { of, id, document, record });
      }
    }
  }
  return [...byId.values()];
}

/** The rows of records. */
export function rowsOf(records: readonly NewRecord[]): readonly NewRow[] {
  return records.map((one) => {
    const { id, of, document, record } = one;
    const { kind, key, day } = record;
    const values = { kind, key, day, document: document === key ? "" : document, body: recordText(record) };
    return { ...one, row: JSON.stringify({ id, endpoint: of.endpoint, ...values }) };
  });
}

/** The id of a record's row as PostgreSQL generates it (`record_id`). */
export function recordId(accountId: string, endpoint: string, { kind, key }: WearableRecord): string {
  const hex = hash("sha256", `${accountId}\n${endpoint}\n${kind}\n${key}`);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/** Days of records by the ids of their rows, null where one is deleted. */
type StoredDays = ReadonlyMap<string, CivilDay | null>;

/** Those of the records that have a row. Nobody else writes one while the leases are held. */
export async function storedOf(
  tx: EntityManager,
  [{ personId }]: Answers,
  records: readonly NewRecord[],
): Promise<StoredDays> {
  const ids = records.map(({ id }) => id);
  const rows =
    ids.length === 0 ? [] : await prepared<{ id: string; was: CivilDay | null }>(tx, STORED, [personId, ids]);
  return new Map(rows.map(({ id, was }) => [id, was]));
}

/**
 * Writes records that are stored already, where they are otherwise now, and those that are not; those that were written, with their days
 * before and now. What lies outside the days asked for is kept only where a revision moved it there: the day itself was not asked whole.
 */
export async function putRecords(
  tx: EntityManager,
  answers: Answers,
  rows: readonly NewRow[],
  stored: StoredDays,
): Promise<readonly Written[]> {
  const [personId, accountId] = placeOf(answers);
  const starts = answers.map(({ startedAt }) => startedAt);
  const write = (statement: PreparedStatement, chosen: readonly NewRow[], ...more: readonly string[]) => {
    const texts = `[${chosen.map(({ row }) => row)}]`;
    const values = [personId, texts, endpointsOf(answers), starts, answers[0].mapperVersion, ...more];
    return chosen.length === 0 ? null : prepared<{ id: string }>(tx, statement, values);
  };
  const created = rows.filter(({ of, id, record }) => !stored.has(id) && contains(of.asked, record.day));
  const known = rows.filter(({ id }) => stored.has(id));
  const [revised] = await allOf([write(REVISE, known), write(INSERT, created, accountId)]);
  const ids = new Set(revised?.map(({ id }) => id));
  return [...created, ...known.filter(({ id }) => ids.has(id))].map(
    ({ of: { endpoint }, id, record: { kind, day } }) => {
      return { endpoint, kind, day, was: stored.get(id) ?? null };
    },
  );
}

/** What answers leave out of the days asked for is deleted at the provider, unless it may be a document that could not be read. */
export async function bury(
  tx: EntityManager,
  answers: Answers,
  records: readonly NewRecord[],
): Promise<readonly Buried[]> {
  const whole = answers.filter(({ unread }) => unread.every((one) => one.dayTold));
  const unread = whole.flatMap(({ endpoint, unread }) =>
    unread.flatMap(({ days }) => days.map((day) => [endpoint, day] as const)),
  );
  if (whole.length === 0) return [];
  return prepared<Buried>(tx, BURY, [
    ...placeOf(answers),
    ...[whole.map(({ endpoint }) => endpoint), whole.map(({ startedAt }) => startedAt)],
    ...[whole.map(({ asked }) => asked.start), whole.map(({ asked }) => asked.end)],
    records.map(({ id }) => id),
    ...[unread.map(([endpoint]) => endpoint), unread.map(([, day]) => day)],
  ]);
}
