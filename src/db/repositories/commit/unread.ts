import type { EntityManager } from "typeorm";
import type { Fetched } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { prepared } from "../../prepared";
import { hashOf } from "./content-hash";

/** Seconds for which documents that could not be read are kept. */
export const UNREAD_KEPT_SECONDS = 7 * 86_400;

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
export async function keepUnread(
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
    const body = Buffer.from(raw);
    const hash = hashOf(body);
    const row = `${accountId}/${endpoint}/${hash}`;
    const sealed = vault.seal({ table: "set_aside_documents", column: "sealed_body", row, provider }, body);
    await tx.query(PUT_UNREAD, [...place, Buffer.from(hash, "hex"), days, path, problem, sealed]);
  }
  return (await unreadDays(tx, fetched)) !== before;
}

/** The days asked for that have documents which could not be read. */
export async function unreadDays(tx: EntityManager, fetched: Fetched): Promise<string | undefined> {
  const { personId, accountId, endpoint, asked } = fetched;
  const place = [personId, accountId, endpoint, asked.start, asked.end];
  return (await prepared<{ days: string }>(tx, UNREAD_DAYS, place))[0]?.days;
}
