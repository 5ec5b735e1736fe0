import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { WebhookSignature } from "../../../providers/contract";

/** Seconds that a signed time may be away from now. */
const TOLERANCE_SECONDS = 300;

/** What came: the headers by name in lower case, and the body as it came. */
export interface SignedRequest {
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

/** Whether a request is from whom it says, and recent: `forged` also where something of the signature is missing. */
export type Verdict = "authentic" | "forged" | "stale";

/** Judges a signed request. `now`: epoch seconds. The signature is compared as text: what decodes to the same bytes is another one. */
export function judge(signature: WebhookSignature, secret: string, request: SignedRequest, now: number): Verdict {
  const given = request.header(signature.header);
  const time = signature.timestamp ? request.header(signature.timestamp.header) : "";
  if (given === undefined || time === undefined) return "forged";
  if (!isSame(given, sign(signature, secret, time, request.body))) return "forged";
  return signature.timestamp && !isRecent(time, signature.timestamp.unit, now) ? "stale" : "authentic";
}

/** The signature of a body, at a time in the vendor's own text (empty where it signs none). */
export function sign({ encoding }: WebhookSignature, secret: string, time: string, body: Buffer): string {
  const digest = createHmac("sha256", secret).update(time).update(body).digest();
  if (encoding === "base64") return digest.toString("base64");
  return encoding === "HEX" ? digest.toString("hex").toUpperCase() : digest.toString("hex");
}

/** Whether two texts are the same, in a time that tells nothing of either. */
export function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

function isRecent(text: string, unit: "seconds" | "milliseconds", now: number): boolean {
  if (!/^\d{1,15}$/.test(text)) return false;
  const seconds = unit === "seconds" ? Number(text) : Number(text) / 1_000;
  return Math.abs(now - seconds) <= TOLERANCE_SECONDS;
}
