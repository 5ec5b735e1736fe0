import { z } from "zod";
import { civilDayText, type Endpoint, expectShape, type Provider, type WebhookProfile } from "../../providers/contract";
import { acme } from "./reading-acme";

const Notice = z.object({
  id: z.string(),
  user: z.string(),
  type: z.string(),
  document: z.string().optional(),
  from: civilDayText.optional(),
  to: civilDayText.optional(),
  again: z.boolean().optional(),
});
const Notices = z.union([z.array(Notice), Notice.transform((one) => [one])]);

/** A notice of the made-up vendor: `type` is an endpoint, a dot and a change; `again`: the same words may be said of a later change. */
export type AcmeNotice = z.input<typeof Notice>;

function withDocuments(endpoint: Endpoint): Endpoint {
  return {
    ...endpoint,
    document: {
      request: (id) => ({ method: "GET", path: `/v1/${endpoint.name}/${encodeURIComponent(id)}` }),
      read: (body) => endpoint.read({ items: [body], next: null }),
    },
  };
}

/** Signed in hexadecimal with the client's secret over seconds and body; several notices in one body. */
export const acmeWebhook: WebhookProfile = {
  signature: {
    header: "x-acme-signature",
    encoding: "hex",
    timestamp: { header: "x-acme-time", unit: "seconds" },
    key: "client_secret",
  },
  answerWithinSeconds: 10,
  isPing: (body) => body instanceof Object && Reflect.get(body, "ping") === true,
  read: (body) =>
    expectShape(Notices, body).map(({ id, user, type, document, from, to, again }) => {
      const [endpoint = "", change] = type.split(".");
      const known = acme.endpoints.some(({ name }) => name === endpoint);
      return {
        key: id,
        vendorUserId: user,
        change: change === "created" || change === "deleted" ? change : "updated",
        endpoints: known ? [endpoint] : [],
        ...(again ? { repeats: true } : {}),
        ...(known && document !== undefined ? { document: { endpoint, id: document } } : {}),
        ...(from && to ? { days: { start: from, end: to } } : {}),
      };
    }),
};

/** Acme with webhooks and single documents; no test of reading alone needs either. */
export const acmeWithWebhooks: Provider = {
  ...acme,
  endpoints: acme.endpoints.map(withDocuments),
  webhook: acmeWebhook,
};
