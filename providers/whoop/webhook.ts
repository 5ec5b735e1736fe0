import { z } from "zod";
import { documentId, expectShape, type SyntheticEvent, type WebhookEvent, type WebhookProfile } from "../contract";
import { integerId } from "./wire";

const notice = z.object({
  user_id: integerId,
  // Workouts and sleeps have UUIDs; a workout of the first version is a number.
  id: z.union([documentId, z.int().transform(String)]),
  type: z.string(),
  trace_id: documentId.nullish(),
});

/** What is read again. A sleep begins a cycle, of which WHOOP itself tells nothing. */
const ENDPOINTS: Readonly<Record<string, readonly string[]>> = { sleep: ["sleep", "cycle"], recovery: ["recovery"] };

/** A recovery's notice carries the id of its sleep, for a recovery has none: the sleep tells the day of both. */
function read(body: unknown): WebhookEvent[] {
  const { user_id: user, id, type, trace_id: trace } = expectShape(notice, body);
  const [resource = "", what] = type.split(".");
  const endpoints = what === "updated" || what === "deleted" ? (ENDPOINTS[resource] ?? []) : [];
  return [
    {
      key: trace ?? JSON.stringify([user, type, id]),
      // Without a trace the next change of a sleep is told in the same words.
      ...(trace ? {} : { repeats: true }),
      vendorUserId: user,
      change: what === "deleted" ? "deleted" : "updated",
      endpoints,
      ...(endpoints.length > 0 ? { document: { endpoint: "sleep", id } } : {}),
    },
  ];
}

/**
 * WHOOP's notices, sent to the address in the app's settings at developer.whoop.com.
 * @see https://developer.whoop.com/docs/developing/webhooks
 */
export const webhook: WebhookProfile = {
  signature: {
    header: "x-whoop-signature",
    encoding: "base64",
    timestamp: { header: "x-whoop-signature-timestamp", unit: "milliseconds" },
    key: "client_secret",
  },
  answerWithinSeconds: 5,
  read,
};

const IDS: Readonly<Record<string, string>> = { sleep: "id", recovery: "sleep_id" };

/** The notice of a change, as WHOOP's cloud sends it: what is new is an update as well, and of cycles it tells nothing. */
export function syntheticNotice({ change, endpoint, document, person, id }: SyntheticEvent): unknown {
  const field = IDS[endpoint];
  if (field === undefined) return null;
  const type = `${endpoint}.${change === "deleted" ? "deleted" : "updated"}`;
  const about = (document as Readonly<Record<string, unknown>>)[field];
  return { user_id: Number(person.vendorUserId), id: about, type, trace_id: id };
}
