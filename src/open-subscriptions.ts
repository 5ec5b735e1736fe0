import { Gauge, type Registry } from "prom-client";
import type { Config } from "./config";
import { isLoopback } from "./config/settings";
import type { Database } from "./db/database";
import { enqueue } from "./db/repositories/jobs";
import { createSubscriptionStore } from "./db/repositories/webhook-subscriptions";
import { SUBSCRIPTION_STATES } from "./domain/subscriptions";
import type { SubscriptionsApi } from "./services/api";
import { Postponed, type Schedule, type Task } from "./services/ports/jobs";
import type { SubscriptionStore } from "./services/ports/subscriptions";
import type { CallParts, ManagedProvider } from "./services/subscriptions/calls";
import { SubscriptionKeeper } from "./services/subscriptions/keeper";
import { overview } from "./services/subscriptions/overview";
import { callbackPath } from "./services/subscriptions/plan";
import { answerHandshake, VerificationTokens } from "./services/subscriptions/verification";
import type { GatewayTelemetry } from "./telemetry";
import type { Wearable } from "./wearables";

const TASK = "keep-subscriptions";
/** Seconds until a job is done that came before this process could answer a handshake. */
const NOT_YET_SECONDS = 2;
/** Milliseconds that a scrape waits for the database before it shows what was known last. */
const SCRAPE_PATIENCE_MS = 1_000;

/** What keeping webhook subscriptions is made of. */
export interface SubscriptionSettings extends CallParts {
  readonly config: Config;
  readonly database: Database;
  readonly keys: readonly { readonly key: Uint8Array }[];
  readonly telemetry: Pick<GatewayTelemetry, "registry" | "fault">;
  readonly wearables: readonly Wearable[];
}

/** Webhook subscriptions of this process. */
export interface OpenSubscriptions {
  readonly api: SubscriptionsApi;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  /** To be called once handshakes are answered: has the subscriptions looked after at once. */
  begin(): Promise<void>;
}

/** Wires webhook subscriptions: the keeper's task, what is shown of it, and the answers to handshakes. */
export function openSubscriptions(settings: SubscriptionSettings): OpenSubscriptions {
  const { config, database, wearables, telemetry, now } = settings;
  const store = createSubscriptionStore(database);
  const tokens = new VerificationTokens(settings.keys);
  const providers = wearables.flatMap((wearable) => managed(wearable, callbackBase(config, wearable)));
  const keeper = new SubscriptionKeeper({ ...settings, store, tokens, providers });
  const kept = providers.some(({ callbackUrl }) => callbackUrl !== null);
  showSubscriptions(telemetry, store, providers, now);
  let answering = !config.roles.includes("api");
  const task: Task = {
    name: TASK,
    lane: "live",
    async run(_payload, { signal }) {
      if (!answering) throw new Postponed(now() + NOT_YET_SECONDS, "handshakes cannot be answered yet");
      await keeper.keep(signal);
    },
  };
  return {
    api: {
      list: () => overview(store, providers),
      handshake: (slug, query) => {
        const handshake = wearables.find(({ provider }) => provider.slug === slug)?.provider.webhookSubscriptions
          ?.handshake;
        return handshake ? answerHandshake(slug, handshake, tokens, query) : null;
      },
    },
    tasks: [task],
    schedules: kept ? [{ task: TASK, cron: "41 * * * *" }] : [],
    async begin() {
      answering = true;
      if (kept) await database.application((tx) => enqueue(tx, { task: TASK, payload: {}, key: TASK }));
    },
  };
}

/** A wearable's subscriptions, if they can be managed with the credentials that are set; none otherwise. */
export function managed({ provider, apiUrl, client }: Wearable, base: string | null): ManagedProvider[] {
  const profile = provider.webhookSubscriptions;
  if (!profile || !client) return [];
  const callbackUrl = base === null ? null : `${base}${callbackPath(provider.slug)}`;
  return [{ provider, profile, apiUrl, client, callbackUrl }];
}

/** Where the vendor of a wearable reaches this gateway: a simulated one can without being told, as long as all is on one machine. */
function callbackBase(config: Config, { simulator }: Wearable): string | null {
  if (config.webhookBaseUrl !== null) return config.webhookBaseUrl;
  const { hostname, port } = new URL(config.publicUrl);
  const isHere = isLoopback(hostname.replace(/^\[|\]$/g, "")) && port !== "0";
  return simulator && config.auth.kind === "demo" && isHere ? config.publicUrl : null;
}

function showSubscriptions(
  { registry, fault }: SubscriptionSettings["telemetry"],
  store: SubscriptionStore,
  providers: readonly ManagedProvider[],
  now: () => number,
): void {
  const registers = [registry as Registry];
  const counts = new Gauge({
    name: "gateway_webhook_subscriptions",
    help: "Webhook subscriptions at the vendors by state; foreign: those that deliver elsewhere.",
    labelNames: ["provider", "state"],
    registers,
    collect: () => within(SCRAPE_PATIENCE_MS, refresh()),
  });
  const ends = new Gauge({
    name: "gateway_webhook_subscriptions_expiry_seconds",
    help: "Seconds until the first of the active webhook subscriptions ends.",
    labelNames: ["provider"],
    registers,
  });
  const refresh = async () => {
    try {
      const [all, foreign] = [await overview(store, providers), await store.foreignCounts()];
      for (const { provider } of providers) {
        const own = all.filter((one) => one.provider === provider.slug);
        for (const state of SUBSCRIPTION_STATES) {
          const count = own.filter((one) => one.state === state).length;
          counts.set({ provider: provider.slug, state: state.toLowerCase() }, count);
        }
        counts.set({ provider: provider.slug, state: "foreign" }, foreign.get(provider.slug) ?? 0);
        const active = own.flatMap(({ state, expiresAt }) =>
          state === "ACTIVE" && expiresAt !== null ? expiresAt : [],
        );
        if (active.length > 0) ends.set({ provider: provider.slug }, Math.floor(Math.min(...active) - now()));
        else ends.remove({ provider: provider.slug });
      }
    } catch (error) {
      fault("counting webhook subscriptions", error);
    }
  };
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
