import type { EntityManager } from "typeorm";
import type { ChangedRecord, ChangeOrigin, ChangeType, DayChange, LiveCount } from "../../domain/changes";
import { dayChanges, touchedDays } from "../../domain/changes";
import type { CivilDay } from "../../domain/days";
import type { Metric } from "../../domain/metrics";
import type { Fetched } from "../../services/ports/records";
import { allOf, prepared } from "../prepared";
import { askForAnnouncement } from "./announcements";

/** What a transaction tells of one provider's data; entries without metric and day: all of it. `accountId` is null where they have none. */
export interface Telling {
  readonly personId: string;
  readonly provider: string;
  readonly accountId: string | null;
  readonly origin: ChangeOrigin;
  readonly entries: readonly {
    readonly metric: Metric | null;
    readonly day: CivilDay | null;
    readonly type: ChangeType;
  }[];
}

const LIVE = {
  name: "commit: live",
  text: `
SELECT kind, day::text AS day, count(*)::int AS count FROM records
WHERE person_id = $1 AND account_id = $2 AND day = ANY ($3::date[]) AND body IS NOT NULL GROUP BY kind, day`,
};

const RISE_AND_TELL = {
  name: "commit: rise",
  text: `
WITH risen AS (
  UPDATE people SET data_version = data_version + 1,
    utc_offset_minutes = CASE WHEN $2::int IS NOT NULL AND ($3::float8 >= extract(epoch FROM utc_offset_seen_at) OR utc_offset_seen_at IS NULL)
      THEN $2::int ELSE utc_offset_minutes END,
    utc_offset_seen_at = greatest(utc_offset_seen_at, to_timestamp($3::float8))
  WHERE id = $1 RETURNING data_version, clock_timestamp() AS at),
told AS (
  INSERT INTO changes (person_id, version, at, provider, account_id, origin, metrics, days, types)
  SELECT $1, risen.data_version, risen.at, $4, $5, $6, $7, $8, $9 FROM risen WHERE cardinality($7::text[]) > 0)
SELECT data_version::text AS version FROM risen`,
};

/** What changed by day and metric. The caller holds the person's row, so that no other commit comes between this look and its own. */
export async function changedDays(
  tx: EntityManager,
  { personId, accountId }: Pick<Fetched, "personId" | "accountId">,
  records: readonly ChangedRecord[],
): Promise<readonly DayChange[]> {
  if (records.length === 0) return [];
  const live = await prepared<LiveCount>(tx, LIVE, [personId, accountId, touchedDays(records)]);
  return dayChanges(records, live);
}

/**
 * Raises the person's data version and writes what changed under it, at the end of its transaction: the person's row is held
 * from here to the commit, so that versions appear in their order and whoever has read up to one has missed nothing. Answers the new
 * version; null where the person is gone. `offset`: the wearer's, where it was seen.
 */
export async function riseAndTell(
  tx: EntityManager,
  { personId, provider, accountId, origin, entries }: Telling,
  offset: Fetched["offset"] = null,
): Promise<string | null> {
  const rising = prepared<{ version: string }>(tx, RISE_AND_TELL, [
    personId,
    offset?.minutes ?? null,
    offset?.seenAt ?? null,
    provider,
    accountId,
    origin,
    entries.map(({ metric }) => metric),
    entries.map(({ day }) => day),
    entries.map(({ type }) => type),
  ]);
  const [[risen]] = await allOf([rising, entries.length > 0 ? askForAnnouncement(tx, personId) : null]);
  return risen?.version ?? null;
}
