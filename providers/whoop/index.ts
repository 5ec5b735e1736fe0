import { z } from "zod";
import { expectShape, type OAuthProfile, type Provider } from "../contract";
import { endpoints, ROOT } from "./endpoints";
import { synthetic } from "./synthetic";
import { webhook } from "./webhook";
import { integerId } from "./wire";

/**
 * WHOOP's OAuth; refreshing the same grant twice at once kills it.
 * @see https://developer.whoop.com/docs/developing/oauth
 */
const oauth: OAuthProfile = {
  authorizeUrl: "https://api.prod.whoop.com/oauth/oauth2/auth",
  tokenUrl: "https://api.prod.whoop.com/oauth/oauth2/token",
  revocation: {
    url: "https://api.prod.whoop.com/developer/v2/user/access",
    method: "DELETE",
    token: "access",
    tokenIn: "bearer",
  },
  scopes: [
    "offline",
    "read:profile",
    "read:sleep",
    "read:recovery",
    "read:cycles",
    "read:workout",
    "read:body_measurement",
  ],
  // Without `offline` there is no refresh token, without `read:profile` nobody says whose account it is.
  defaultScopes: ["offline", "read:profile", "read:sleep", "read:recovery", "read:cycles"],
  refresh: "rotating",
  refreshParameters: { scope: "offline" },
  defaultExpiresInSeconds: 3600,
};

const profile = z.object({ user_id: integerId });

/** The WHOOP strap, by the WHOOP API v2. */
export const whoop: Provider = {
  slug: "whoop",
  displayName: "WHOOP",
  apiUrl: "https://api.prod.whoop.com",
  oauth,
  identity: {
    from: "request",
    request: { method: "GET", path: `${ROOT}user/profile/basic` },
    read: (body) => expectShape(profile, body).user_id,
  },
  settlesAfterDays: 7,
  mapperVersion: 2,
  endpoints,
  budgets: [
    { requests: 100, seconds: 60 },
    { requests: 10_000, seconds: 86_400 },
  ],
  webhook,
  synthetic,
};
