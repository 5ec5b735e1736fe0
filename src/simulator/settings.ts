import { z } from "zod";

/** How the vendor behaves apart from faults; all may be changed while it runs. */
export const settingsSchema = z.strictObject({
  /** Documents per page; null: the vendor's own. */
  pageSize: z.int().min(1).nullable(),
  /** Lifetime in seconds of access tokens issued from now on; null: the vendor's own. */
  accessTokenSeconds: z.int().min(0).nullable(),
  /** Scopes, in the vendor's own words, that no person grants. */
  withheldScopes: z.array(z.string()).readonly(),
  /** Requests for data that are answered in any so many seconds, the others refused as the vendor does; null: all. */
  rateLimit: z
    .strictObject({ requests: z.int().min(0), seconds: z.int().min(1) })
    .readonly()
    .nullable(),
});

/** See {@link settingsSchema}. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;

/** The vendor's own behaviour: its page size and token lifetime, every scope granted. */
export const DEFAULT_SETTINGS: Settings = {
  pageSize: null,
  accessTokenSeconds: null,
  withheldScopes: [],
  rateLimit: null,
};
