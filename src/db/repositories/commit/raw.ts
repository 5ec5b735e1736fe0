import type { EntityManager } from "typeorm";
import { contains } from "../../../domain/days";
import type { Fetched, FetchedDocument } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { prepared, underWay } from "../../prepared";
import { DOCUMENT_ID } from "../../record-text";
import { type Answers, endpointsOf, placeOf } from "./answers";
import { hashOf } from "./content-hash";
import type { Buried } from "./records";

const FORGET_RAW = `
DELETE FROM raw_documents d WHERE d.person_id = $1 AND d.account_id = $2 AND d.endpoint = $3 AND d.document_id = ANY ($4)
  AND NOT EXISTS (SELECT FROM records r WHERE r.person_id = $1 AND r.account_id = $2 AND r.endpoint = $3
    AND ${DOCUMENT_ID} = d.document_id AND r.body IS NOT NULL)`;

const KNOWN_HASHES = {
  name: "commit: hashes",
  text: `
SELECT d.endpoint, d.document_id, encode(d.content_hash, 'hex') AS hash
FROM unnest($3::text[], $4::text[]) AS n(endpoint, id)
JOIN raw_documents d ON d.person_id = $1 AND d.account_id = $2 AND d.endpoint = n.endpoint AND d.document_id = n.id`,
};

const PUT_RAW = {
  name: "commit: raw",
  text: `
INSERT INTO raw_documents (person_id, account_id, endpoint, document_id, content_hash, sealed_body, fetched_at)
SELECT $1, $2, n.endpoint, n.id, decode(n.hash, 'hex'), decode(n.sealed, 'base64'),
  to_timestamp(($5::float8[])[array_position($4::text[], n.endpoint)])
FROM jsonb_to_recordset($3::jsonb) AS n(endpoint text, id text, hash text, sealed text)
ON CONFLICT (person_id, account_id, endpoint, document_id) DO UPDATE SET
  content_hash = excluded.content_hash, sealed_body = excluded.sealed_body, fetched_at = excluded.fetched_at`,
};

/** Forgets the documents of which no record is left. */
export async function forgetRaw(tx: EntityManager, answers: Answers, buried: readonly Buried[]): Promise<void> {
  for (const endpoint of new Set(buried.map((row) => row.endpoint))) {
    const documents = new Set(buried.filter((row) => row.endpoint === endpoint).map((row) => row.document_id));
    await tx.query(FORGET_RAW, [...placeOf(answers), endpoint, [...documents]]);
  }
}

/** The hashes of documents that are kept already, by id, of each endpoint. */
type Hashes = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What is kept already of the documents of answers. */
export async function knownHashes(tx: EntityManager, answers: Answers): Promise<Hashes> {
  const asked = answers.flatMap(({ endpoint, documents }) => documents.map(({ id }) => ({ endpoint, id })));
  const places = [asked.map(({ endpoint }) => endpoint), asked.map(({ id }) => id)];
  const known = asked.length === 0 ? [] : await prepared<KnownHash>(tx, KNOWN_HASHES, [...placeOf(answers), ...places]);
  const byEndpoint = new Map(answers.map(({ endpoint }) => [endpoint, new Map<string, string>()]));
  for (const { endpoint, document_id, hash } of known) byEndpoint.get(endpoint)?.set(document_id, hash);
  return byEndpoint;
}

interface KnownHash {
  readonly endpoint: string;
  readonly document_id: string;
  readonly hash: string;
}

/** A document as it is kept. */
interface SealedDocument {
  readonly endpoint: string;
  readonly id: string;
  /** SHA-256 of its text, in hexadecimal. */
  readonly hash: string;
  /** In base64. */
  readonly sealed: string;
}

/** Documents that are sealed before anything else has its turn. */
const SEALED_AT_ONCE = 64;

/** Seals the documents that are to be kept and not the same as those kept already, by the hashes of these. */
export async function sealChanged(
  answers: Answers,
  hashes: Hashes,
  vault: PersonVault,
): Promise<readonly SealedDocument[]> {
  const changed: SealedDocument[] = [];
  for (const fetched of answers) {
    const { accountId, endpoint, provider } = fetched;
    const known = hashes.get(endpoint);
    for (const [index, document] of fetched.documents.entries()) {
      if (index % SEALED_AT_ONCE === 0) await underWay();
      const { id, raw } = document;
      // One that is kept already may have moved out of the days asked for: its record was moved as well.
      if (!known?.has(id) && !isOfItsDays(fetched, document)) continue;
      const body = Buffer.from(raw);
      const hash = hashOf(body);
      if (known?.get(id) === hash) continue;
      const row = `${accountId}/${endpoint}/${id}`;
      const sealed = vault.seal({ table: "raw_documents", column: "sealed_body", row, provider }, body);
      changed.push({ endpoint, id, hash, sealed: sealed.toString("base64") });
    }
  }
  return changed;
}

function isOfItsDays({ asked }: Fetched, { records }: FetchedDocument): boolean {
  return records.length === 0 || records.some(({ day }) => contains(asked, day));
}

/** Keeps sealed documents in place of those that were kept before. */
export async function putRaw(tx: EntityManager, answers: Answers, documents: readonly SealedDocument[]): Promise<void> {
  if (documents.length === 0) return;
  const starts = answers.map(({ startedAt }) => startedAt);
  await prepared(tx, PUT_RAW, [...placeOf(answers), JSON.stringify(documents), endpointsOf(answers), starts]);
}
