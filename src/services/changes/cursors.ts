import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { FeedPosition } from "../../domain/changes";
import { GatewayError } from "../../domain/errors";

const PURPOSE = "wearables gateway: cursors of the change feed";
const MAC_BYTES = 16;
const POSITION_BYTES = 12;

/** Cursors as apps see them: opaque, made here, and of one person. */
export interface Cursors {
  write(personId: string, position: FeedPosition): string;
  /** BAD_CURSOR where it was not made here, or for somebody else. */
  read(personId: string, cursor: string): FeedPosition;
}

/** Cursors under keys derived from the key ring, the current key first: every key of it verifies. @see https://www.rfc-editor.org/rfc/rfc5869 */
export function createCursors(ring: readonly Uint8Array[]): Cursors {
  const keys = ring.map((key) => Buffer.from(hkdfSync("sha256", key, "", PURPOSE, 32)));
  const macOf = (key: Buffer, personId: string, position: Buffer) =>
    createHmac("sha256", key).update(personId).update(position).digest().subarray(0, MAC_BYTES);
  const [current] = keys;
  if (!current) throw new RangeError("expected at least one key to sign cursors with");
  return {
    write(personId, { version, ordinal }) {
      const position = Buffer.alloc(POSITION_BYTES);
      position.writeBigUInt64BE(BigInt(version));
      position.writeUInt32BE(ordinal, 8);
      return Buffer.concat([position, macOf(current, personId, position)]).toString("base64url");
    },
    read(personId, cursor) {
      const bytes = Buffer.from(cursor, "base64url");
      const position = bytes.subarray(0, POSITION_BYTES);
      const mac = bytes.subarray(POSITION_BYTES);
      const ours =
        bytes.length === POSITION_BYTES + MAC_BYTES &&
        bytes.toString("base64url") === cursor &&
        keys.some((key) => timingSafeEqual(macOf(key, personId, position), mac));
      if (!ours) throw new GatewayError("BAD_CURSOR", "the cursor is not one that this person's feed gave");
      return { version: String(position.readBigUInt64BE()), ordinal: position.readUInt32BE(8) };
    },
  };
}
