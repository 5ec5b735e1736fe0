import type { EntityManager } from "typeorm";
import { packRecord } from "../../domain/packing";
import type { StoredRecord, WearableRecord } from "../../domain/records";
import type { Fetched } from "../../services/ports/records";
import { prepared } from "../prepared";

const KEPT_LONG = {
  name: "commit: long bodies",
  text: `
SELECT kind, key FROM records
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND (kind, key) IN (SELECT * FROM unnest($4::text[], $5::text[]))
  AND jsonb_typeof(coalesce(body -> 'samples', body -> 'stages', body -> 'contributors')) = 'array'
  AND coalesce(body -> 'samples', body -> 'stages', body -> 'contributors') <> '[]'`,
};

/**
 * How each record of an answer is written: with its list as compact text, except where its row was written with the list item by
 * item. That row is compared in its own form, so that the form alone is never taken for a change of what it says.
 */
export async function bodies(
  tx: EntityManager,
  { personId, accountId, endpoint, documents }: Fetched,
): Promise<(record: WearableRecord) => StoredRecord> {
  const packed = new Map<WearableRecord, StoredRecord>();
  for (const record of documents.flatMap(({ records }) => records)) {
    const stored = packRecord(record);
    if (stored !== record) packed.set(record, stored);
  }
  if (packed.size === 0) return (record) => record;
  const records = [...packed.keys()];
  const rows = await prepared<Pick<WearableRecord, "kind" | "key">>(tx, KEPT_LONG, [
    ...[personId, accountId, endpoint],
    records.map(({ kind }) => kind),
    records.map(({ key }) => key),
  ]);
  const long = new Set(rows.map(({ kind, key }) => `${kind} ${key}`));
  return (record) => (long.has(`${record.kind} ${record.key}`) ? record : (packed.get(record) ?? record));
}
