import { randomUUID } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { IssueCode } from "../../domain/answers";
import { type Backfill, type BackfillState, isOver } from "../../domain/backfill";
import { civilDay } from "../../domain/days";
import type { Account } from "../../domain/people";
import type { SyncRunError } from "../../domain/sync-runs";
import { accountTold } from "../../domain/webhook-events";
import type { BackfillPlace, BackfillPlan, BackfillStep, BackfillStore } from "../../services/ports/backfill";
import type { JobRequest } from "../../services/ports/jobs";
import type { Database } from "../database";
import { enqueue } from "./jobs";
import { raiseDataVersion } from "./people";
import { publish } from "./webhook-events";

const OPEN_RUN = `
SELECT id FROM sync_runs WHERE person_id = $1 AND account_id = $2 AND trigger = 'BACKFILL' AND finished_at IS NULL
ORDER BY started_at DESC LIMIT 1`;
const PUT_RUN = `
INSERT INTO sync_runs AS old (person_id, id, account_id, trigger, first_day, last_day, started_at)
VALUES ($1, $2, $3, 'BACKFILL', $4, $5, clock_timestamp())
ON CONFLICT (person_id, id) DO UPDATE SET first_day = least(old.first_day, excluded.first_day),
  last_day = greatest(old.last_day, excluded.last_day)`;
const ARM = `
INSERT INTO backfills AS old (person_id, account_id, endpoint, first_day, last_day, state, run_id)
SELECT $1, $2, n.name, n."firstDay", n."lastDay", 'PENDING', $3
FROM jsonb_to_recordset($4::jsonb) AS n(name text, "firstDay" date, "lastDay" date)
ON CONFLICT (person_id, account_id, endpoint) DO UPDATE SET first_day = least(old.first_day, excluded.first_day),
  last_day = greatest(old.last_day, excluded.last_day), state = 'PENDING', retry_at = NULL, error = NULL,
  failures = 0, run_id = excluded.run_id, updated_at = now()`;

/** Asks for an account's history inside the transaction that links it: what is not known of it yet is fetched by jobs. */
export async function armBackfills(tx: EntityManager, account: Account, plan: BackfillPlan): Promise<void> {
  if (plan.endpoints.length === 0) return;
  const place = [account.personId, account.id];
  const open: { id: string }[] = await tx.query(OPEN_RUN, place);
  const runId = open[0]?.id ?? randomUUID();
  const first = plan.endpoints.map(({ firstDay }) => firstDay).sort()[0];
  const last = plan.endpoints
    .map(({ lastDay }) => lastDay)
    .sort()
    .at(-1);
  await tx.query(PUT_RUN, [account.personId, runId, account.id, first, last]);
  await tx.query(ARM, [...place, runId, JSON.stringify(plan.endpoints)]);
  for (const job of plan.jobs) await enqueue(tx, job);
}

/** The wearer's latest known offset, minutes east of UTC, as the linking's transaction sees it. */
export async function knownOffset(tx: EntityManager, personId: string): Promise<number | null> {
  const rows: { offset_minutes: number | null }[] = await tx.query(
    "SELECT utc_offset_minutes AS offset_minutes FROM people WHERE id = $1",
    [personId],
  );
  return rows[0]?.offset_minutes ?? null;
}

interface BackfillRow {
  account_id: string;
  endpoint: string;
  first_day: string;
  last_day: string;
  state: BackfillState;
  retry_at: number | null;
  error: IssueCode | null;
  failures: number;
  run_id: string;
}

const LIST = `
SELECT account_id, endpoint, first_day::text, last_day::text, state, extract(epoch FROM retry_at)::float8 AS retry_at, error,
  failures, run_id
FROM backfills WHERE person_id = $1 AND account_id = ANY ($2::uuid[]) ORDER BY account_id, endpoint`;
const KEPT_PAGES = `
SELECT count(*)::int AS pages FROM fetched_pages WHERE person_id = $1 AND account_id = $2 AND endpoint = $3
GROUP BY started_at ORDER BY started_at DESC LIMIT 1`;
const HOLD_RUN = `
SELECT FROM sync_runs r WHERE r.person_id = $1 AND r.id IN (SELECT run_id FROM backfills WHERE person_id = $1 AND account_id = $2)
ORDER BY r.id FOR UPDATE`;
const KEEP = `
UPDATE backfills SET state = $4, retry_at = to_timestamp($5::float8), error = $6, first_day = greatest(first_day, $7::date),
  failures = $8, updated_at = now()
WHERE person_id = $1 AND account_id = $2 AND endpoint = $3 RETURNING run_id`;
const FAILED = `
UPDATE sync_runs SET errors = errors || $3::jsonb WHERE person_id = $1 AND id = $2 AND jsonb_array_length(errors) < 20`;
const FINISH = `
UPDATE sync_runs SET finished_at = clock_timestamp() WHERE person_id = $1 AND id = $2 AND finished_at IS NULL
  AND NOT EXISTS (SELECT FROM backfills WHERE person_id = $1 AND run_id = $2 AND state NOT IN ('DONE', 'FAILED'))
RETURNING (SELECT provider FROM accounts WHERE person_id = $1 AND id = account_id) AS provider,
  NOT EXISTS (SELECT FROM backfills WHERE person_id = $1 AND run_id = $2 AND state <> 'DONE') AS complete`;
