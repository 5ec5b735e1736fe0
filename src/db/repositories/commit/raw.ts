import type { EntityManager } from "typeorm";
import { contains } from "../../../domain/days";
import type { Fetched } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { prepared, underWay } from "../../prepared";
import { DOCUMENT_ID } from "../../record-text";
import { hashOf } from "./content-hash";
import type { Buried } from "./records";

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

/** Forgets the documents of which no record is left. */
export async function forgetRaw(
  tx: EntityManager,
  { personId, accountId, endpoint }: Fetched,
  buried: readonly Buried[],
): Promise<void> {
  const documents = [...new Set(buried.map((row) => row.document_id))];
  if (documents.length > 0) await tx.query(FORGET_RAW, [personId, accountId, endpoint, documents]);
}

/** The hashes of the documents that are kept already, by id. */
export async function knownHashes(tx: EntityManager, fetched: Fetched): Promise<ReadonlyMap<string, string>> {
  const { personId, accountId, endpoint, documents } = fetched;
  if (documents.length === 0) return new Map();
  const asked = [personId, accountId, endpoint, documents.map((one) => one.id)];
  const known = await prepared<{ document_id: string; hash: string }>(tx, KNOWN_HASHES, asked);
  return new Map(known.map((row) => [row.document_id, row.hash]));
}

/** A document as it is kept. */
interface SealedDocument {
  readonly id: string;
  /** SHA-256 of its text, in hexadecimal. */
  readonly hash: string;
  /** In base64. */
  readonly sealed: string;
}

/** Documents that are sealed before anything else has its turn. */
const SEALED_AT_ONCE = 64;

/** Seals the documents that are to be kept and not the same as those kept already (`hashes`). */
export async function sealChanged(
  fetched: Fetched,
  hashes: ReadonlyMap<string, string>,
  vault: PersonVault,
): Promise<readonly SealedDocument[]> {
  const { accountId, endpoint, provider, asked } = fetched;
  // One that is kept already may have moved out of the days asked for: its record was moved as well.
  const wanted = fetched.documents.filter(
    ({ id, records }) =>
      hashes.has(id) || records.length === 0 || records.some((record) => contains(asked, record.day)),
  );
  const changed: SealedDocument[] = [];
  for (const [index, { id, raw }] of wanted.entries()) {
    if (index % SEALED_AT_ONCE === 0) await underWay();
    const body = Buffer.from(raw);
    const hash = hashOf(body);
    if (hashes.get(id) === hash) continue;
    const row = `${accountId}/${endpoint}/${id}`;
    const sealed = vault.seal({ table: "raw_documents", column: "sealed_body", row, provider }, body);
    changed.push({ id, hash, sealed: sealed.toString("base64") });
  }
  return changed;
}

/** Keeps sealed documents in place of those that were kept before. */
export async function putRaw(
  tx: EntityManager,
  { personId, accountId, endpoint, startedAt }: Fetched,
  documents: readonly SealedDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  await prepared(tx, PUT_RAW, [personId, accountId, endpoint, JSON.stringify(documents), startedAt]);
}
