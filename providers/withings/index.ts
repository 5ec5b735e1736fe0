import type { OAuthProfile, Provider } from "../contract";
import { endpoints } from "./endpoints";
import { synthetic } from "./synthetic";
import { webhook } from "./webhook";
import { bodyFailure, tokenRefusal } from "./wire-status";

/** OAuth 2.0 with tokens under `body` and refusals inside HTTP 200; revoking wants a signature, so that there is no plain way. */
const oauth: OAuthProfile = {
  authorizeUrl: "https://account.withings.com/oauth2_user/authorize2",
  tokenUrl: "https://wbsapi.withings.net/v2/oauth2",
  scopeSeparator: ",",
  scopes: ["user.info", "user.metrics", "user.activity", "user.sleepevents"],
  defaultScopes: ["user.activity"],
  refresh: "rotating",
  defaultExpiresInSeconds: 10_800,
  tokenParameters: { action: "requesttoken" },
  tokenAnswerUnder: "body",
  tokenRefusal,
};

/** Withings watches and sleep mats, by the Withings public API. */
export const withings: Provider = {
  slug: "withings",
  displayName: "Withings",
  apiUrl: "https://wbsapi.withings.net",
  oauth,
  identity: { from: "token", field: "userid" },
  settlesAfterDays: 7,
  mapperVersion: 1,
  endpoints,
  budgets: [{ requests: 120, seconds: 60 }],
  bodyFailure,
  webhook,
  synthetic,
};
