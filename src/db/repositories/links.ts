import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "typeorm";
import { UpstreamFailure } from "../../domain/errors";
import type { Account } from "../../domain/people";
import { accountTold } from "../../domain/webhook-events";
import type { ForgottenGrant, LinkStore, NewLink, PendingLink, Undone } from "../../services/ports/links";
import type { Database } from "../database";
import { riseAndTell } from "./changes";
import { eraseAccountData } from "./erasure";
import { seconds } from "./grants-change";
import { raiseDataVersion } from "./people";
import { publish } from "./webhook-events";

interface AccountRow {
  id: string;
  provider: string;
  status: Account["status"];
  granted_scopes: string[];
  connected_at: Date;
  grant_number: number;
}

const ADD_STATE = `
INSERT INTO link_states (person_id, state_hash, provider, sealed_request, expires_at) VALUES ($1, $2, $3, $4, to_timestamp($5))`;
const FORGET_EXPIRED = "DELETE FROM link_states WHERE person_id = $1 AND expires_at < now()";
const TAKE_STATE = `
DELETE FROM link_states WHERE state_hash = $1
RETURNING person_id, state_hash, provider, sealed_request, extract(epoch FROM expires_at)::float8 AS expires_at`;
const ADD_RESULT = `
INSERT INTO link_results (person_id, code_hash, provider, sealed_result, expires_at) VALUES ($1, $2, $3, $4, to_timestamp($5))`;
const TAKE_RESULT = `
DELETE FROM link_results WHERE person_id = $1 AND code_hash = $2 AND provider = $3
RETURNING sealed_result, extract(epoch FROM expires_at)::float8 AS expires_at`;
const AUDIT = "INSERT INTO audit_events (person_id, event, provider, detail) VALUES ($1, $2, $3, $4)";

const ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
/** A refresh holds the grant across its exchange: waited for in short turns, so that neither a connection nor a lock is kept. */
const SHORT_TURN = "SET LOCAL lock_timeout = '1s'";
const TURNS = 20;
const BETWEEN_TURNS_MS = 500;
const HOLD_GRANT = `
SELECT FROM grants g JOIN accounts a ON a.person_id = g.person_id AND a.id = g.account_id
WHERE a.person_id = $1 AND a.provider = $2 AND a.vendor_user_id = $3 FOR UPDATE OF g`;
const GRANT_IF_FREE = `
SELECT g.account_id, g.sealed_tokens, a.vendor_user_id FROM grants g
JOIN accounts a ON a.person_id = g.person_id AND a.id = g.account_id
WHERE g.person_id = $1 AND g.account_id = $2 FOR UPDATE OF g SKIP LOCKED`;
const FORGET_GRANT = "DELETE FROM grants WHERE person_id = $1 AND account_id = $2";
const LEAVE = `
UPDATE accounts SET status = 'DISCONNECTED', disconnected_at = now(), grant_number = grant_number + 1
WHERE person_id = $1 AND id = $2`;
const LINK_ACCOUNT = `
INSERT INTO accounts AS old (person_id, provider, vendor_user_id, status, granted_scopes, connected_at)
VALUES ($1, $2, $3, 'ACTIVE', $4, to_timestamp($5))
ON CONFLICT (person_id, provider, vendor_user_id) DO UPDATE SET status = 'ACTIVE', granted_scopes = excluded.granted_scopes,
  connected_at = excluded.connected_at, disconnected_at = NULL, grant_number = old.grant_number + 1
RETURNING id, provider, status, granted_scopes, connected_at, grant_number`;
const PUT_GRANT = `
INSERT INTO grants AS old (person_id, account_id, sealed_tokens, expires_at) VALUES ($1, $2, $3, to_timestamp($4))
ON CONFLICT (person_id, account_id) DO UPDATE SET sealed_tokens = excluded.sealed_tokens, expires_at = excluded.expires_at,
  generation = old.generation + 1, failures = 0, retry_at = NULL, refused_at = NULL, updated_at = now()`;

/** Linkings under way and accounts in PostgreSQL. `onLinked` is part of the transaction that links an account. */
export function createLinkStore(
  database: Database,
  onLinked: (tx: EntityManager, account: Account) => Promise<void> = async () => undefined,
): LinkStore {
  return {
    async addState({ personId, stateHash, provider, sealedRequest, expiresAt }) {
      await database.person(personId, async (tx) => {
        await tx.query(FORGET_EXPIRED, [personId]);
        await tx.query(ADD_STATE, [personId, stateHash, provider, sealedRequest, expiresAt]);
      });
    },

    async takeState(stateHash, now) {
      const [rows]: [StateRow[], number] = await database.linkState(stateHash, (tx) =>
        tx.query(TAKE_STATE, [stateHash]),
      );
      const row = rows[0];
      return row && row.expires_at > now ? pendingLink(row) : null;
    },

    async addResult(personId, { codeHash, provider, sealedResult, expiresAt }) {
      await database.person(personId, (tx) =>
        tx.query(ADD_RESULT, [personId, codeHash, provider, sealedResult, expiresAt]),
      );
    },

    async takeResult(personId, provider, codeHash, now) {
      const [rows]: [{ sealed_result: Buffer; expires_at: number }[], number] = await database.person(personId, (tx) =>
        tx.query(TAKE_RESULT, [personId, codeHash, provider]),
      );
      const row = rows[0];
      if (!row || row.expires_at <= now) return null;
      return { codeHash, provider, sealedResult: row.sealed_result, expiresAt: row.expires_at };
    },

    async audit(personId, { event, provider, detail }) {
      await database.person(personId, (tx) => tx.query(AUDIT, [personId, event, provider, detail]));
    },

    async link(personId, link) {
      for (let turn = 0; turn < TURNS; turn++) {
        try {
          return await database.person(personId, (tx) => linkAccount(tx, personId, link, onLinked));
        } catch (error) {
          if (!isLockTimeout(error)) throw error;
          await delay(BETWEEN_TURNS_MS);
        }
      }
      throw new UpstreamFailure("UNAVAILABLE", "a refresh of the account's tokens does not end");
    },

    disconnect: (personId, provider, deleteData) =>
      database.person(personId, (tx) => disconnectAccount(tx, personId, provider, deleteData)),
  };
}

