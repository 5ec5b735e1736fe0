import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate, inflateRaw } from "node:zlib";

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const zlibOrRaw: Decoder = (body, options) =>
  // "deflate" is the zlib format (RFC 9110 §8.4.1.2), but servers have sent bare DEFLATE under that name for decades.
  promisify(inflate)(body, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "Z_DATA_ERROR") throw error;
    return promisify(inflateRaw)(body, options);
  });

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ["gzip", promisify(gunzip)],
  ["x-gzip", promisify(gunzip)],
  ["deflate", zlibOrRaw],
  ["br", promisify(brotliDecompress)],
  ["identity", async (body) => body],
]);

/** A content coding that is unknown, or stacked more than twice. */
export class UnknownCoding extends Error {
  override readonly name = "UnknownCoding";
}

/**
 * Undoes the content codings of a body, at most `cap` bytes at every step.
 * Throws {@link UnknownCoding}, or zlib's error: ERR_BUFFER_TOO_LARGE over the cap, others for damaged data.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4
 */
export async function decodeContent(body: Buffer, contentEncoding: string | undefined, cap: number): Promise<Buffer> {
  const codings = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  if (body.length === 0) return body;
  if (codings.length > 2) throw new UnknownCoding("expected at most two content codings");
  let decoded = body;
  for (const coding of codings.reverse()) {
    const decode = DECODERS.get(coding);
    if (!decode) throw new UnknownCoding("expected gzip, deflate or br");
    decoded = await decode(decoded, { maxOutputLength: cap });
  }
  return decoded;
}
