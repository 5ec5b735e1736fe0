/** A person's data version as far as known. `confirmed`: false while PostgreSQL is away and the copy is older than a second. */
export interface DataVersion {
  readonly version: string;
  readonly confirmed: boolean;
}

/** Data versions of people, read from the truth at most a second ago. */
export interface DataVersions {
  current(personId: string): Promise<DataVersion>;
  /** The version that this process has seen last, without asking; null where it has seen none, or heard of a newer one. */
  seen(personId: string): string | null;
  /**
   * This process has just committed or read this version. `since`: by `performance.now()`, before that began; another process may have
   * committed the next one meanwhile. Where it is left out, whoever needs the version asks for it.
   */
  learned(personId: string, version: string, since?: number): void;
}

/** Data versions of which this process need not ask. */
export interface TrustedVersions {
  /** The version where it was confirmed within the last second, and none newer was heard of; null where it has to be asked for. */
  trusted(personId: string): string | null;
}

/** Where data versions are read from; persons that do not exist are absent. */
export type VersionSource = (personIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;
