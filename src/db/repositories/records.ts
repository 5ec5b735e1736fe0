import { civilDay } from "../../domain/days";
import type {
  Committed,
  Fetched,
  RecordStore,
  SessionsNamed,
  Snapshot,
  SnapshotRequest,
} from "../../services/ports/records";
import type { Vaults } from "../../services/ports/vault";
import type { Database } from "../database";
import { commitFetched, hashOf, UNREAD_KEPT_SECONDS } from "./commit";
import { readSnapshot } from "./snapshot";

const KEEP_BODY = `
INSERT INTO set_aside_documents (person_id, account_id, endpoint, content_hash, days, path, problem, sealed_body, seen_at, expires_at)
VALUES ($1, $2, $3, $4, '{}', 'body', $5, $6, now(), now() + make_interval(secs => ${UNREAD_KEPT_SECONDS}))
ON CONFLICT (person_id, account_id, endpoint, content_hash) DO UPDATE SET expires_at = excluded.expires_at`;

const SESSION_DAYS = `
SELECT key, body ->> 'cycleKey' AS cycle, day::text AS day FROM records
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 AND kind = 'sleep_session' AND deleted_at IS NULL
  AND (key = ANY ($4) OR body ->> 'cycleKey' = ANY ($5))
ORDER BY (body ->> 'nature') = 'night', (body ->> 'asleepSeconds')::float8 NULLS FIRST, key DESC`;

/** Records, raw documents and coverage in PostgreSQL. */
export class PgRecordStore implements RecordStore {
  private readonly gathering = new Map<string, Promise<Snapshot>>();

  constructor(
    private readonly database: Database,
    private readonly vaults: Vaults,
  ) {}

  /** Equal requests of one moment are one statement, which begins after the last of them came. */
  snapshot(request: SnapshotRequest): Promise<Snapshot> {
    const name = JSON.stringify(request);
    const gathering = this.gathering.get(name);
    if (gathering) return gathering;
    const snapshot = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.gathering.delete(name);
      return readSnapshot(this.database, request);
    });
    this.gathering.set(name, snapshot);
    return snapshot;
  }

  /** @inheritdoc */
  async commit(fetched: Fetched): Promise<Committed> {
    const vault = await this.vaults.of(fetched.personId);
    return this.database.person(fetched.personId, (tx) => commitFetched(tx, fetched, vault));
  }

  /** @inheritdoc */
  async sessionDays(named: SessionsNamed): ReturnType<RecordStore["sessionDays"]> {
    const { personId, accountId, endpoint, sessions, cycles } = named;
    const rows: { key: string; cycle: string | null; day: string }[] = await this.database.person(personId, (tx) =>
      tx.query(SESSION_DAYS, [personId, accountId, endpoint, sessions, cycles]),
    );
    return {
      bySession: new Map(rows.map((row) => [row.key, civilDay(row.day)])),
      // The last of a cycle wins: the longest night.
      byCycle: new Map(rows.flatMap((row) => (row.cycle === null ? [] : [[row.cycle, civilDay(row.day)] as const]))),
    };
  }

  /** @inheritdoc */
  async keepUnreadable(
    where: Pick<Fetched, "personId" | "accountId" | "provider" | "endpoint">,
    problem: string,
    body: Buffer,
  ): Promise<void> {
    const { personId, accountId, endpoint, provider } = where;
    const hash = hashOf(body);
    const row = `${accountId}/${endpoint}/${hash}`;
    const vault = await this.vaults.of(personId);
    const sealed = vault.seal({ table: "set_aside_documents", column: "sealed_body", row, provider }, body);
    await this.database.person(personId, (tx) =>
      tx.query(KEEP_BODY, [personId, accountId, endpoint, Buffer.from(hash, "hex"), problem, sealed]),
    );
  }
}
