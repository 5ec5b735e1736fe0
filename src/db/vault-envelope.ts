import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from "node:zlib";

/** The largest plaintext in bytes that is sealed or opened. */
export const LARGEST_PLAINTEXT = 16 * 1024 * 1024;

const VERSION = 1;
const NONCE_BYTES = 12;
/** Asking for them one by one takes as long as the cipher itself. */
const NONCES_AT_ONCE = 64;
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
  const nonce = nextNonce();
  const cipher = createCipheriv(CIPHER, key.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(header, belongs));
  const ciphertext = Buffer.concat([cipher.update(deflateRawSync(plaintext, deflatingOf(plaintext))), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/** The smallest and the largest window of deflate, as powers of two, and the hash table that goes with the largest. @see https://www.zlib.net/manual.html#Advanced */
const WINDOW_BITS = { least: 9, most: 15 };
const MOST_MEMORY = 8;

/**
 * As fast as can be, which takes 10 % more room than zlib's default; and with tables no larger than the plaintext needs: making and
 * clearing those of a stream takes longer than deflating most documents, which come out the same.
 */
function deflatingOf({ length }: Buffer): ZlibOptions {
  const windowBits = Math.min(WINDOW_BITS.most, Math.max(WINDOW_BITS.least, Math.ceil(Math.log2(length + 1))));
  const chunkSize = Math.min(16_384, Math.max(64, length));
  return {
    level: constants.Z_BEST_SPEED,
    windowBits,
    memLevel: MOST_MEMORY - (WINDOW_BITS.most - windowBits),
    chunkSize,
  };
}

/** Random bytes for nonces to come; each is used once. */
let nonces = Buffer.alloc(0);

function nextNonce(): Buffer {
  if (nonces.length < NONCE_BYTES) nonces = randomBytes(NONCES_AT_ONCE * NONCE_BYTES);
  const nonce = nonces.subarray(0, NONCE_BYTES);
  nonces = nonces.subarray(NONCE_BYTES);
  return nonce;
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
