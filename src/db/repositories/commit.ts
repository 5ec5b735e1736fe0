import { createHash } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../domain/changes";
import { contains, daysOf } from "../../domain/days";
import { AccountFenced } from "../../domain/errors";
import type { Committed, Fetched } from "../../services/ports/records";
import type { PersonVault } from "../../services/ports/vault";
import { DOCUMENT_ID, recordText } from "../record-text";
import { changedDays, riseAndTell } from "./changes";
import { noteOutcome } from "./commit-outcome";
import { forgetDependents, sessionsOf } from "./dependents";

/** Seconds for which documents that could not be read are kept. */
export const UNREAD_KEPT_SECONDS = 7 * 86_400;
const FETCHES_KEPT = "40 days";

const FENCE = `SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE' AND grant_number = $3 FOR SHARE`;
const HOLD_LEASE = `SELECT FROM flights WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND owner = $4 FOR UPDATE`;

// A record outside the asked days is kept only where a revision moved it there; the day itself was not asked whole.
const UPSERT = `
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
SELECT kind, written.day::text AS day, n.was::text AS was FROM written JOIN n USING (kind, key)`;

const BURY = `
UPDATE records r SET body = NULL, fetch_started_at = to_timestamp($5::float8)
WHERE r.person_id = $1 AND r.account_id = $2 AND r.endpoint = $3 AND r.day BETWEEN $6 AND $7
  AND r.body IS NOT NULL AND r.fetch_started_at < to_timestamp($5::float8)
  AND (r.kind, r.key) NOT IN (SELECT * FROM unnest($4::text[], $8::text[])) AND r.day <> ALL ($9::date[])
RETURNING r.kind, r.day::text AS was, ${DOCUMENT_ID} AS document_id`;

const FORGET_RAW = `
DELETE FROM raw_documents d WHERE d.person_id = $1 AND d.account_id = $2 AND d.endpoint = $3 AND d.document_id = ANY ($4)
  AND NOT EXISTS (SELECT FROM records r WHERE r.person_id = $1 AND r.account_id = $2 AND r.endpoint = $3
    AND ${DOCUMENT_ID} = d.document_id AND r.body IS NOT NULL)`;

const KNOWN_HASHES = `
SELECT document_id, encode(content_hash, 'hex') AS hash FROM raw_documents
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND document_id = ANY ($4)`;

const PUT_RAW = `
INSERT INTO raw_documents (person_id, account_id, endpoint, document_id, content_hash, sealed_body, fetched_at)
SELECT $1, $2, $3, n.id, decode(n.hash, 'hex'), decode(n.sealed, 'base64'), to_timestamp($5::float8)
FROM jsonb_to_recordset($4::jsonb) AS n(id text, hash text, sealed text)
ON CONFLICT (person_id, account_id, endpoint, document_id) DO UPDATE SET
  content_hash = excluded.content_hash, sealed_body = excluded.sealed_body, fetched_at = excluded.fetched_at`;

const SETTLE = `
WITH days AS (SELECT range_agg(daterange(d, d, '[]')) AS known FROM unnest($4::date[]) AS d),
gone AS (DELETE FROM coverage_days WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND day = ANY ($4::date[]))
INSERT INTO coverage_settled AS old (person_id, account_id, endpoint, known) SELECT $1, $2, $3, known FROM days WHERE known IS NOT NULL
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET known = old.known + excluded.known`;

const CHECKED = `
INSERT INTO coverage_days AS old (person_id, account_id, endpoint, day, checked_at)
SELECT $1, $2, $3, d, to_timestamp($5::float8) FROM unnest($4::date[]) AS d
ON CONFLICT (person_id, account_id, endpoint, day) DO UPDATE SET checked_at = greatest(old.checked_at, excluded.checked_at)`;

const LOG_FETCH = `
WITH old AS (DELETE FROM fetches WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND started_at < now() - interval '${FETCHES_KEPT}')
INSERT INTO fetches (person_id, account_id, endpoint, id, days, started_at, finished_at, changed, deleted, set_aside)
VALUES ($1, $2, $3, gen_random_uuid(), datemultirange(daterange($4, $5, '[]')), to_timestamp($6::float8), clock_timestamp(), $7, $8, $9)`;

