import type { JobRequest } from "../../services/ports/jobs";
import type { DueAccount, ReconcilingStore } from "../../services/ports/reconciling";
import type { Database } from "../database";
import { enqueue } from "./jobs";

const DUE = `
SELECT a.person_id, a.id FROM accounts a
WHERE a.status = 'ACTIVE' AND a.connected_at < to_timestamp($1::float8)
  AND ($2::uuid IS NULL OR (a.person_id, a.id) > ($2::uuid, $3::uuid))
  AND NOT EXISTS (SELECT FROM sync_runs r WHERE r.person_id = a.person_id AND r.account_id = a.id
    AND r.trigger = 'RECONCILIATION' AND r.started_at >= to_timestamp($1::float8))
ORDER BY a.person_id, a.id LIMIT $4`;

/** Whose turn it is, read under the jobs' role; their jobs are added under the app's, which alone reaches the queue. */
export class PgReconcilingStore implements ReconcilingStore {
  constructor(private readonly database: Database) {}

  /** @inheritdoc */
  async due(since: number, after: DueAccount | null, most: number): Promise<readonly DueAccount[]> {
    const rows: { person_id: string; id: string }[] = await this.database.jobs((tx) =>
      tx.query(DUE, [since, after?.personId ?? null, after?.accountId ?? null, most]),
    );
    return rows.map((row) => ({ personId: row.person_id, accountId: row.id }));
  }

  /** @inheritdoc */
  async add(jobs: readonly JobRequest[]): Promise<void> {
    await this.database.application(async (tx) => {
      for (const job of jobs) await enqueue(tx, job);
    }, "worker");
  }
}
