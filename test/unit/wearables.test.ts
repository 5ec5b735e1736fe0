import type { Provider } from "../../providers/contract";
import type { WearableConfig } from "../../src/config/wearables";
import { atVendor } from "../../src/wearables";
import { acmeWebhook, acmeWithWebhooks } from "../support/webhook-acme";

const SETTINGS: WearableConfig = {
  client: { id: "client", secret: "of the client" },
  redirectUri: "https://gateway.example/oauth/acme/callback",
  ...{ apiUrl: null, authorizeUrl: null, tokenUrl: null, revokeUrl: null, requestBudget: null },
  webhookSecret: "as set",
};
const asking = (issuer: "gateway" | "vendor"): Provider => ({
  ...acmeWithWebhooks,
  webhook: { ...acmeWebhook, handshake: { token: "verify", issuer, challenge: null, refusal: 404 } },
});

test.each([
  ["no handshake", acmeWithWebhooks],
  ["a handshake by our token", asking("gateway")],
])("%s: what is set as the secret of webhooks verifies them, else the client's", (_name, provider) => {
  expect(atVendor(provider, SETTINGS)).toMatchObject({ webhookSecret: "as set", handshakeCode: null });
  const unset = { ...SETTINGS, webhookSecret: null };
  expect(atVendor(provider, unset)).toMatchObject({ webhookSecret: "of the client", handshakeCode: null });
});

test("a handshake by the vendor's code: that is set, and the client's secret verifies notices", () => {
  const provider = asking("vendor");
  expect(atVendor(provider, SETTINGS)).toMatchObject({ webhookSecret: "of the client", handshakeCode: "as set" });
  const unset = { ...SETTINGS, webhookSecret: null };
  expect(atVendor(provider, unset)).toMatchObject({ webhookSecret: "of the client", handshakeCode: null });
  const bare = { ...SETTINGS, client: null };
  expect(atVendor(provider, bare)).toMatchObject({ webhookSecret: null, handshakeCode: "as set" });
});
