import type { Account, Person } from "../api";

/** A linking under way. `sealedRequest` opens in `link_states.sealed_request` under the state's hash; `expiresAt`: epoch seconds. */
export interface PendingLink {
  readonly personId: string;
  readonly stateHash: string;
  readonly provider: string;
  readonly sealedRequest: Buffer;
  readonly expiresAt: number;
}

/** An exchanged authorization that waits for its person to complete it. */
export interface PendingResult {
  readonly codeHash: string;
  readonly provider: string;
  readonly sealedResult: Buffer;
  readonly expiresAt: number;
}

/** A vendor's grant, ready to be stored. `at`, `expiresAt`: epoch seconds. */
export interface NewLink {
  readonly provider: string;
  readonly vendorUserId: string;
  readonly grantedScopes: readonly string[];
  readonly at: number;
  readonly expiresAt: number;
  /** Seals the tokens for the account that they come to belong to. */
  readonly seal: (accountId: string) => Buffer;
}

/** Tokens that were deleted from the database and may yet be revoked at the vendor. */
export interface ForgottenGrant {
  readonly accountId: string;
  readonly vendorUserId: string;
  readonly sealedTokens: Buffer;
}

/** What is kept of a person's steps: stable upper-snake event, and a detail without tokens or health data. */
export interface AuditEvent {
  readonly event: "LINK_STATE_MISUSED";
  readonly provider: string;
  readonly detail: string;
}

/** What disconnecting did. `unlinked`: there was a linked account; its grant is not among the forgotten while a refresh holds it. */
export interface Undone {
  readonly dataVersion: number;
  readonly unlinked: boolean;
  readonly forgotten: ForgottenGrant | null;
  readonly deletedRecords: number | null;
}

/** Linkings under way and accounts in the database. */
export interface LinkStore {
  addState(link: PendingLink): Promise<void>;
  /** Takes the state out of the database, so that only one bearer gets it; null where it is unknown or expired. */
  takeState(stateHash: string, now: number): Promise<PendingLink | null>;
  addResult(personId: string, result: PendingResult): Promise<void>;
  /** Takes this person's result; null where it is unknown, expired or another provider's. */
  takeResult(personId: string, provider: string, codeHash: string, now: number): Promise<PendingResult | null>;
  audit(personId: string, event: AuditEvent): Promise<void>;
  /** Stores the grant: the same vendor user keeps account and history, another one takes the place of the one linked so far. */
  link(
    personId: string,
    link: NewLink,
  ): Promise<{ account: Account; dataVersion: number; displaced: readonly ForgottenGrant[] }>;
  /** Unlinks and forgets the tokens, with `deleteData` also what was stored; null where there is nothing to undo. */
  disconnect(personId: string, provider: string, deleteData: boolean): Promise<Undone | null>;
}

/** The directory of people. */
export interface PeopleStore {
  /** The person of the application with this external id, created where there is none. */
  findOrAdd(externalId: string): Promise<Person>;
  /** The person of the application with this external id; null where there is none. */
  find(externalId: string): Promise<Person | null>;
  /** The person of the application with this uuid; null where there is none. */
  byId(personId: string): Promise<Person | null>;
}
