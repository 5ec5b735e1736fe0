import { createHash } from "node:crypto";
import { z } from "zod";

/** A key of the ring that seals tokens: 32 bytes, named by `id`. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: Buffer;
}

const KEY_BYTES = 32;
const ENTRY = /^(?:([A-Za-z0-9_-]{1,32})[:])?([A-Za-z0-9+/_-]{43}=?|[0-9a-fA-F]{64})$/;
const HEX = /^[0-9a-fA-F]{64}$/;

/** A key without a name is named by the beginning of its hash, so that it keeps its name wherever it stands in the list. */
function parseKey(entry: string): EncryptionKey | null {
  const [, id, encoded = ""] = ENTRY.exec(entry) ?? [];
  const key = Buffer.from(encoded, HEX.test(encoded) ? "hex" : "base64");
  if (key.length !== KEY_BYTES) return null;
  return { id: id ?? createHash("sha256").update(key).digest("hex").slice(0, 8), key };
}

/** The key ring: `id:base64(32 bytes)` separated by commas, the current key first; hexadecimal and keys without an id are read too. */
export const keyRing = z.string().transform((text, context): readonly EncryptionKey[] => {
  const keys = text.split(",").map((entry) => parseKey(entry.trim()));
  const known = keys.filter((key) => key !== null);
  if (known.length === keys.length && new Set(known.map(({ id }) => id)).size === known.length) return known;
  const message =
    "expected id:key pairs separated by commas, ids unique, each key 32 bytes in base64 (openssl rand -base64 32)";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});
