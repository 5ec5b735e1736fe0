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
import { SESSION_DAYS } from "./dependents";
import { SharedReads } from "./shared-reads";
import { readSnapshot } from "./snapshot";

const KEEP_BODY = `
INSERT INTO set_aside_documents (person_id, account_id, endpoint, content_hash, days, path, problem, sealed_body, seen_at, expires_at)
VALUES ($1, $2, $3, $4, '{}', 'body', $5, $6, now(), now() + make_interval(secs => ${UNREAD_KEPT_SECONDS}))
ON CONFLICT (person_id, account_id, endpoint, content_hash) DO UPDATE SET expires_at = excluded.expires_at`;

/** Records, raw documents and coverage in PostgreSQL. */
export class PgRecordStore implements RecordStore {
  // Many people's screens are one person's: without this, a crowd of equal queries queues for the pool longer than it waits.
  private readonly snapshots = new SharedReads<Snapshot>();

  constructor(
    private readonly database: Database,
    private readonly vaults: Vaults,
  ) {}

  /** Equal requests that come together are one statement, which begins after the last of them came. */
  snapshot(request: SnapshotRequest): Promise<Snapshot> {
    return this.snapshots.read(JSON.stringify(request), () => readSnapshot(this.database, request));
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
      tx.query(SESSION_DAYS(), [personId, accountId, endpoint, sessions, cycles]),
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
