import { hash } from "node:crypto";

/** SHA-256 in hexadecimal. */
export function hashOf(body: Buffer): string {
  return hash("sha256", body);
}