/** Writes a whole answer inside the caller's transaction; throws {@link AccountFenced} where it may not be kept any more. */
export async function commitFetched(tx: EntityManager, fetched: Fetched, vault: PersonVault): Promise<Committed> {
  const { personId, accountId, endpoint, asked, startedAt } = fetched;
  const place = [personId, accountId, endpoint];
  await fence(tx, fetched);
  const rows = fetched.documents.flatMap(({ id, records }) =>
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
  const before = await sessionsOf(tx, fetched);
  const written: ChangedRecord[] = await tx.query(UPSERT, [
    ...place,
    JSON.stringify([...byKey.values()]),
    fetched.mapperVersion,
    startedAt,
    asked.start,
    asked.end,
  ]);
  const buried = await bury(tx, fetched);
  await forgetDependents(tx, fetched, before);
  await keepRaw(tx, fetched, vault);
  const unreadChanged = await keepUnread(tx, fetched, vault);
  const settled = new Set(fetched.settledDays);
  const unsettled = daysOf(asked).filter((day) => !settled.has(day));
  if (settled.size > 0) await tx.query(SETTLE, [...place, [...settled]]);
  if (unsettled.length > 0) await tx.query(CHECKED, [...place, unsettled, startedAt]);
  await tx.query(LOG_FETCH, [
    ...place,
    asked.start,
    asked.end,
    startedAt,
    written.length,
    buried.length,
    fetched.unread.length,
  ]);
  const created = written.filter(({ was }) => was === null).length;
  const outcome = { created, changed: written.length, deleted: buried.length };
  await noteOutcome(tx, fetched, outcome);
  const version = await riseIf(tx, fetched, [...written, ...buried], unreadChanged);
  return { version, ...outcome };
}

async function fence(tx: EntityManager, fetched: Fetched): Promise<void> {
  const { personId, accountId, endpoint, grantNumber, leaseOwner } = fetched;
  const account: unknown[] = await tx.query(FENCE, [personId, accountId, grantNumber]);
  if (account.length === 0) throw new AccountFenced("the account was unlinked, relinked or erased during the fetch");
  const lease: unknown[] = await tx.query(HOLD_LEASE, [personId, accountId, endpoint, leaseOwner]);
  if (lease.length === 0) throw new AccountFenced("the lease on this endpoint was lost during the fetch");
}

/** What the answer leaves out of the asked days is deleted at the provider, unless it may be a document that could not be read. */
async function bury(tx: EntityManager, fetched: Fetched): Promise<readonly ChangedRecord[]> {
  if (fetched.unread.some((one) => !one.dayTold)) return [];
  const { personId, accountId, endpoint, asked, startedAt } = fetched;
  const present = fetched.documents.flatMap((document) => document.records);
  const [buried]: [(Pick<ChangedRecord, "kind" | "was"> & { document_id: string })[], number] = await tx.query(BURY, [
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
  const documents = [...new Set(buried.map((row) => row.document_id))];
  if (documents.length > 0) await tx.query(FORGET_RAW, [personId, accountId, endpoint, documents]);
  return buried.map(({ kind, was }) => ({ kind, was, day: null }));
}

async function keepRaw(tx: EntityManager, fetched: Fetched, vault: PersonVault): Promise<void> {
  const { personId, accountId, endpoint, provider, asked, startedAt } = fetched;
  const place = [personId, accountId, endpoint];
  if (fetched.documents.length === 0) return;
  const known: { document_id: string; hash: string }[] = await tx.query(KNOWN_HASHES, [
    ...place,
    fetched.documents.map((one) => one.id),
  ]);
  const hashes = new Map(known.map((row) => [row.document_id, row.hash]));
  // One that is kept already may have moved out of the days asked for: its record was moved as well.
  const wanted = fetched.documents.filter(
    ({ id, records }) =>
      hashes.has(id) || records.length === 0 || records.some((record) => contains(asked, record.day)),
  );
  const fresh = wanted.flatMap(({ id, raw }) => {
    const body = Buffer.from(JSON.stringify(raw));
    const hash = hashOf(body);
    if (hashes.get(id) === hash) return [];
    const row = `${accountId}/${endpoint}/${id}`;
    const sealed = vault.seal({ table: "raw_documents", column: "sealed_body", row, provider }, body);
    return [{ id, hash, sealed: sealed.toString("base64") }];
  });
  if (fresh.length > 0) await tx.query(PUT_RAW, [...place, JSON.stringify(fresh), startedAt]);
}

const UNREAD_DAYS = `
SELECT coalesce(range_agg(days) * datemultirange(daterange($4, $5, '[]')), '{}')::text AS days FROM set_aside_documents
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND expires_at > now()`;
const CLEAR_UNREAD = `
UPDATE set_aside_documents SET days = days - datemultirange(daterange($4, $5, '[]'))
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND days && daterange($4, $5, '[]')`;
const PUT_UNREAD = `
INSERT INTO set_aside_documents AS old (person_id, account_id, endpoint, content_hash, days, path, problem, sealed_body, seen_at, expires_at)
VALUES ($1, $2, $3, $4, (SELECT coalesce(range_agg(daterange(d, d, '[]')), '{}') FROM unnest($5::date[]) AS d), $6, $7, $8,
  now(), now() + make_interval(secs => ${UNREAD_KEPT_SECONDS}))
ON CONFLICT (person_id, account_id, endpoint, content_hash) DO UPDATE SET
  days = old.days + excluded.days, expires_at = excluded.expires_at`;

/** Keeps documents that could not be read, sealed; whether other days of those asked are unread than before. */
async function keepUnread(tx: EntityManager, fetched: Fetched, vault: PersonVault): Promise<boolean> {
  const { personId, accountId, endpoint, provider, asked } = fetched;
  const place = [personId, accountId, endpoint];
  const unreadDays = async (): Promise<string | undefined> => {
    const rows: { days: string }[] = await tx.query(UNREAD_DAYS, [...place, asked.start, asked.end]);
    return rows[0]?.days;
  };
  const before = await unreadDays();
  if (before === "{}" && fetched.unread.length === 0) return false;
  await tx.query(CLEAR_UNREAD, [...place, asked.start, asked.end]);
  for (const { raw, path, problem, days } of fetched.unread) {
    const body = Buffer.from(JSON.stringify(raw) ?? "null");
    const hash = hashOf(body);
    const row = `${accountId}/${endpoint}/${hash}`;
    const sealed = vault.seal({ table: "set_aside_documents", column: "sealed_body", row, provider }, body);
    await tx.query(PUT_UNREAD, [...place, Buffer.from(hash, "hex"), days, path, problem, sealed]);
  }
  return (await unreadDays()) !== before;
}

const PERSON = `
SELECT data_version::text AS version, utc_offset_minutes AS offset_minutes, extract(epoch FROM utc_offset_seen_at)::float8 AS seen_at
FROM people WHERE id = $1`;

/**
 * The data version rises, and what changed is told, in the last statement of a transaction that changes what the person can read.
 * The person's row is held before what is there is counted: two endpoints that bring a day its first record at the same moment make one day.
 */
async function riseIf(
  tx: EntityManager,
  fetched: Fetched,
  records: readonly ChangedRecord[],
  unreadChanged: boolean,
): Promise<string> {
  const { personId, offset } = fetched;
  const people: { version: string; offset_minutes: number | null; seen_at: number | null }[] = await tx.query(
    records.length > 0 ? `${PERSON} FOR NO KEY UPDATE` : PERSON,
    [personId],
  );
  const [person] = people;
  if (!person) throw new AccountFenced("the person was erased during the fetch");
  const moved = offset !== null && offset.minutes !== person.offset_minutes && offset.seenAt >= (person.seen_at ?? 0);
  if (records.length === 0 && !unreadChanged && !moved) return person.version;
  const entries = await changedDays(tx, fetched, records);
  return (await riseAndTell(tx, { ...fetched, entries }, offset)) ?? person.version;
}

/** SHA-256 in hexadecimal. */
export function hashOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}
