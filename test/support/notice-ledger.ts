import { Client } from "pg";
import { webhook } from "../../providers/oura/webhook";
import { DOCUMENT_ID, textOf } from "../../src/db/record-text";
import { ENTRIES } from "../../src/db/repositories/change-entries";
import type { Notice, ToldDocument } from "./telling-vendor";

const DEVIATION = textOf("readiness", "temperatureDeviationCelsius");

// Triggers note what the gateway's own statements do, whichever process does it and however it ends.
const SCHEMA = `
CREATE TABLE ledger_effects (id bigserial PRIMARY KEY, person_id uuid, day date, document text NOT NULL, revision integer);
CREATE TABLE ledger_done (id bigserial PRIMARY KEY, event text NOT NULL, outcome text);
CREATE FUNCTION ledger_effect() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN
  IF TG_OP = 'INSERT' OR NEW.body IS DISTINCT FROM OLD.body THEN
    INSERT INTO ledger_effects (person_id, day, document, revision)
    SELECT r.person_id, r.day, ${DOCUMENT_ID}, round(${DEVIATION}::numeric * 100) FROM (SELECT NEW.*) AS r;
  END IF;
  RETURN NULL; END $$;
CREATE FUNCTION ledger_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN
  INSERT INTO ledger_done (event, outcome) VALUES (NEW.event_key, NEW.outcome);
  RETURN NULL; END $$;
CREATE TRIGGER ledger AFTER INSERT OR UPDATE ON records FOR EACH ROW WHEN (NEW.kind = 'readiness') EXECUTE FUNCTION ledger_effect();
CREATE TRIGGER ledger AFTER UPDATE ON webhook_inbox FOR EACH ROW WHEN (NEW.done_at IS DISTINCT FROM OLD.done_at)
  EXECUTE FUNCTION ledger_end();`;

/** What became of notices, by the database alone. Each a number of notices, or of effects. */
export interface Verdict {
  /** Acknowledged, but not in the inbox, not worked off, or not to be seen in the document's record. */
  readonly lost: number;
  /** Worked off more than once. */
  readonly doneTwice: number;
  /** Revisions of documents that changed a record more than once. */
  readonly appliedTwice: number;
  /** Changes of records altogether. */
  readonly effects: number;
  /** Days of which the change feed tells more or fewer changes than there were. */
  readonly toldOtherwise: number;
}

/** Watches a gateway's database from beside it. */
export class NoticeLedger {
  private constructor(private readonly admin: Client) {}

  /** Begins to watch a database that a gateway has migrated. */
  static async open(adminUrl: string): Promise<NoticeLedger> {
    const admin = new Client({ connectionString: adminUrl });
    await admin.connect();
    await admin.query(SCHEMA);
    return new NoticeLedger(admin);
  }

  /** Events that wait to be worked off. */
  async waiting(): Promise<number> {
    const [row] = await this.rows("SELECT count(*)::int AS count FROM webhook_inbox WHERE done_at IS NULL");
    return Number(row?.["count"]);
  }

  /** Judges the notices that were acknowledged, once nothing waits. */
  async judge(acknowledged: readonly Notice[]): Promise<Verdict> {
    const kept = await this.rows("SELECT event_key AS key, outcome FROM webhook_inbox");
    const brought = new Set(kept.filter((row) => row["outcome"] === "BROUGHT").map((row) => String(row["key"])));
    const stored = new Map((await this.rows(STORED)).map((row) => [String(row["document"]), row]));
    const isSeen = (document: ToldDocument) => {
      const row = stored.get(document.id);
      return document.deleted ? (row?.["deleted"] ?? true) === true : Number(row?.["revision"]) === document.revision;
    };
    return {
      lost: acknowledged.filter((notice) => !brought.has(keyOf(notice)) || !isSeen(notice.document)).length,
      doneTwice: await this.count("SELECT FROM ledger_done GROUP BY event HAVING count(*) > 1"),
      appliedTwice: await this.count(
        "SELECT FROM ledger_effects WHERE revision IS NOT NULL GROUP BY document, revision HAVING count(*) > 1",
      ),
      effects: await this.count("SELECT FROM ledger_effects"),
      toldOtherwise: await this.count(TOLD_OTHERWISE),
    };
  }

  close(): Promise<void> {
    return this.admin.end();
  }

  private async count(query: string): Promise<number> {
    const [row] = await this.rows(`SELECT count(*)::int AS count FROM (${query}) AS found`);
    return Number(row?.["count"]);
  }

  private async rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.admin.query(sql)).rows;
  }
}

const STORED = `
SELECT ${DOCUMENT_ID} AS document, body IS NULL AS deleted,
  round(${DEVIATION}::numeric * 100)::int AS revision FROM records r WHERE kind = 'readiness'`;

/** Every user has one document a day: each of its changes is one of the day. */
const TOLD_OTHERWISE = `
SELECT FROM (SELECT c.person_id, e.day, count(*) FROM changes c, ${ENTRIES} WHERE metric = 'READINESS' AND origin = 'LIVE' GROUP BY 1, 2) AS told
FULL JOIN (SELECT person_id, day, count(*) FROM ledger_effects GROUP BY 1, 2) AS made USING (person_id, day)
WHERE told.count IS DISTINCT FROM made.count`;

/** The event of a notice, as the inbox names it. */
function keyOf({ body }: Notice): string {
  return webhook.read(JSON.parse(body))[0]?.key ?? "";
}
