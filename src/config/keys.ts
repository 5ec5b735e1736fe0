import { z } from "zod";

/** A key of the ring that seals tokens: 32 bytes, named by `id`. */
export interface EncryptionKey {
  readonly id: string;
  readonly key: Buffer;
}

const KEY_BYTES = 32;
const ENTRY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

function parseKey(entry: string): EncryptionKey | null {
  const [, id = "", encoded = ""] = ENTRY.exec(entry) ?? [];
  const key = Buffer.from(encoded, "base64");
  return id !== "" && key.length === KEY_BYTES ? { id, key } : null;
}

/** The key ring: `id:base64(32 bytes)`, separated by commas, the current key first. */
export const keyRing = z.string().transform((text, context): readonly EncryptionKey[] => {
  const keys = text.split(",").map((entry) => parseKey(entry.trim()));
  const known = keys.filter((key) => key !== null);
  if (known.length === keys.length && new Set(known.map(({ id }) => id)).size === known.length) return known;
  const message =
    "expected id:key pairs separated by commas, ids unique, each key 32 bytes in base64 (openssl rand -base64 32)";
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});
