import { randomBytes } from "node:crypto";
import type { Provider, WebhookHandshake } from "../../providers/contract";
import { oura } from "../../providers/oura";
import { type HandshakeParty, handshakes, VerificationTokens } from "../../src/services/subscriptions/verification";
import { type Simulator, startSimulator } from "../../src/simulator";
import { type FakeGateway, startFakeGateway } from "./fake-gateway";
import { fakeServices } from "./fake-services";
import { acmeWebhook, acmeWithWebhooks } from "./webhook-acme";

/** The forms in which vendors ask whether we want their notices, each of a made-up vendor named by what is told in it. */
export const FORMS = {
  /** A challenge in JSON under its own name, refused by 401. */
  token: { token: "verification_token", challenge: "challenge", refusal: 401 },
  /** A code that the vendor issued, nothing repeated, refused by 404 as if nobody were there. */
  code: { token: "verify", issuer: "vendor", challenge: null, refusal: 404 },
  /** Like a hub of WebSub, but answered in JSON, refused by 403. */
  hub: {
    token: "hub.verify_token",
    challenge: "hub.challenge",
    fixed: { "hub.mode": "subscribe" },
    refusal: 403,
  },
} as const satisfies Readonly<Record<string, WebhookHandshake>>;

/** The code that the vendor of the form `code` has issued. */
export const CODE = randomBytes(16).toString("hex");

/** A gateway's HTTP side that answers handshakes of all {@link FORMS}, at the addresses of their names, and of none at `unset` and `codeless`. */
export interface HandshakeServer {
  readonly gateway: FakeGateway;
  readonly tokens: VerificationTokens;
  /** Asks as a vendor does. */
  ask(name: string, query: Readonly<Record<string, string>> | string): ReturnType<FakeGateway["fetch"]>;
}

/** A made-up vendor that asks in a form. */
function withHandshake(slug: string, handshake: WebhookHandshake): Provider {
  return { ...acmeWithWebhooks, slug, webhook: { ...acmeWebhook, handshake } };
}

/** Starts it over fake services. */
export async function startHandshakeServer(): Promise<HandshakeServer> {
  const tokens = new VerificationTokens([{ key: randomBytes(32) }]);
  const party = (slug: string, form: WebhookHandshake, over: Partial<HandshakeParty> = {}): HandshakeParty => ({
    ...{ provider: withHandshake(slug, form), webhookSecret: "a secret" },
    handshakeCode: form.issuer === "vendor" ? CODE : null,
    ...over,
  });
  const parties = [
    ...Object.entries(FORMS).map(([slug, form]) => party(slug, form)),
    party("unset", FORMS.hub, { webhookSecret: null }),
    party("codeless", FORMS.code, { handshakeCode: null }),
    { provider: { ...acmeWithWebhooks, slug: "silent" }, webhookSecret: "a secret", handshakeCode: null },
  ];
  const services = fakeServices();
  const subscriptions = { ...services.subscriptions, handshake: handshakes(parties, tokens) };
  const gateway = await startFakeGateway({ services: { ...services, subscriptions } });
  const ask: HandshakeServer["ask"] = (name, query) => gateway.fetch(`/webhooks/${name}?${new URLSearchParams(query)}`);
  return { gateway, tokens, ask };
}

/** A stand-in of a vendor that takes subscriptions, and asks in a form before it does. */
export function startAskingVendor(handshake: WebhookHandshake): Promise<Simulator> {
  const { webhook } = oura;
  if (!webhook) throw new Error("expected webhooks");
  return startSimulator({
    provider: { ...oura, webhook: { ...webhook, handshake } },
    ...{ clientId: "application", clientSecret: "its secret" },
  });
}