const REARM = `
UPDATE backfills SET state = 'PENDING', retry_at = NULL, error = NULL, failures = 0, updated_at = now()
WHERE person_id = $1 AND account_id = $2 AND (state = 'FAILED'
  OR (state <> 'DONE' AND greatest(updated_at, retry_at) < now() - interval '1 hour'))
RETURNING endpoint, run_id`;
const REOPEN = "UPDATE sync_runs SET finished_at = NULL WHERE person_id = $1 AND id = ANY ($2::uuid[])";

/** Which history is to be fetched, in PostgreSQL. */
export class PgBackfillStore implements BackfillStore {
  constructor(private readonly database: Database) {}

  /** @inheritdoc */
  async list(personId: string, accountIds: readonly string[]): Promise<readonly Backfill[]> {
    const rows: BackfillRow[] = await this.database.person(personId, (tx) => tx.query(LIST, [personId, accountIds]));
    return rows.map((row) => ({
      accountId: row.account_id,
      endpoint: row.endpoint,
      firstDay: civilDay(row.first_day),
      lastDay: civilDay(row.last_day),
      state: row.state,
      retryAt: row.retry_at,
      error: row.error,
      failures: row.failures,
      runId: row.run_id,
    }));
  }

  /** @inheritdoc */
  async keptPages({ personId, accountId, endpoint }: BackfillPlace): Promise<number> {
    const rows: { pages: number }[] = await this.database.person(personId, (tx) =>
      tx.query(KEPT_PAGES, [personId, accountId, endpoint]),
    );
    return rows[0]?.pages ?? 0;
  }

  /** @inheritdoc */
  async keep(place: BackfillPlace, step: BackfillStep, jobs: readonly JobRequest[]): Promise<void> {
    const { personId, accountId, endpoint } = place;
    await this.database.person(personId, async (tx) => {
      // Of endpoints that end at the same moment one has to see that the other is over.
      if (isOver(step.state)) await tx.query(HOLD_RUN, [personId, accountId]);
      const [kept]: [{ run_id: string }[], number] = await tx.query(KEEP, [
        ...[personId, accountId, endpoint, step.state, step.retryAt ?? null],
        ...[step.error?.code ?? null, step.firstDay, step.failures],
      ]);
      const runId = kept[0]?.run_id;
      if (runId === undefined) return;
      if (step.error && step.state === "FAILED") {
        const error: SyncRunError = { endpoint, ...step.error, retryAt: null };
        await tx.query(FAILED, [personId, runId, JSON.stringify([error])]);
      }
      for (const job of jobs) await enqueue(tx, job);
      if (!isOver(step.state)) return;
      const [[over]]: [{ provider: string; complete: boolean }[], number] = await tx.query(FINISH, [personId, runId]);
      if (over) {
        const told = { ...accountTold(personId, accountId, over.provider), complete: over.complete };
        await publish(tx, personId, "backfill.completed", told);
      }
      // No more records come that would tell those who follow: with no bell between processes they would wait for ever.
      await raiseDataVersion(tx, personId);
    });
  }

  /** @inheritdoc */
  async rearm(
    personId: string,
    accountId: string,
    jobOf: (place: BackfillPlace) => JobRequest,
  ): Promise<readonly string[]> {
    return this.database.person(personId, async (tx) => {
      await tx.query(HOLD_RUN, [personId, accountId]);
      const [rows]: [{ endpoint: string; run_id: string }[], number] = await tx.query(REARM, [personId, accountId]);
      if (rows.length > 0) await tx.query(REOPEN, [personId, rows.map((row) => row.run_id)]);
      for (const { endpoint } of rows) await enqueue(tx, jobOf({ personId, accountId, endpoint }));
      return rows.map(({ endpoint }) => endpoint);
    });
  }
}
