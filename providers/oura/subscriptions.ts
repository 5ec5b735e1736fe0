import { z } from "zod";
import {
  documentId,
  expectShape,
  expiryText,
  type SubscriptionCallback,
  type SubscriptionProfile,
  type SubscriptionTopic,
  type VendorSubscription,
} from "../contract";
import { endpoints } from "./endpoints";

/** Where Oura's subscriptions are managed. */
export const SUBSCRIPTIONS = "/v2/webhook/subscription";

/** What can happen to a document. */
export const EVENT_TYPES = ["create", "update", "delete"] as const;

const DAY_SECONDS = 86_400;

const subscription = z
  .object({
    id: documentId,
    callback_url: z.string(),
    event_type: z.string(),
    data_type: z.string(),
    expiration_time: expiryText,
  })
  .transform(
    (wire): VendorSubscription => ({
      id: wire.id,
      dataType: wire.data_type,
      eventType: wire.event_type,
      callbackUrl: wire.callback_url,
      expiresAt: wire.expiration_time,
    }),
  );

const at = (id: string) => `${SUBSCRIPTIONS}/${encodeURIComponent(id)}`;

const body = ({ dataType, eventType }: SubscriptionTopic, { url, verificationToken }: SubscriptionCallback) => ({
  callback_url: url,
  verification_token: verificationToken,
  event_type: eventType,
  data_type: dataType,
});

/**
 * Oura's webhook subscriptions: one for each data type and event, of the application and not of a person. Data types are named as
 * the endpoints that we read.
 * @see README.md, "Webhook subscriptions"
 */
export const webhookSubscriptions: SubscriptionProfile = {
  wanted: endpoints.flatMap(({ name }) => EVENT_TYPES.map((eventType) => ({ dataType: name, eventType }))),
  credentials: { id: "x-client-id", secret: "x-client-secret" },
  // Oura does not say how long a subscription lives.
  renewBeforeSeconds: 7 * DAY_SECONDS,
  list: { method: "GET", path: SUBSCRIPTIONS },
  create: (topic, callback) => ({ method: "POST", path: SUBSCRIPTIONS, json: body(topic, callback) }),
  update: (id, topic, callback) => ({ method: "PUT", path: at(id), json: body(topic, callback) }),
  renew: (id) => ({ method: "PUT", path: `${SUBSCRIPTIONS}/renew/${encodeURIComponent(id)}` }),
  remove: (id) => ({ method: "DELETE", path: at(id) }),
  readList: (answer) => expectShape(z.array(subscription), answer),
  readOne: (answer) => expectShape(subscription, answer),
  // Oura says 403 of an id that does not exist.
  unknownStatuses: [403, 404],
  handshake: { token: "verification_token", challenge: "challenge", refusal: 401 },
};
