import type { Change } from "../../domain/changes";
import { civilDay } from "../../domain/days";
import type { FeedRequest, FeedSource, FeedStretch } from "../../services/ports/changes";
import type { Database } from "../database";
import { AFTER, ENTRIES, ENTRY } from "./change-entries";
import { SharedReads } from "./shared-reads";

const STRETCH = `
SELECT p.data_version::text AS now, f.up_to_version::text AS forgotten_version, f.up_to_ordinal AS forgotten_ordinal, c.*
FROM people p
LEFT JOIN forgotten_changes f ON f.person_id = p.id
LEFT JOIN LATERAL (
  SELECT ${ENTRY} FROM changes c, ${ENTRIES}
  WHERE c.person_id = $1 AND ${AFTER} AND ($4::text[] IS NULL OR e.metric IS NULL OR e.metric = ANY ($4)) AND c.provider = ANY ($5)
  ORDER BY c.version, e.ordinal LIMIT $6) c ON true
WHERE p.id = $1`;

type Row = {
  now: string;
  forgotten_version: string | null;
  forgotten_ordinal: number | null;
} & ({ [K in keyof Change]: Change[K] } | { [K in keyof Change]: null });

/** Feeds in PostgreSQL. Equal requests that come together, as those of everyone who follows a person do, are one statement. */
export function createFeedSource(database: Database): FeedSource {
  const reads = new SharedReads<FeedStretch | null>();
  return (request) => reads.read(JSON.stringify(request), () => readStretch(database, request));
}

async function readStretch(database: Database, request: FeedRequest): Promise<FeedStretch | null> {
  const { personId, after, metrics, providers, limit } = request;
  const parameters = [personId, after?.version ?? "0", after?.ordinal ?? 0, metrics, providers, limit];
  const rows: Row[] = await database.person(personId, (tx) => tx.query(STRETCH, parameters));
  const [first] = rows;
  if (!first) return null;
  const { forgotten_version: version, forgotten_ordinal: ordinal } = first;
  return {
    entries: rows.flatMap((row) => (row.version === null ? [] : [entryOf(row)])).sort(inOrder),
    version: first.now,
    forgotten: version === null || ordinal === null ? null : { version, ordinal },
  };
}

function entryOf(row: Change): Change {
  const { version, ordinal, at, metric, provider, day, type, origin } = row;
  return { version, ordinal, at, metric, provider, day: day === null ? null : civilDay(day), type, origin };
}

function inOrder(a: Change, b: Change): number {
  const versions = BigInt(a.version) - BigInt(b.version);
  return versions === 0n ? a.ordinal - b.ordinal : versions < 0n ? -1 : 1;
}
