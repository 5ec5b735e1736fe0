import { z } from "zod";
import {
  documentId,
  expectShape,
  type SubscriptionTopic,
  type SyntheticEvent,
  type WebhookEvent,
  type WebhookProfile,
} from "../contract";
import { endpoints } from "./endpoints";

const notice = z.object({
  event_type: z.string(),
  data_type: z.string(),
  object_id: documentId,
  user_id: documentId,
  event_time: z.string().nullish(),
});

const CHANGES: Readonly<Record<string, WebhookEvent["change"]>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
};

/** One notice is one document. Types of data and of events that are not read here tell of nothing to do. */
function read(body: unknown): WebhookEvent[] {
  const {
    event_type: type,
    data_type: data,
    object_id: id,
    user_id: user,
    event_time: time,
  } = expectShape(notice, body);
  const change = CHANGES[type];
  const known = change !== undefined && endpoints.some(({ name }) => name === data);
  return [
    {
      key: JSON.stringify([user, data, id, type, time ?? null]),
      // Without its time the next change of a document is told in the same words.
      ...(time ? {} : { repeats: true }),
      vendorUserId: user,
      change: change ?? "updated",
      endpoints: known ? [data] : [],
      ...(known ? { document: { endpoint: data, id } } : {}),
    },
  ];
}

/**
 * Oura's notices, one subscription each for every type of data and of event.
 * @see README.md, "Webhooks"
 */
export const webhook: WebhookProfile = {
  signature: {
    header: "x-oura-signature",
    encoding: "HEX",
    timestamp: { header: "x-oura-timestamp", unit: "seconds" },
    key: "client_secret",
  },
  handshake: { token: "verification_token", challenge: "challenge", refusal: 401 },
  answerWithinSeconds: 10,
  read,
};

const TYPES = { created: "create", updated: "update", deleted: "delete" } as const;

/** The notice of a change, as Oura's cloud sends it. */
export function syntheticNotice({ change, endpoint, document, person, at }: SyntheticEvent): unknown {
  return {
    event_type: TYPES[change],
    data_type: endpoint,
    object_id: (document as { id: string }).id,
    event_time: new Date(at * 1_000).toISOString().replace("Z", "+00:00"),
    user_id: person.vendorUserId,
  };
}

/** The subscription that a notice belongs to. */
export function topicOf(said: unknown): SubscriptionTopic {
  const { data_type: dataType, event_type: eventType } = notice.parse(said);
  return { dataType, eventType };
}
