import type { AccountStatus } from "../api";

/** An account's grant as it is stored; instants in epoch seconds. */
export interface StoredGrant {
  readonly accountId: string;
  readonly provider: string;
  readonly vendorUserId: string;
  readonly status: AccountStatus;
  readonly sealedTokens: Buffer;
  readonly expiresAt: number;
  /** Rises with every refresh. */
  readonly generation: number;
  /** Refreshes that failed since the last that succeeded. */
  readonly failures: number;
  /** Not to be refreshed before. */
  readonly retryAt: number | null;
  /** Since when the vendor refuses the refresh token. */
  readonly refusedAt: number | null;
}

/** What a refresh decided about the grant that it found under the lock. */
export type GrantChange =
  | {
      readonly kind: "replace";
      readonly sealedTokens: Buffer;
      readonly expiresAt: number;
      /** Null where the answer does not say. */
      readonly scopes: readonly string[] | null;
    }
  | { readonly kind: "refuse"; readonly at: number; readonly detail: string }
  | { readonly kind: "postpone"; readonly retryAt: number; readonly outcome: string };

/**
 * What became of a change: applied; superseded, because the stored tokens are others by now; or fenced, because the account was
 * disconnected meanwhile (its tokens are deleted then). `dataVersion`: the person's new one, where the change can be read.
 */
export interface ChangeResult {
  readonly outcome: "applied" | "superseded" | "fenced";
  readonly dataVersion: number | null;
}

/** A write-ahead note of a refresh, so that one whose outcome nobody learnt is visible after a crash. */
export interface RefreshAttempt {
  readonly id: string;
  readonly accountId: string;
  readonly generation: number;
  /** First 8 hexadecimal digits of the refresh token's SHA-256. */
  readonly tokenHashPrefix: string;
}

/**
 * An earlier attempt with the same refresh token: none; unknown, where it never ended; or under way, where it began so lately that its
 * process, which has lost the lock with its database session, may yet bring the answer.
 */
export type EarlierAttempt =
  | { readonly kind: "none" | "unknown" }
  /** `until`: epoch seconds. */
  | { readonly kind: "under_way"; readonly until: number };

/** The lock on a grant was not to be had in time: somebody else refreshes it. */
export class GrantBusy extends Error {
  override readonly name = "GrantBusy";
}

/** Grants in the database. */
export interface GrantStore {
  /** Null where the account has no grant (any more). */
  read(personId: string, accountId: string): Promise<StoredGrant | null>;
  /**
   * Locks the grant across `decide`, whose change is applied in the same transaction, and on a new connection where the database
   * session was lost meanwhile: by comparing and setting what was read, so that nothing newer is overwritten. Whatever `decide`
   * says or throws, the grant of an account that was disconnected meanwhile is deleted: fenced. Throws {@link GrantBusy} where the
   * lock is not to be had in time, and what `decide` throws.
   */
  locked(
    personId: string,
    accountId: string,
    decide: (grant: StoredGrant | null) => Promise<Decision>,
  ): Promise<ChangeResult | null>;
  /** Commits the note on a connection of its own, unless an earlier one is under way; tells what became of the earlier one. */
  beginAttempt(personId: string, attempt: RefreshAttempt): Promise<EarlierAttempt>;
}

/** A change and the attempt that it ends; null where nothing is to change. */
export type Decision = { readonly change: GrantChange; readonly attemptId: string | null } | null;
