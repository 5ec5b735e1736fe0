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
});

/** See {@link settingsSchema}. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** The vendor's own behaviour: its page size, its lifetimes, every scope granted. */
export const DEFAULT_SETTINGS: Settings = {
  pageSize: null,
  accessTokenSeconds: null,
  subscriptionSeconds: null,
  withheldScopes: [],
};
