import { z } from "zod";

/** How the vendor behaves apart from faults; all may be changed while it runs. */
export const settingsSchema = z.strictObject({
  /** Documents per page; null: the vendor's own. */
  pageSize: z.int().min(1).nullable(),
  /** Lifetime in seconds of access tokens issued from now on; null: the vendor's own. */
  accessTokenSeconds: z.int().min(0).nullable(),
  /** Lifetime in seconds of webhook subscriptions made or renewed from now on; null: the vendor's own. */
  subscriptionSeconds: z.int().min(0).nullable(),
  /** Scopes, in the vendor's own words, that no person grants. */
  withheldScopes: z.array(z.string()).readonly(),
  /** Requests for data that are answered in any so many seconds, the others refused as the vendor does; null: all. */
  rateLimit: z
    .strictObject({ requests: z.int().min(0), seconds: z.int().min(1) })
    .readonly()
    .nullable(),
  /** Where webhooks are sent, as its owner has entered it in the vendor's dashboard; null: nowhere. */
  webhookUrl: z.httpUrl().nullable(),
  /** Milliseconds until a webhook that was not taken is sent again, twice as long each time, ten times in all. */
  webhookRetryMs: z.int().min(1),
  /** How often each webhook is sent, for receivers that must not count it twice. */
  webhookCopies: z.int().min(1).max(1_000),
  /** Milliseconds that webhooks are late by. */
  webhookDelayMs: z.int().min(0).max(600_000),
  /** Whether what was changed together is told in the opposite order, one after the other. */
  webhooksReversed: z.boolean(),
  /** Whether webhooks are sent with a wrong signature. */
  webhooksForged: z.boolean(),
});

/** See {@link settingsSchema}. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** An hour for ten retries. */
const RETRY_MS = 3_500;

/** The vendor's own behaviour: its page size, its lifetimes, every scope granted, webhooks sent nowhere. */
export const DEFAULT_SETTINGS: Settings = {
  pageSize: null,
  accessTokenSeconds: null,
  subscriptionSeconds: null,
  withheldScopes: [],
  rateLimit: null,
  webhookUrl: null,
  webhookRetryMs: RETRY_MS,
  webhookCopies: 1,
  webhookDelayMs: 0,
  webhooksReversed: false,
  webhooksForged: false,
};
