import { randomUUID } from "node:crypto";
import { GatewayError, UserFacingError } from "../../domain/errors";
import { isWebhookEventType, type WebhookEventType } from "../../domain/webhook-events";
import { checkedAddresses, parseTarget, TargetRefused, type TargetRules } from "../../upstream/webhook-target";
import type { OutgoingApi, WebhookDelivery } from "../api";
import type { EndpointStore, SealedSecret, SecretBox } from "../ports/outgoing";
import { mintWebhookSecret } from "./signature";

/** The most endpoints of one application. */
export const MOST_ENDPOINTS = 20;
/** Seconds for which a secret signs along after another took its place. */
export const SIGNS_ALONG_SECONDS = 24 * 3_600;
const MOST_DELIVERIES = 200;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DESCRIPTION = /^[^\p{Cc}]{1,200}$/u;
const CURSOR = /^delivery:([1-9]\d{0,14})$/;

/** What the endpoints of an application are made of. */
export interface EndpointParts {
  readonly store: EndpointStore;
  readonly box: SecretBox;
  readonly targets: TargetRules;
}

/** Endpoints of an application: kept, changed, and asked about. */
export function createOutgoing({ store, box, targets }: EndpointParts): OutgoingApi {
  const sealed = (endpointId: string): SealedSecret & { readonly secret: string } => {
    const [id, secret] = [randomUUID(), mintWebhookSecret()];
    return { id, secret, sealed: box.seal(endpointId, id, secret) };
  };
  return {
    endpoints: () => store.list(),

    async deliveries(endpointId, { first, after }) {
      if (!(first >= 1 && first <= MOST_DELIVERIES)) {
        throw new GatewayError("BAD_USER_INPUT", `first is ${first}: expected 1 to ${MOST_DELIVERIES}`);
      }
      const { nodes, last } = await store.deliveries(endpointId, first, after === null ? null : positionOf(after));
      return { nodes, endCursor: last === null ? null : cursorOf(last) };
    },

    async create({ url, eventTypes, description }, by) {
      const id = randomUUID();
      const { secret, ...kept } = sealed(id);
      const endpoint = await store.add(
        {
          id,
          url: await allowed(url, targets),
          eventTypes: checkedTypes(eventTypes),
          description: checkedDescription(description),
        },
        kept,
        MOST_ENDPOINTS,
        by,
      );
      if (!endpoint) {
        throw new UserFacingError("WEBHOOK_LIMIT_REACHED", `expected at most ${MOST_ENDPOINTS} endpoints`);
      }
      return { endpoint, secret };
    },

    async update(endpointId, { url, eventTypes, description, enabled }, by) {
      return known(
        UUID.test(endpointId)
          ? await store.change(
              endpointId,
              {
                ...(url === undefined ? {} : { url: await allowed(url, targets) }),
                ...(eventTypes === undefined ? {} : { eventTypes: checkedTypes(eventTypes) }),
                ...(description === undefined ? {} : { description: checkedDescription(description) }),
                ...(enabled === undefined ? {} : { enabled }),
              },
              by,
            )
          : null,
        "endpointId",
      );
    },

    async rotate(endpointId, by) {
      const { secret, ...kept } = sealed(endpointId);
      const done = UUID.test(endpointId) && (await store.rotate(endpointId, kept, SIGNS_ALONG_SECONDS, by));
      known(done || null, "endpointId");
      return secret;
    },

    async remove(endpointId, by) {
      known((UUID.test(endpointId) && (await store.remove(endpointId, by))) || null, "endpointId");
    },

    async sendTest(endpointId) {
      return sent(UUID.test(endpointId) ? await store.sendTest(endpointId) : null, "endpointId");
    },

    async retry(deliveryId) {
      return sent(UUID.test(deliveryId) ? await store.retry(deliveryId) : null, "deliveryId");
    },
  };
}

function cursorOf(position: number): string {
  return Buffer.from(`delivery:${position}`).toString("base64url");
}

function positionOf(cursor: string): number {
  const [, position] = CURSOR.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (position !== undefined) return Number(position);
  throw new GatewayError("BAD_USER_INPUT", "after is no cursor of deliveries: expected an endCursor of this field");
}

async function allowed(text: string, targets: TargetRules): Promise<string> {
  try {
    const url = parseTarget(text, targets);
    await checkedAddresses(url, targets);
    return url.href;
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    throw new UserFacingError("WEBHOOK_URL_NOT_ALLOWED", error.message, { field: ["input", "url"] });
  }
}

function checkedTypes(types: readonly string[] | null): readonly WebhookEventType[] | null {
  if (types === null) return null;
  const known = types.filter(isWebhookEventType);
  const unknown = types.find((type) => !isWebhookEventType(type));
  if (unknown === undefined && known.length > 0) return [...new Set(known)];
  throw new UserFacingError("EVENT_TYPE_UNKNOWN", "expected at least one event type, and known ones only", {
    field: ["input", "eventTypes"],
  });
}

function checkedDescription(text: string | null): string | null {
  if (text === null || DESCRIPTION.test(text)) return text;
  throw new GatewayError(
    "BAD_USER_INPUT",
    "input.description: expected 1 to 200 characters without control characters",
  );
}

function known<T>(found: T | null, field: string): T {
  if (found !== null) return found;
  throw new UserFacingError("WEBHOOK_NOT_FOUND", "there is none of this id", { field: ["input", field] });
}

function sent(outcome: WebhookDelivery | "disabled" | null, field: string): WebhookDelivery {
  const delivery = known(outcome, field);
  if (delivery !== "disabled") return delivery;
  throw new UserFacingError("WEBHOOK_DISABLED", "the endpoint is disabled: enable it by updateWebhookEndpoint first", {
    field: ["input", field],
  });
}