/** Apps that keep a copy drop everything that they have of the provider. */
const EVERYTHING_WENT = { metric: null, day: null, type: "DELETED" } as const;

interface StateRow {
  person_id: string;
  state_hash: string;
  provider: string;
  sealed_request: Buffer;
  expires_at: number;
}

function pendingLink(row: StateRow): PendingLink {
  return {
    personId: row.person_id,
    stateHash: row.state_hash,
    provider: row.provider,
    sealedRequest: row.sealed_request,
    expiresAt: row.expires_at,
  };
}

async function linkAccount(
  tx: EntityManager,
  personId: string,
  link: NewLink,
  onLinked: (tx: EntityManager, account: Account) => Promise<void>,
): Promise<{ account: Account; dataVersion: number; displaced: readonly ForgottenGrant[] }> {
  await tx.query(SHORT_TURN);
  await tx.query(ONE_AT_A_TIME, [`${personId} ${link.provider}`]);
  // Before the account: a refresh locks them in this order.
  await tx.query(HOLD_GRANT, [personId, link.provider, link.vendorUserId]);
  const others: { id: string }[] = await tx.query(
    "SELECT id FROM accounts WHERE person_id = $1 AND provider = $2 AND vendor_user_id <> $3 AND status <> 'DISCONNECTED'",
    [personId, link.provider, link.vendorUserId],
  );
  const displaced: ForgottenGrant[] = [];
  for (const { id } of others) {
    displaced.push(...(await leave(tx, personId, id)));
    await publish(tx, personId, "account.disconnected", accountTold(personId, id, link.provider));
  }
  const rows: AccountRow[] = await tx.query(LINK_ACCOUNT, [
    personId,
    link.provider,
    link.vendorUserId,
    link.grantedScopes,
    link.at,
  ]);
  const account = accountOf(personId, rows[0]);
  await tx.query(PUT_GRANT, [personId, account.id, link.seal(account.id), link.expiresAt]);
  await tx.query(AUDIT, [personId, "LINKED", link.provider, null]);
  await publish(tx, personId, "account.connected", accountTold(personId, account.id, link.provider));
  await onLinked(tx, account);
  return { account, dataVersion: await raiseDataVersion(tx, personId), displaced };
}

async function disconnectAccount(
  tx: EntityManager,
  personId: string,
  provider: string,
  deleteData: boolean,
): Promise<Undone | null> {
  await tx.query(ONE_AT_A_TIME, [`${personId} ${provider}`]);
  const accounts: { id: string; status: string }[] = await tx.query(
    "SELECT id, status FROM accounts WHERE person_id = $1 AND provider = $2 FOR NO KEY UPDATE",
    [personId, provider],
  );
  const linked = accounts.find(({ status }) => status !== "DISCONNECTED");
  if (!linked && !(deleteData && accounts.length > 0)) return null;
  const forgotten = linked ? await leave(tx, personId, linked.id) : [];
  let deletedRecords: number | null = null;
  if (deleteData) {
    deletedRecords = 0;
    let rows = 0;
    for (const { id } of accounts) {
      const erased = await eraseAccountData(tx, personId, id);
      deletedRecords += erased.records;
      rows += erased.rows;
    }
    if (!linked && rows === 0) return null;
  }
  await tx.query(AUDIT, [personId, deleteData ? "ERASED" : "DISCONNECTED", provider, null]);
  if (linked) await publish(tx, personId, "account.disconnected", accountTold(personId, linked.id, provider));
  const dataVersion = deleteData
    ? Number(await riseAndTell(tx, { personId, provider, accountId: null, origin: "LIVE", entries: [EVERYTHING_WENT] }))
    : await raiseDataVersion(tx, personId);
  return { dataVersion, unlinked: linked !== undefined, forgotten: forgotten[0] ?? null, deletedRecords };
}

/**
 * Leaves an account and forgets its tokens. A grant that a refresh holds is not waited for: the refresh finds the account left and
 * deletes it. The account is locked first, so that no refresh can end between the two statements without having seen it left.
 */
async function leave(tx: EntityManager, personId: string, accountId: string): Promise<ForgottenGrant[]> {
  await tx.query(LEAVE, [personId, accountId]);
  const grants: { account_id: string; sealed_tokens: Buffer; vendor_user_id: string }[] = await tx.query(
    GRANT_IF_FREE,
    [personId, accountId],
  );
  if (grants.length > 0) await tx.query(FORGET_GRANT, [personId, accountId]);
  return grants.map((row) => ({
    accountId: row.account_id,
    vendorUserId: row.vendor_user_id,
    sealedTokens: row.sealed_tokens,
  }));
}

/** 55P03: lock_not_available. */
function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "55P03";
}

function accountOf(personId: string, row: AccountRow | undefined): Account {
  if (!row) throw new Error("expected the account that was just linked");
  return {
    id: row.id,
    personId,
    provider: row.provider,
    status: row.status,
    grantedScopes: row.granted_scopes,
    connectedAt: seconds(row.connected_at),
    grantNumber: row.grant_number,
  };
}
