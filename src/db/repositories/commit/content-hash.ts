import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal. */
export function hashOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}
