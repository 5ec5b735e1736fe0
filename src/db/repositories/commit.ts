import { createHash } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { ChangedRecord } from "../../domain/changes";
import { contains } from "../../domain/days";
import { AccountFenced } from "../../domain/errors";
import type { Several } from "../../domain/gathered";
import type { Committed, Fetched } from "../../services/ports/records";
import type { PersonVault } from "../../services/ports/vault";
import { allOf, prepared, sent } from "../prepared";
import { DOCUMENT_ID, recordText } from "../record-text";
import { changedDays, riseAndTell } from "./changes";
import { cover, noteOutcome } from "./commit-outcome";
import { forgetDependents, sessionsOf } from "./dependents";

/** Seconds for which documents that could not be read are kept. */
export const UNREAD_KEPT_SECONDS = 7 * 86_400;

const FENCE = {
  name: "commit: fence",
  text: `SELECT FROM accounts WHERE person_id = $1 AND id = $2 AND status = 'ACTIVE' AND grant_number = $3 FOR SHARE`,
};
const HOLD_LEASE = {
  name: "commit: lease",
  text: `SELECT FROM flights WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND owner = $4 FOR UPDATE`,
};

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

const FORGET_RAW = `
DELETE FROM raw_documents d WHERE d.person_id = $1 AND d.account_id = $2 AND d.endpoint = $3 AND d.document_id = ANY ($4)
  AND NOT EXISTS (SELECT FROM records r WHERE r.person_id = $1 AND r.account_id = $2 AND r.endpoint = $3
    AND ${DOCUMENT_ID} = d.document_id AND r.body IS NOT NULL)`;

const KNOWN_HASHES = {
  name: "commit: hashes",
  text: `
SELECT document_id, encode(content_hash, 'hex') AS hash FROM raw_documents
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND document_id = ANY ($4)`,
};

const PUT_RAW = {
  name: "commit: raw",
  text: `
INSERT INTO raw_documents (person_id, account_id, endpoint, document_id, content_hash, sealed_body, fetched_at)
SELECT $1, $2, $3, n.id, decode(n.hash, 'hex'), decode(n.sealed, 'base64'), to_timestamp($5::float8)
FROM jsonb_to_recordset($4::jsonb) AS n(id text, hash text, sealed text)
ON CONFLICT (person_id, account_id, endpoint, document_id) DO UPDATE SET
  content_hash = excluded.content_hash, sealed_body = excluded.sealed_body, fetched_at = excluded.fetched_at`,
};

type Buried = Pick<ChangedRecord, "kind" | "was"> & { readonly document_id: string };

/** What was written of an answer. */
interface Kept {
  readonly fetched: Fetched;
  readonly outcome: Omit<Committed, "version">;
  readonly records: readonly ChangedRecord[];
  /** Other days than before have documents that could not be read. */
  readonly unreadChanged: boolean;
}

/**
 * Writes whole answers for one linking of an account inside the caller's transaction; throws {@link AccountFenced} where one of them
 * may not be kept any more.
 */
export async function commitFetched(
  tx: EntityManager,
  answers: Several<Fetched>,
  vault: PersonVault,
): Promise<readonly Committed[]> {
  const kept = await allOf(answers.map((fetched) => keep(tx, fetched, vault)));
  const noted = kept.flatMap(({ fetched, outcome }) => [
    cover(tx, fetched, outcome),
    noteOutcome(tx, fetched, outcome),
  ]);
  // The person last: until the commit nobody else's comes in between.
  const [version] = await allOf([riseIf(tx, answers[0], kept), allOf(noted)]);
  return kept.map(({ outcome }) => ({ version, ...outcome }));
}

async function keep(tx: EntityManager, fetched: Fetched, vault: PersonVault): Promise<Kept> {
  const { personId, accountId, endpoint, asked, startedAt } = fetched;
  const place = [personId, accountId, endpoint];
  const [, before, hashes, unreadBefore] = await allOf([
    fence(tx, fetched),
    sessionsOf(tx, fetched),
    knownHashes(tx, fetched),
    unreadDays(tx, fetched),
  ]);
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
  const records = JSON.stringify([...byKey.values()]);
  const [written, buried] = await allOf([
    prepared<ChangedRecord>(tx, UPSERT, [...place, records, fetched.mapperVersion, startedAt, asked.start, asked.end]),
    bury(tx, fetched),
    keepRaw(tx, fetched, hashes, vault),
  ]);
  await forgetRaw(tx, fetched, buried);
  await forgetDependents(tx, fetched, before);
  const unreadChanged = await keepUnread(tx, fetched, unreadBefore, vault);
  const created = written.filter(({ was }) => was === null).length;
  const outcome = { created, changed: written.length, deleted: buried.length };
  const gone = buried.map(({ kind, was }) => ({ kind, was, day: null }));
  return { fetched, outcome, records: [...written, ...gone], unreadChanged };
}

