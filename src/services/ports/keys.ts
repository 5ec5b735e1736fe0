import type { KeyScope, ServerKey } from "../api";

/** A key as stored; the key itself is nowhere. Times are epoch seconds. */
export interface StoredKey extends ServerKey {
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

/** A key to store: `hash` is the SHA-256 of the whole key. */
export interface NewKey {
  readonly name: string;
  readonly prefix: string;
  readonly hash: Buffer;
  readonly scopes: readonly KeyScope[];
  /** Epoch seconds; null for never. */
  readonly expiresAt: number | null;
}

/** Server keys of the application in the database. */
export interface KeyStore {
  add(key: NewKey): Promise<void>;
  /** The newest last, those revoked and expired among them. */
  list(): Promise<readonly StoredKey[]>;
  byHash(hash: Buffer): Promise<StoredKey | null>;
  /** Notes that a key is in use, at most once a minute. */
  used(keyId: string): Promise<void>;
  /** Whether there is a key of this prefix, which is revoked now if it was not before. */
  revoke(prefix: string): Promise<boolean>;
}
