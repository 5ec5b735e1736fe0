import { z } from "zod";
import {
  civilDayText,
  documentId,
  expectShape,
  type SyntheticEvent,
  type WebhookEvent,
  type WebhookProfile,
} from "../contract";

const notice = z.object({
  event: z.string(),
  user_id: z.union([z.int().nonnegative().transform(String), documentId]),
  date: civilDayText.nullish(),
  from: civilDayText.nullish(),
  to: civilDayText.nullish(),
  entity_id: z.string().nullish(),
  timestamp: z.string().nullish(),
});
const ping = z.object({ event: z.literal("PING") });

/** What is read again. A night's recharge comes with its sleep; Polar tells nothing of it. */
const ENDPOINTS: Readonly<Record<string, readonly string[]>> = {
  SLEEP: ["sleep", "nightly_recharge"],
  ACTIVITY_SUMMARY: ["activity"],
};

/** A notice names a day or a stretch of days, never a document. */
function read(body: unknown): WebhookEvent[] {
  if (ping.safeParse(body).success) return [];
  const { event, user_id: user, date, from, to, entity_id: entity, timestamp } = expectShape(notice, body);
  const [start, end] = [date ?? from, date ?? to];
  return [
    {
      key: JSON.stringify([user, event, date ?? null, from ?? null, to ?? null, entity ?? null, timestamp ?? null]),
      // Sleeps were seen to be told twice with one timestamp; without one, the next change is told in the same words.
      ...(timestamp ? {} : { repeats: true }),
      vendorUserId: user,
      change: "updated",
      endpoints: ENDPOINTS[event] ?? [],
      ...(start && end && start <= end ? { days: { start, end } } : {}),
    },
  ];
}

/**
 * Polar's notices, one subscription for the whole client, signed with a key of its own that is shown once, when it is made.
 * @see README.md, "Webhooks"
 */
export const webhook: WebhookProfile = {
  signature: { header: "polar-webhook-signature", encoding: "hex", key: "webhook_secret" },
  answerWithinSeconds: 5,
  isPing: (body) => ping.safeParse(body).success,
  read,
};

const EVENTS: Readonly<Record<string, string>> = { sleep: "SLEEP", activity: "ACTIVITY_SUMMARY" };

/** The notice of a change, as Polar's cloud sends it; of what is deleted it tells nothing. */
export function syntheticNotice({ change, endpoint, day, person, at }: SyntheticEvent): unknown {
  const event = EVENTS[endpoint];
  if (event === undefined || change === "deleted") return null;
  const path = endpoint === "sleep" ? "sleep" : "activities";
  return {
    event,
    user_id: Number(person.vendorUserId),
    date: day,
    timestamp: new Date(at * 1_000).toISOString(),
    url: `https://www.polaraccesslink.com/v3/users/${path}/${day}`,
  };
}
