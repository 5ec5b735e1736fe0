import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** The largest plaintext in bytes that is sealed or opened. */
export const LARGEST_PLAINTEXT = 16 * 1024 * 1024;

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

/** A 256-bit key and the name under which sealed values refer to it (1 to 64 of `[A-Za-z0-9._-]`). */
export interface NamedKey {
  readonly id: string;
  readonly key: Buffer;
}

/** A sealed value that does not open: moved, changed, truncated, or sealed under a key that is not at hand. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/**
 * Seals bytes: version byte, length and name of the key, 96-bit random nonce, tag, ciphertext of the deflated plaintext.
 * `belongs` names where the value belongs; it is authenticated together with the header, and not stored.
 * @see https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf section 8.2.2
 */
export function sealUnder(key: NamedKey, belongs: readonly string[], plaintext: Buffer): Buffer {
  if (plaintext.length > LARGEST_PLAINTEXT) throw new RangeError(`expected at most ${LARGEST_PLAINTEXT} bytes to seal`);
  const name = Buffer.from(key.id, "latin1");
  const header = Buffer.concat([Buffer.from([VERSION, name.length]), name]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(header, belongs));
  const ciphertext = Buffer.concat([cipher.update(deflated(plaintext)), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/** Its own settings are for streams: for a document of a few kilobytes making their room takes longer than deflating. */
function deflated(plaintext: Buffer): Buffer {
  const windowBits = Math.min(15, Math.max(9, Math.ceil(Math.log2(plaintext.length + 1))));
  return deflateRawSync(plaintext, { windowBits, chunkSize: Math.min(16_384, Math.max(64, plaintext.length)) });
}

/** Opens what {@link sealUnder} sealed, with the key that `find` gives for its name. Throws {@link SealError}, which names the key, never the data. */
export function openUnder(
  find: (id: string) => Buffer | undefined,
  belongs: readonly string[],
  sealed: Buffer,
): Buffer {
  const nameEnd = 2 + (sealed[1] ?? 0);
  const tagAt = nameEnd + NONCE_BYTES;
  const bodyAt = tagAt + TAG_BYTES;
  if (sealed[0] !== VERSION || sealed.length < bodyAt) throw new SealError("expected a sealed value of version 1");
  const id = sealed.toString("latin1", 2, nameEnd);
  if (!/^[\w.-]{1,64}$/.test(id)) throw new SealError("expected a sealed value that names its key");
  const key = find(id);
  if (!key) throw new SealError(`the key "${id}" of a sealed value is not at hand`);
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(nameEnd, tagAt), { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(sealed.subarray(0, nameEnd), belongs));
  decipher.setAuthTag(sealed.subarray(tagAt, bodyAt));
  const deflated = Buffer.concat([decipher.update(sealed.subarray(bodyAt)), finalOf(decipher, belongs)]);
  return inflateRawSync(deflated, { maxOutputLength: LARGEST_PLAINTEXT });
}

function finalOf(decipher: { final(): Buffer }, belongs: readonly string[]): Buffer {
  try {
    return decipher.final();
  } catch (cause) {
    throw new SealError(`a sealed value of ${belongs.slice(0, 2).join(".")} was moved or changed`, { cause });
  }
}

function additionalData(header: Buffer, belongs: readonly string[]): Buffer {
  return Buffer.concat([header, Buffer.from(JSON.stringify(belongs))]);
}
