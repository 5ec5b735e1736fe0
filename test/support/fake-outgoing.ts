import type { OutgoingApi, WebhookDelivery, WebhookEndpoint } from "../../src/services/api";

const ENDPOINT: WebhookEndpoint = {
  id: "33333333-3333-4333-8333-333333333333",
  url: "https://app.test/webhooks",
  eventTypes: null,
  description: null,
  disabledReason: null,
  createdAt: 1_790_000_000,
};
const DELIVERY: WebhookDelivery = {
  id: "44444444-4444-4444-8444-444444444444",
  messageId: "msg_1",
  eventType: "test",
  createdAt: 1_790_000_000,
  status: "PENDING",
  nextAttemptAt: 1_790_000_000,
  attempts: [{ at: 1_790_000_000, statusCode: null, durationMs: 3, error: "ECONNREFUSED" }],
};

/** Outgoing webhooks of one endpoint with one delivery; `guard` may throw before anything is done. */
export function fakeOutgoing(guard: () => void): OutgoingApi {
  return {
    endpoints: async () => [ENDPOINT],
    deliveries: async () => ({ nodes: [DELIVERY], endCursor: null }),
    async create() {
      guard();
      return { endpoint: ENDPOINT, secret: "whsec_AAAA" };
    },
    async update() {
      guard();
      return ENDPOINT;
    },
    async rotate() {
      guard();
      return "whsec_BBBB";
    },
    async remove() {
      guard();
    },
    async sendTest() {
      guard();
      return DELIVERY;
    },
    async retry() {
      guard();
      return DELIVERY;
    },
  };
}
