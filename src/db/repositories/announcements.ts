import type { EntityManager } from "typeorm";
import type { Change, FeedPosition } from "../../domain/changes";
import { civilDay } from "../../domain/days";
import { dataChangedBodies } from "../../domain/webhook-events";
import type { Announcements } from "../../services/ports/outgoing";
import type { Database } from "../database";
import { prepared } from "../prepared";
import { AFTER, ENTRIES, ENTRY } from "./change-entries";
import { enqueue } from "./jobs";
import { listenersOf, post, wake } from "./webhook-events";

/** Writes the cursor behind an entry of a person's feed. */
export type CursorOf = (personId: string, position: FeedPosition) => string;

/** Changes that one transaction announces at most. */
const MOST_CHANGES = 2_000;

/** The first that anybody wants to know is the position before it; where nobody wants to any more, nothing is remembered. */
const ASK = {
  name: "announcement",
  text: `
WITH wanted AS (
  SELECT EXISTS (SELECT FROM webhook_endpoints WHERE application_id = current_application() AND disabled_at IS NULL
    AND (event_types IS NULL OR 'data.changed' = ANY (event_types))) AS by_any
), begun AS (
  INSERT INTO announcements (person_id, version, ordinal) SELECT $1, people.data_version, 0 FROM wanted, people WHERE by_any AND people.id = $1
  ON CONFLICT (person_id) DO NOTHING
), ended AS (
  DELETE FROM announcements WHERE person_id = $1 AND NOT (SELECT by_any FROM wanted)
)
SELECT by_any FROM wanted`,
};
const HOLD = "SELECT version::text, ordinal FROM announcements WHERE person_id = $1 FOR UPDATE";
const FORGET = "DELETE FROM announcements WHERE person_id = $1";
const ADVANCE = "UPDATE announcements SET version = $2, ordinal = $3 WHERE person_id = $1";
const PERSON = "SELECT external_id, extract(epoch FROM now())::float8 AS at FROM people WHERE id = $1";
const CHANGES = `
SELECT ${ENTRY} FROM changes c, ${ENTRIES} WHERE c.person_id = $1 AND ${AFTER}
ORDER BY c.version, e.ordinal LIMIT ${MOST_CHANGES}`;

/**
 * Asks, in the transaction that changed a person's data and after its version rose, for its announcement, where any endpoint wants to know. The caller holds the
 * person's row, so that versions appear in their order. Many commits make one job.
 */
export async function askForAnnouncement(tx: EntityManager, personId: string): Promise<void> {
  const [wanted] = await prepared<{ by_any: boolean }>(tx, ASK, [personId]);
  if (wanted?.by_any) await enqueueAnnouncement(tx, personId);
}

/** What was told of each person, in PostgreSQL: messages and the position behind them are one transaction. */
export function createAnnouncements(database: Database, cursorOf: CursorOf): Announcements {
  return {
    announce: (personId) =>
      database.person(personId, (tx) => announce(tx, personId, (change) => cursorOf(personId, change)), "worker"),
  };
}

async function announce(tx: EntityManager, personId: string, cursorOf: (change: Change) => string): Promise<void> {
  const [told]: FeedPosition[] = await tx.query(HOLD, [personId]);
  if (!told) return;
  const endpointIds = await listenersOf(tx, "data.changed");
  if (endpointIds.length === 0) {
    await tx.query(FORGET, [personId]);
    return;
  }
  const rows: Change[] = await tx.query(CHANGES, [personId, told.version, told.ordinal]);
  const [person]: { external_id: string; at: number }[] = await tx.query(PERSON, [personId]);
  const last = rows.at(-1);
  if (!last || !person) return;
  const changes = rows.map((row) => ({ ...row, day: row.day === null ? null : civilDay(row.day) }));
  for (const body of dataChangedBodies(person.external_id, changes, cursorOf, person.at)) {
    await post(tx, { type: "data.changed", personId, body, endpointIds });
  }
  await tx.query(ADVANCE, [personId, last.version, last.ordinal]);
  await wake(tx, endpointIds);
  if (rows.length === MOST_CHANGES) await enqueueAnnouncement(tx, personId);
}

async function enqueueAnnouncement(tx: EntityManager, personId: string): Promise<void> {
  await enqueue(tx, { task: "announce", payload: { personId }, key: `announce ${personId}` });
}
