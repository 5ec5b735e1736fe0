import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "typeorm";
import { DatabaseUnreachable } from "../../domain/errors";
import { Gathered } from "../../domain/gathered";
import {
  type ChangeResult,
  type Decision,
  type EarlierAttempt,
  GrantBusy,
  type GrantStore,
  type StoredGrant,
} from "../../services/ports/grants";
import type { Database } from "../database";
import { applyChange, seconds } from "./grants-change";

/** Milliseconds before each further attempt to carry a decision to a new connection: losing it would lose the account. */
const CARRY_DELAYS_MS = [0, 50, 200, 500, 1_000, 2_000, ...Array<number>(20).fill(5_000)];

/**
 * Seconds for which an attempt that has not ended is believed to be under way although its lock is gone: a database that restarts
 * takes the locks of living processes too, and a second exchange of the same token would kill the account.
 */
const UNDER_WAY_SECONDS = 10;

/** The lock is held across an exchange of at most two attempts of 60 s each. */
const LOCK_SETTINGS = [
  "SET LOCAL lock_timeout = '3s'",
  "SET LOCAL idle_in_transaction_session_timeout = '150s'",
] as const;

/** Grants in PostgreSQL: the lock is the row's, so that it ends with the session that holds it and not by a clock. */
export function createGrantStore(database: Database): GrantStore {
  // The endpoints that a question needs ask for one token at one moment.
  const reads = new Gathered<readonly [personId: string, accountId: string], StoredGrant | null>(async (asks) => {
    const [[personId, accountId]] = asks;
    const grant = grantOf(
      accountId,
      await database.read(personId, { name: "grant", text: GRANT }, [personId, accountId]),
    );
    return asks.map(() => grant);
  });
  return {
    read: (personId, accountId) => reads.ask(`${personId} ${accountId}`, [personId, accountId]),

    async locked(personId, accountId, decide) {
      let decided: { expected: StoredGrant; decision: NonNullable<Decision> } | undefined;
      let thrown: { error: unknown } | undefined;
      try {
        const result = await database.person(
          personId,
          async (tx) => {
            for (const setting of LOCK_SETTINGS) await tx.query(setting);
            await tx.query("SELECT 1 FROM grants WHERE person_id = $1 AND account_id = $2 FOR UPDATE", [
              personId,
              accountId,
            ]);
            // A statement of its own: the one that waited for the lock has seen the account as it was before.
            const grant = await readGrant(tx, personId, accountId);
            const decision = await decide(grant).catch((error: unknown) => {
              thrown = { error };
              return null;
            });
            if (!grant) return null;
            if (decision) decided = { expected: grant, decision };
            return applyChange(tx, personId, grant, decision);
          },
          "refresh",
        );
        if (thrown && result?.outcome !== "fenced") throw thrown.error;
        return result;
      } catch (error) {
        if (thrown) throw thrown.error;
        if (decided) return carry(database, personId, decided.expected, decided.decision);
        if (isBusy(error)) throw new GrantBusy("the grant is being refreshed by somebody else", { cause: error });
        throw error;
      }
    },

    beginAttempt: (personId, attempt) =>
      database.person(
        personId,
        async (tx): Promise<EarlierAttempt> => {
          const [{ until }] = await tx.query(
            `SELECT extract(epoch FROM max(started_at) + make_interval(secs => ${UNDER_WAY_SECONDS}))::float8 AS until FROM refresh_attempts
             WHERE person_id = $1 AND account_id = $2 AND generation = $3 AND token_hash_prefix = $4 AND finished_at IS NULL
               AND started_at > now() - make_interval(secs => ${UNDER_WAY_SECONDS})`,
            [personId, attempt.accountId, attempt.generation, attempt.tokenHashPrefix],
          );
          if (until !== null) return { kind: "under_way", until };
          const [unknown]: [{ generation: number; token_hash_prefix: string }[], number] = await tx.query(
            `UPDATE refresh_attempts SET finished_at = now(), outcome = 'UNKNOWN'
             WHERE person_id = $1 AND account_id = $2 AND finished_at IS NULL RETURNING generation, token_hash_prefix`,
            [personId, attempt.accountId],
          );
          await tx.query(
            `DELETE FROM refresh_attempts WHERE person_id = $1 AND account_id = $2 AND started_at < now() - interval '30 days'`,
            [personId, attempt.accountId],
          );
          await tx.query(
            `INSERT INTO refresh_attempts (person_id, id, account_id, generation, token_hash_prefix)
             VALUES ($1, $2, $3, $4, $5)`,
            [personId, attempt.id, attempt.accountId, attempt.generation, attempt.tokenHashPrefix],
          );
          const same = unknown.some(
            (row) => row.generation === attempt.generation && row.token_hash_prefix === attempt.tokenHashPrefix,
          );
          return { kind: same ? "unknown" : "none" };
        },
        "attempts",
      ),
  };
}

const GRANT = `
SELECT g.sealed_tokens, g.expires_at, g.generation, g.failures, g.retry_at, g.refused_at, a.provider, a.vendor_user_id, a.status
FROM grants g JOIN accounts a ON a.person_id = g.person_id AND a.id = g.account_id
WHERE g.person_id = $1 AND g.account_id = $2`;

interface GrantRow {
  readonly sealed_tokens: Buffer;
  readonly expires_at: Date;
  readonly generation: number;
  readonly failures: number;
  readonly retry_at: Date | null;
  readonly refused_at: Date | null;
  readonly provider: string;
  readonly vendor_user_id: string;
  readonly status: StoredGrant["status"];
}

async function readGrant(tx: EntityManager, personId: string, accountId: string): Promise<StoredGrant | null> {
  return grantOf(accountId, await tx.query(GRANT, [personId, accountId]));
}

function grantOf(accountId: string, [row]: readonly GrantRow[]): StoredGrant | null {
  return row
    ? {
        accountId,
        provider: row.provider,
        vendorUserId: row.vendor_user_id,
        status: row.status,
        sealedTokens: row.sealed_tokens,
        expiresAt: seconds(row.expires_at),
        generation: row.generation,
        failures: row.failures,
        retryAt: row.retry_at && seconds(row.retry_at),
        refusedAt: row.refused_at && seconds(row.refused_at),
      }
    : null;
}

async function carry(
  database: Database,
  personId: string,
  expected: StoredGrant,
  decision: NonNullable<Decision>,
): Promise<ChangeResult | null> {
  let last: unknown;
  for (const wait of CARRY_DELAYS_MS) {
    await delay(wait);
    try {
      return await database.person(
        personId,
        async (tx) => {
          for (const setting of LOCK_SETTINGS) await tx.query(setting);
          return applyChange(tx, personId, expected, decision);
        },
        "refresh",
      );
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** 55P03: lock_not_available. pg has no code for a pool that gave no connection in time. */
function isBusy(error: unknown): boolean {
  const reason = error instanceof DatabaseUnreachable ? error.cause : error;
  if (!(reason instanceof Error)) return false;
  return ("code" in reason && reason.code === "55P03") || reason.message === "timeout exceeded when trying to connect";
}
