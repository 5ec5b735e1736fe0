import { z } from "zod";
import { instantAt } from "../../src/domain/instants";
import type {
  SyntheticAnswer,
  SyntheticSubscriptionCall,
  SyntheticSubscriptionOutcome,
  SyntheticSubscriptionRequest,
  SyntheticSubscriptions,
  VendorSubscription,
} from "../contract";
import { DATA_TYPES, EVENT_TYPES, SUBSCRIPTIONS } from "./subscriptions";
import { topicOf } from "./webhook";

const creation = z.object({
  callback_url: z.url({ protocol: /^https?$/ }),
  verification_token: z.string(),
  event_type: z.enum(EVENT_TYPES),
  data_type: z.enum(DATA_TYPES),
});
const change = creation.partial().required({ verification_token: true });

function refused(error: z.ZodError): SyntheticSubscriptionCall {
  const detail = error.issues.map(({ path, message, code }) => ({ loc: ["body", ...path], msg: message, type: code }));
  return { kind: "invalid", answer: { status: 422, body: { detail } } };
}

function onAll(method: string, body: unknown): SyntheticSubscriptionCall {
  if (method === "GET") return { kind: "list" };
  if (method !== "POST") return notAllowed("GET, POST");
  const { data: wire, error } = creation.safeParse(body);
  if (error) return refused(error);
  return {
    kind: "create",
    topic: { dataType: wire.data_type, eventType: wire.event_type },
    callback: { url: wire.callback_url, verificationToken: wire.verification_token },
  };
}

function onOne(method: string, id: string, body: unknown): SyntheticSubscriptionCall {
  if (method === "GET") return { kind: "show", id };
  if (method === "DELETE") return { kind: "remove", id };
  if (method !== "PUT") return notAllowed("GET, PUT, DELETE");
  const { data: wire, error } = change.safeParse(body);
  if (error) return refused(error);
  return {
    kind: "update",
    id,
    topic: {
      ...(wire.data_type === undefined ? {} : { dataType: wire.data_type }),
      ...(wire.event_type === undefined ? {} : { eventType: wire.event_type }),
    },
    callback: {
      verificationToken: wire.verification_token,
      ...(wire.callback_url === undefined ? {} : { url: wire.callback_url }),
    },
  };
}

function notAllowed(allow: string): SyntheticSubscriptionCall {
  return { kind: "invalid", answer: { status: 405, headers: { allow }, body: { detail: "Method Not Allowed" } } };
}

function call({ method, path, body }: SyntheticSubscriptionRequest): SyntheticSubscriptionCall | null {
  if (path === SUBSCRIPTIONS) return onAll(method, body);
  const [, renewed, id] = path.startsWith(SUBSCRIPTIONS)
    ? (/^\/(renew\/)?([\w-]+)$/.exec(path.slice(SUBSCRIPTIONS.length)) ?? [])
    : [];
  if (id === undefined) return null;
  if (renewed === undefined) return onOne(method, id, body);
  return method === "PUT" ? { kind: "renew", id } : notAllowed("PUT");
}

function wireOf({ id, callbackUrl, eventType, dataType, expiresAt }: VendorSubscription) {
  // Oura leaves the zone away and means UTC.
  const expiration_time = instantAt(expiresAt ?? 0, null).replace("Z", ".000000");
  return { id, callback_url: callbackUrl, event_type: eventType, data_type: dataType, expiration_time };
}

const SAID: Readonly<Record<"unauthorized" | "unknown" | "duplicate" | "unverified" | "removed", SyntheticAnswer>> = {
  unauthorized: { status: 401, body: { detail: "Invalid client credentials." } },
  unknown: { status: 403, body: { detail: "Webhook with specified id does not exist." } },
  duplicate: { status: 409, body: { detail: "Webhook subscription already exists." } },
  unverified: {
    status: 422,
    body: { detail: [{ loc: ["body", "callback_url"], msg: "Verification failed.", type: "value_error" }] },
  },
  removed: { status: 204, body: undefined },
};

function answer(outcome: SyntheticSubscriptionOutcome): SyntheticAnswer {
  if ("subscriptions" in outcome) return { status: 200, body: outcome.subscriptions.map(wireOf) };
  if (!("subscription" in outcome)) return SAID[outcome.kind];
  return { status: outcome.kind === "created" ? 201 : 200, body: wireOf(outcome.subscription) };
}

/** Oura's subscription API as the simulator plays it; that they live for 90 days is made up. */
export const subscriptions: SyntheticSubscriptions = { lifetimeSeconds: 90 * 86_400, call, answer, topicOf };
