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
      const clientSecret = createHmac("sha256", key).update(`simulator ${provider.slug}`).digest("hex");
      const simulator = await startSimulator({
        provider,
        clientId: "gateway",
        clientSecret,
        redirectUris: [settings.redirectUri],
        stateFile: join(config.dataDirectory, "simulator", `${provider.slug}.json`),
        log: logger,
      });
      const { origin, authorizeUrl, tokenUrl, revokeUrl } = simulator;
      const addresses = { apiUrl: origin, authorizeUrl, tokenUrl, revokeUrl };
      const client = { id: "gateway", secret: clientSecret };
      return { ...atVendor(provider, { ...settings, ...addresses, client }), simulator };
    }),
  );
}

function atVendor(provider: Provider, settings: WearableConfig): Wearable {
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
  return { provider, apiUrl: settings.apiUrl ?? provider.apiUrl, client, budgets, simulator: null };
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
