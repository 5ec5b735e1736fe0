import { createHash, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { GatewayError } from "../domain/errors";
import type { KeysApi, ServerKey } from "./api";
import type { KeyStore } from "./ports/keys";

/** Milliseconds for which a verified key is believed without asking: so soon does a revocation count. */
const KEPT_MS = 60_000;
const KEPT_ENTRIES = 10_000;
const PREFIX_BYTES = 4;
const SECRET_BYTES = 32;
const KEY = /^wg_live_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;

/** What every server key begins with, and no other credential. */
export const KEY_MARK = "wg_";

/** A new key: the text to give away once, and what is stored of it. */
export interface MintedKey {
  readonly key: string;
  readonly prefix: string;
  readonly hash: Buffer;
}

/** Makes a key of 256 random bits behind a random prefix that may be shown. */
export function mintKey(): MintedKey {
  const prefix = `${KEY_MARK}live_${randomBytes(PREFIX_BYTES).toString("hex")}`;
  const key = `${prefix}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
  return { key, prefix, hash: hashOf(key) };
}

function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function refused(): GatewayError {
  return new GatewayError("UNAUTHENTICATED", "The server key is malformed, unknown, revoked or expired");
}

/** Verifies server keys by looking up their hash, which tells nothing by its timing; a verified one is kept by its hash for at most 60 s. */
export function createKeys(store: KeyStore, nowMs: () => number = Date.now): KeysApi {
  const kept = new LRUCache<string, { key: Promise<ServerKey>; until: number }>({ max: KEPT_ENTRIES });
  const isOver = ({ expiresAt }: ServerKey) => expiresAt !== null && expiresAt * 1_000 <= nowMs();
  const look = async (hash: Buffer): Promise<ServerKey> => {
    const found = await store.byHash(hash);
    if (!found || found.revokedAt !== null || isOver(found)) throw refused();
    await store.used(found.id);
    const { id, prefix, scopes, expiresAt } = found;
    return { id, prefix, scopes, expiresAt };
  };
  const renewed = (name: string, hash: Buffer): Promise<ServerKey> => {
    const key = look(hash).catch((cause: unknown) => {
      kept.delete(name);
      if (cause instanceof GatewayError) throw cause;
      throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach", { cause });
    });
    kept.set(name, { key, until: nowMs() + KEPT_MS });
    return key;
  };
  return {
    async verify(token) {
      if (!KEY.test(token)) throw refused();
      const hash = hashOf(token);
      const name = hash.toString("base64");
      const known = kept.get(name);
      const key = await (known && nowMs() < known.until ? known.key : renewed(name, hash));
      if (isOver(key)) throw refused();
      return key;
    },
  };
}
