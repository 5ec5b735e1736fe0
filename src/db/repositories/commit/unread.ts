import type { EntityManager } from "typeorm";
import type { Fetched } from "../../../services/ports/records";
import type { PersonVault } from "../../../services/ports/vault";
import { prepared } from "../../prepared";
import { type Answers, endpointsOf, placeOf } from "./answers";
import { hashOf } from "./content-hash";

/** Seconds for which documents that could not be read are kept. */
export const UNREAD_KEPT_SECONDS = 7 * 86_400;

const UNREAD_DAYS = {
  name: "commit: unread days",
  text: `
SELECT s.endpoint, (range_agg(s.days) * datemultirange(daterange(a.first, a.last, '[]')))::text AS days
FROM unnest($3::text[], $4::date[], $5::date[]) AS a(endpoint, first, last)
JOIN set_aside_documents s ON s.person_id = $1 AND s.account_id = $2 AND s.endpoint = a.endpoint AND s.expires_at > now()
GROUP BY s.endpoint, a.first, a.last`,
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

/** The days asked for that have documents which could not be read, as a datemultirange, by endpoint; none where there are none. */
export type UnreadDays = ReadonlyMap<string, string>;

/** Keeps documents of an answer that could not be read, sealed; whether other days of those asked are unread than before. */
export async function keepUnread(
  tx: EntityManager,
  fetched: Fetched,
  before: UnreadDays,
  vault: PersonVault,
): Promise<boolean> {
  const { personId, accountId, endpoint, provider, asked } = fetched;
  const place = [personId, accountId, endpoint];
  if (!before.has(endpoint) && fetched.unread.length === 0) return false;
  await tx.query(CLEAR_UNREAD, [...place, asked.start, asked.end]);
  for (const { raw, path, problem, days } of fetched.unread) {
    const body = Buffer.from(raw);
    const hash = hashOf(body);
    const row = `${accountId}/${endpoint}/${hash}`;
    const sealed = vault.seal({ table: "set_aside_documents", column: "sealed_body", row, provider }, body);
    await tx.query(PUT_UNREAD, [...place, Buffer.from(hash, "hex"), days, path, problem, sealed]);
  }
  return (await unreadDays(tx, [fetched])).get(endpoint) !== before.get(endpoint);
}

/** The days of answers that have documents which could not be read. */
export async function unreadDays(tx: EntityManager, answers: Answers): Promise<UnreadDays> {
  const rows = await prepared<{ endpoint: string; days: string }>(tx, UNREAD_DAYS, [
    ...[...placeOf(answers), endpointsOf(answers)],
    ...[answers.map(({ asked }) => asked.start), answers.map(({ asked }) => asked.end)],
  ]);
  return new Map(rows.flatMap(({ endpoint, days }) => (days === "{}" ? [] : [[endpoint, days]])));
}