async function fence(tx: EntityManager, fetched: Fetched): Promise<void> {
  const { personId, accountId, endpoint, grantNumber, leaseOwner } = fetched;
  const [account, lease] = await allOf([
    prepared(tx, FENCE, [personId, accountId, grantNumber]),
    prepared(tx, HOLD_LEASE, [personId, accountId, endpoint, leaseOwner]),
  ]);
  if (account.length === 0) throw new AccountFenced("the account was unlinked, relinked or erased during the fetch");
  if (lease.length === 0) throw new AccountFenced("the lease on this endpoint was lost during the fetch");
}

/** What the answer leaves out of the asked days is deleted at the provider, unless it may be a document that could not be read. */
async function bury(tx: EntityManager, fetched: Fetched): Promise<readonly Buried[]> {
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

async function forgetRaw(
  tx: EntityManager,
  { personId, accountId, endpoint }: Fetched,
  buried: readonly Buried[],
): Promise<void> {
  const documents = [...new Set(buried.map((row) => row.document_id))];
  if (documents.length > 0) await tx.query(FORGET_RAW, [personId, accountId, endpoint, documents]);
}

/** The hashes of the documents that are kept already, by id. */
async function knownHashes(tx: EntityManager, fetched: Fetched): Promise<ReadonlyMap<string, string>> {
  const { personId, accountId, endpoint, documents } = fetched;
  if (documents.length === 0) return new Map();
  const asked = [personId, accountId, endpoint, documents.map((one) => one.id)];
  const known = await prepared<{ document_id: string; hash: string }>(tx, KNOWN_HASHES, asked);
  return new Map(known.map((row) => [row.document_id, row.hash]));
}

async function keepRaw(
  tx: EntityManager,
  fetched: Fetched,
  hashes: ReadonlyMap<string, string>,
  vault: PersonVault,
): Promise<void> {
  const { personId, accountId, endpoint, provider, asked, startedAt } = fetched;
  const place = [personId, accountId, endpoint];
  await sent();
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
  if (fresh.length > 0) await prepared(tx, PUT_RAW, [...place, JSON.stringify(fresh), startedAt]);
}

const UNREAD_DAYS = {
  name: "commit: unread days",
  text: `
SELECT coalesce(range_agg(days) * datemultirange(daterange($4, $5, '[]')), '{}')::text AS days FROM set_aside_documents
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND expires_at > now()`,
};
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
async function keepUnread(
  tx: EntityManager,
  fetched: Fetched,
  before: string | undefined,
  vault: PersonVault,
): Promise<boolean> {
  const { personId, accountId, endpoint, provider, asked } = fetched;
  const place = [personId, accountId, endpoint];
  if (before === "{}" && fetched.unread.length === 0) return false;
  await tx.query(CLEAR_UNREAD, [...place, asked.start, asked.end]);
  for (const { raw, path, problem, days } of fetched.unread) {
    const body = Buffer.from(JSON.stringify(raw) ?? "null");
    const hash = hashOf(body);
    const row = `${accountId}/${endpoint}/${hash}`;
    const sealed = vault.seal({ table: "set_aside_documents", column: "sealed_body", row, provider }, body);
    await tx.query(PUT_UNREAD, [...place, Buffer.from(hash, "hex"), days, path, problem, sealed]);
  }
  return (await unreadDays(tx, fetched)) !== before;
}

async function unreadDays(tx: EntityManager, fetched: Fetched): Promise<string | undefined> {
  const { personId, accountId, endpoint, asked } = fetched;
  const place = [personId, accountId, endpoint, asked.start, asked.end];
  return (await prepared<{ days: string }>(tx, UNREAD_DAYS, place))[0]?.days;
}

const PERSON = {
  name: "commit: person",
  text: `
SELECT data_version::text AS version, utc_offset_minutes AS offset_minutes, extract(epoch FROM utc_offset_seen_at)::float8 AS seen_at
FROM people WHERE id = $1`,
};
const HELD_PERSON = { name: "commit: person held", text: `${PERSON.text} FOR NO KEY UPDATE` };

interface PersonRow {
  readonly version: string;
  readonly offset_minutes: number | null;
  readonly seen_at: number | null;
}

/**
 * The data version rises, and what changed is told, in the last statement of a transaction that changes what the person can read.
 * The person's row is held before what is there is counted: two endpoints that bring a day its first record at the same moment make one day.
 */
async function riseIf(tx: EntityManager, fetched: Fetched, kept: readonly Kept[]): Promise<string> {
  const { personId } = fetched;
  const records = kept.flatMap((one) => one.records);
  const offset = kept
    .map((one) => one.fetched.offset)
    .reduce((one, other) => ((other?.seenAt ?? 0) > (one?.seenAt ?? 0) ? other : one));
  const [[person], entries] = await allOf([
    prepared<PersonRow>(tx, records.length > 0 ? HELD_PERSON : PERSON, [personId]),
    changedDays(tx, fetched, records),
  ]);
  if (!person) throw new AccountFenced("the person was erased during the fetch");
  const moved = offset !== null && offset.minutes !== person.offset_minutes && offset.seenAt >= (person.seen_at ?? 0);
  if (records.length === 0 && !moved && !kept.some((one) => one.unreadChanged)) return person.version;
  return (await riseAndTell(tx, { ...fetched, entries }, offset)) ?? person.version;
}

/** SHA-256 in hexadecimal. */
export function hashOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}
