import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "pino";
import { fieldsOf, metricsOf, type Provider, type RequestBudget } from "../providers/contract";
import { providers } from "../providers/registry";
import type { Config } from "./config";
import type { WearableConfig } from "./config/wearables";
import type { OAuthClient } from "./oauth/client";
import type { ProviderFacts } from "./services/api";
import type { ConfiguredProvider } from "./services/fetching/ask";
import { type Simulator, startSimulator } from "./simulator";

/** A wearable as it is reached from here: at its vendor, at a simulator, or not at all (no client). */
export interface Wearable extends ConfiguredProvider {
  readonly client: OAuthClient | null;
  /** The operator's limits on requests, or the vendor's. */
  readonly budgets: readonly RequestBudget[];
  /** What its webhooks are verified with; null where there is nothing: then none is taken. */
  readonly webhookSecret: string | null;
  /** The code by which the vendor's handshake is known, where the vendor issues it; null where none is set. */
  readonly handshakeCode: string | null;
  readonly simulator: Simulator | null;
}

/** Every wearable; one without credentials is simulated, except in production. `key`: what simulated credentials follow from. */
export async function openWearables(config: Config, key: Buffer, logger: Logger): Promise<Wearable[]> {
  return Promise.all(
    providers.map(async (provider): Promise<Wearable> => {
      const settings = config.wearables[provider.slug];
      if (!settings) throw new RangeError(`expected settings of ${provider.slug}`);
      if (settings.client || config.production) return atVendor(provider, settings);
      // Stable from start to start, so that accounts linked to the simulator stay linked.
      const derived = (what: string) => createHmac("sha256", key).update(`simulator ${what}`).digest("hex");
      const clientSecret = derived(provider.slug);
      const client = { id: "gateway", secret: clientSecret };
      const webhookSecret = webhookSecretOf(provider, { ...settings, client }) ?? derived(`${provider.slug} webhooks`);
      const simulator = await startSimulator({
        provider,
        clientId: "gateway",
        clientSecret,
        webhookSecret,
        redirectUris: [settings.redirectUri],
        stateFile: join(config.dataDirectory, "simulator", `${provider.slug}.json`),
        log: logger,
      });
      const { origin, authorizeUrl, tokenUrl, revokeUrl } = simulator;
      const addresses = { apiUrl: origin, authorizeUrl, tokenUrl, revokeUrl };
      return { ...atVendor(provider, { ...settings, ...addresses, client, webhookSecret }), simulator };
    }),
  );
}

/** A wearable with the given settings, never simulated. */
export function atVendor(provider: Provider, settings: WearableConfig): Wearable {
  const { oauth } = provider;
  const client = settings.client && {
    provider: provider.slug,
    profile: oauth,
    clientId: settings.client.id,
    clientSecret: settings.client.secret,
    redirectUri: settings.redirectUri,
    authorizeUrl: settings.authorizeUrl ?? oauth.authorizeUrl,
    tokenUrl: settings.tokenUrl ?? oauth.tokenUrl,
    revokeUrl: settings.revokeUrl ?? oauth.revocation?.url ?? null,
  };
  const budgets = settings.requestBudget ?? provider.budgets;
  const webhookSecret = webhookSecretOf(provider, settings);
  const handshakeCode = isHandshakeCode(provider) ? settings.webhookSecret : null;
  const apiUrl = settings.apiUrl ?? provider.apiUrl;
  return { provider, apiUrl, client, budgets, webhookSecret, handshakeCode, simulator: null };
}

/** What webhooks are verified with: what is set for it, else the client's secret where the vendor signs with that. */
function webhookSecretOf(provider: Provider, { webhookSecret, client }: WearableConfig): string | null {
  const { webhook } = provider;
  const ofClient = webhook && webhook.signature !== "secret_path" && webhook.signature.key === "client_secret";
  return (isHandshakeCode(provider) ? null : webhookSecret) ?? (ofClient ? (client?.secret ?? null) : null);
}

/** Whether what is set as the secret of the webhooks is the vendor's code for the handshake. */
function isHandshakeCode({ webhook }: Provider): boolean {
  return webhook?.handshake?.issuer === "vendor";
}

/** Tells the simulators where this gateway takes webhooks; `address`: where it listens. */
export function tellSimulators(wearables: readonly Wearable[], address: string): void {
  for (const { provider, simulator, webhookSecret } of wearables) {
    if (!simulator || !provider.webhook || webhookSecret === null) continue;
    const secret = provider.webhook.signature === "secret_path" ? `/${webhookSecret}` : "";
    simulator.change({ webhookUrl: `${address}/webhooks/${provider.slug}${secret}` });
  }
}

/** The origins that the gateway itself may ask: those of the effective addresses, nothing else. */
export function originsOf({ apiUrl, client }: Wearable): ReadonlySet<string> {
  const addresses = [apiUrl, client?.tokenUrl, client?.revokeUrl].filter((address) => address != null);
  return new Set(addresses.map((address) => new URL(address).origin));
}

/** What the gateway says of a wearable. */
export function factsOf({ provider, client }: Wearable): ProviderFacts {
  const { slug, displayName, oauth } = provider;
  return {
    provider: slug,
    displayName,
    configured: client !== null,
    metrics: metricsOf(provider),
    scopes: oauth.scopes,
    fields: fieldsOf(provider),
  };
}
