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

/**
 * Everything that Oura takes subscriptions for, also where we read none of it.
 * @see README.md, "Webhook subscriptions"
 */
export const DATA_TYPES = [
  "tag",
  "enhanced_tag",
  "workout",
  "session",
  "sleep",
  "daily_sleep",
  "daily_readiness",
  "daily_activity",
  "daily_spo2",
  "sleep_time",
  "rest_mode_period",
  "ring_configuration",
  "daily_stress",
  "daily_cardiovascular_age",
  "daily_resilience",
  "vo2_max",
  "meal",
] as const;

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

const isRead = (dataType: string) => endpoints.some(({ name }) => name === dataType);
/** What we read comes first: where something comes between, it is there already. */
const dataTypes = [...DATA_TYPES.filter(isRead), ...DATA_TYPES.filter((dataType) => !isRead(dataType))];

const at = (id: string) => `${SUBSCRIPTIONS}/${encodeURIComponent(id)}`;

const body = ({ dataType, eventType }: SubscriptionTopic, { url, verificationToken }: SubscriptionCallback) => ({
  callback_url: url,
  verification_token: verificationToken,
  event_type: eventType,
  data_type: dataType,
});

/**
 * Oura's webhook subscriptions: one for each data type and event, of the application and not of a person. Data types that we read are
 * named as our endpoints; notices of the others are recorded and do nothing.
 * @see README.md, "Webhook subscriptions"
 */
export const webhookSubscriptions: SubscriptionProfile = {
  wanted: dataTypes.flatMap((dataType) => EVENT_TYPES.map((eventType) => ({ dataType, eventType }))),
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
};
