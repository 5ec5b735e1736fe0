/** A lease on fetching one endpoint of one account. `startedAt`: epoch seconds by the database's clock. */
export interface Lease {
  readonly owner: string;
  readonly startedAt: number;
}

/** What somebody else's lease looks like. `silentForMs`: milliseconds since something last arrived, as far as told. */
export interface LeaseView {
  readonly silentForMs: number;
}

/** Which flight: at most one at a time over all processes. */
export interface FlightKey {
  readonly personId: string;
  readonly accountId: string;
  readonly endpoint: string;
}

/** Leases in the database, so that they hold without Redis; they end by themselves when their process dies. */
export interface FlightLeases {
  /** Takes the lease; null where another process holds it. Throws {@link AccountFenced} where the account is gone. */
  acquire(key: FlightKey): Promise<Lease | null>;
  /** Prolongs it, and tells how many milliseconds ago something last arrived. */
  renew(key: FlightKey, owner: string, silentForMs: number): Promise<void>;
  /** Gives it back, and notes when the provider was last asked under it: milliseconds ago; by default it was not. */
  release(key: FlightKey, owner: string, askedMsAgo?: number | null): Promise<void>;
  /** The lease that somebody holds now; null where none. */
  view(key: FlightKey): Promise<LeaseView | null>;
}
