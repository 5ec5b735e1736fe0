import type { OAuthProfile, Provider } from "../contract";
import { endpoints } from "./endpoints";
import { synthetic } from "./synthetic";
import { webhook } from "./webhook";

/** Scope, singular: AccessLink v3 knows no other. */
const READ_ALL = "accesslink.read_all";

/**
 * Tokens live for years and are never refreshed; de-registering the user is what revokes them.
 * @see README.md, "OAuth"
 */
const oauth: OAuthProfile = {
  authorizeUrl: "https://flow.polar.com/oauth2/authorization",
  tokenUrl: "https://polarremote.com/v2/oauth2/token",
  revocation: {
    url: "https://www.polaraccesslink.com/v3/users/{vendorUserId}",
    method: "DELETE",
    token: "access",
    tokenIn: "bearer",
  },
  clientAuthentication: "basic",
  scopes: [READ_ALL],
  defaultScopes: [READ_ALL],
  refresh: "none",
  defaultExpiresInSeconds: 315_359_999,
};

/** Polar watches and bands, by Polar AccessLink v3. */
export const polar: Provider = {
  slug: "polar",
  displayName: "Polar",
  apiUrl: "https://www.polaraccesslink.com",
  oauth,
  // Without this call every request for data is refused; 409 says that it was made before.
  afterLink: (vendorUserId) => ({ method: "POST", path: "/v3/users", json: { "member-id": vendorUserId } }),
  identity: { from: "token", field: "x_user_id" },
  settlesAfterDays: 7,
  mapperVersion: 1,
  endpoints,
  budgets: [
    { requests: 500, perAccount: 20, seconds: 900 },
    { requests: 5_000, perAccount: 100, seconds: 86_400 },
  ],
  webhook,
  synthetic,
};
