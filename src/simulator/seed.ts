import { createHash } from "node:crypto";

/** A whole number of 32 bits that follows from the parts alone; the same parts give the same number in every process. */
export function seedFrom(...parts: readonly (string | number)[]): number {
  return digest(parts).readUInt32BE(0);
}

/** An opaque id of 32 hexadecimal digits that follows from the parts alone. */
export function idFrom(...parts: readonly (string | number)[]): string {
  return digest(parts).toString("hex").slice(0, 32);
}

function digest(parts: readonly (string | number)[]): Buffer {
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
