import { z } from "zod";
import { documentId, expectShape, type OAuthProfile, type Provider } from "../contract";
import { COLLECTION, endpoints } from "./endpoints";
import { webhookSubscriptions } from "./subscriptions";
import { synthetic } from "./synthetic";
import { webhook } from "./webhook";

/**
 * Oura's older OAuth generation; apps made at developer.ouraring.com set the addresses of the newer by environment.
 * @see README.md, "OAuth"
 */
const oauth: OAuthProfile = {
  authorizeUrl: "https://cloud.ouraring.com/oauth/authorize",
  tokenUrl: "https://api.ouraring.com/oauth/token",
  revocation: {
    url: "https://api.ouraring.com/oauth/revoke",
    method: "POST",
    token: "access",
    tokenIn: "query",
    parameter: "access_token",
  },
  scopes: [
    "email",
    "personal",
    "daily",
    "heartrate",
    "workout",
    "tag",
    "session",
    "spo2",
    "heart_health",
    "stress",
    "ring_configuration",
  ],
  defaultScopes: ["daily"],
  grantedScopePrefix: "extapi:",
  refresh: "rotating",
  defaultExpiresInSeconds: 86_400,
};

const personalInfo = z.object({ id: documentId });

/** The Oura ring, by the Oura API v2. */
export const oura: Provider = {
  slug: "oura",
  displayName: "Oura",
  apiUrl: "https://api.ouraring.com",
  oauth,
  identity: {
    from: "request",
    request: { method: "GET", path: `${COLLECTION}personal_info` },
    read: (body) => expectShape(personalInfo, body).id,
  },
  settlesAfterDays: 7,
  budgets: [{ requests: 5_000, seconds: 300 }],
  // A 429 names the tier that was exceeded: one person's token, or the application.
  rateLimitScope: (headers) => (headers["x-ratelimit-tier"]?.toLowerCase() === "token" ? "account" : "application"),
  mapperVersion: 1,
  endpoints,
  webhook,
  webhookSubscriptions,
  synthetic,
};
