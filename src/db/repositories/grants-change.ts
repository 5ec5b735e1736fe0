import type { EntityManager } from "typeorm";
import { accountTold } from "../../domain/webhook-events";
import type { ChangeResult, Decision, GrantChange, StoredGrant } from "../../services/ports/grants";
import { raiseDataVersion } from "./people";
import { publish } from "./webhook-events";

/** Epoch seconds of a timestamptz. */
export function seconds(instant: Date): number {
  return instant.getTime() / 1_000;
}

/**
 * Carries out a refresh's decision on the grant that it was made for, by comparing and setting generation and sealed tokens.
 * Locks the grant before the account, and the person last: every other transaction keeps that order or does not wait. Without a
 * decision it only sees to it that an account which is being disconnected leaves no grant behind.
 */
export async function applyChange(
  tx: EntityManager,
  personId: string,
  expected: StoredGrant,
  decision: Decision,
): Promise<ChangeResult | null> {
  const key = [personId, expected.accountId];
  const [stored] = await tx.query(
    "SELECT generation, sealed_tokens FROM grants WHERE person_id = $1 AND account_id = $2 FOR UPDATE",
    key,
  );
  const [account] = await tx.query(
    `SELECT status, granted_scopes FROM accounts WHERE person_id = $1 AND id = $2 FOR ${decision ? "NO KEY UPDATE" : "SHARE"}`,
    key,
  );
  const finish = (outcome: string) =>
    tx.query("UPDATE refresh_attempts SET finished_at = now(), outcome = $3 WHERE person_id = $1 AND id = $2", [
      personId,
      decision?.attemptId ?? null,
      outcome,
    ]);
  if (!account || account.status === "DISCONNECTED") {
    await tx.query("DELETE FROM grants WHERE person_id = $1 AND account_id = $2", key);
    await finish("FENCED");
    return { outcome: "fenced", dataVersion: null };
  }
  if (!decision) return null;
  const { change } = decision;
  if (change.kind === "replace" && stored?.sealed_tokens.equals(change.sealedTokens)) {
    // The commit had come through before the session was lost.
    return { outcome: "applied", dataVersion: null };
  }
  if (stored?.generation !== expected.generation || !stored.sealed_tokens.equals(expected.sealedTokens)) {
    await finish("SUPERSEDED");
    return { outcome: stored ? "superseded" : "fenced", dataVersion: null };
  }
  await writeGrant(tx, key, change);
  await finish(change.kind === "postpone" ? change.outcome : change.kind === "refuse" ? "REFUSED" : "REPLACED");
  const readable = await writeAccount(tx, key, change, { ...account, provider: expected.provider });
  return { outcome: "applied", dataVersion: readable ? await raiseDataVersion(tx, personId) : null };
}

async function writeGrant(tx: EntityManager, key: readonly string[], change: GrantChange): Promise<void> {
  const where = "WHERE person_id = $1 AND account_id = $2";
  if (change.kind === "replace") {
    await tx.query(
      `UPDATE grants SET sealed_tokens = $3, expires_at = to_timestamp($4), generation = generation + 1, failures = 0,
         retry_at = NULL, refused_at = NULL, updated_at = now() ${where}`,
      [...key, change.sealedTokens, change.expiresAt],
    );
  } else if (change.kind === "refuse") {
    await tx.query(`UPDATE grants SET refused_at = to_timestamp($3), updated_at = now() ${where}`, [...key, change.at]);
  } else {
    await tx.query(
      `UPDATE grants SET failures = failures + 1, retry_at = to_timestamp($3), updated_at = now() ${where}`,
      [...key, change.retryAt],
    );
  }
}

/** Whether something changed that the person can read. */
async function writeAccount(
  tx: EntityManager,
  key: readonly string[],
  change: GrantChange,
  account: { status: string; granted_scopes: string[]; provider: string },
): Promise<boolean> {
  if (change.kind === "postpone") return false;
  const scopes = (change.kind === "replace" ? change.scopes : null) ?? account.granted_scopes;
  const status = change.kind === "replace" ? "ACTIVE" : "RECONNECT_REQUIRED";
  const sameScopes = JSON.stringify([...scopes].sort()) === JSON.stringify([...account.granted_scopes].sort());
  if (status === account.status && sameScopes) return false;
  await tx.query("UPDATE accounts SET status = $3, granted_scopes = $4 WHERE person_id = $1 AND id = $2", [
    ...key,
    status,
    scopes,
  ]);
  if (change.kind === "refuse") {
    await tx.query(
      "INSERT INTO audit_events (person_id, event, provider, detail) VALUES ($1, 'RECONNECT_REQUIRED', $2, $3)",
      [key[0], account.provider, change.detail],
    );
    const [personId = "", accountId = ""] = key;
    await publish(tx, personId, "account.reconnect_required", accountTold(personId, accountId, account.provider));
  }
  return true;
}
