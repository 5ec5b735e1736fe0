import type { Logger } from "pino";
import { Gauge } from "prom-client";
import type { Config } from "./config";
import { isLoopbackUrl } from "./config/public-origin";
import type { Database } from "./db/database";
import { enqueue } from "./db/repositories/jobs";
import { createSubscriptionStore } from "./db/repositories/webhook-subscriptions";
import { type KeptSubscription, SUBSCRIPTION_STATES } from "./domain/subscriptions";
import type { SubscriptionsApi } from "./services/api";
import { Postponed, type Schedule, type Task } from "./services/ports/jobs";
import type { SubscriptionStore } from "./services/ports/subscriptions";
import type { CallParts, ManagedProvider } from "./services/subscriptions/calls";
import { SubscriptionKeeper } from "./services/subscriptions/keeper";
import { overview } from "./services/subscriptions/overview";
import { callbackPath } from "./services/subscriptions/plan";
import { handshakes, VerificationTokens } from "./services/subscriptions/verification";
import type { GatewayTelemetry } from "./telemetry";
import type { Wearable } from "./wearables";

const TASK = "keep-subscriptions";
/** Seconds until a job is done that came before this process could answer a handshake. */
const NOT_YET_SECONDS = 2;

const UNKEPT =
  "WEBHOOK_BASE_URL is not set: these webhook subscriptions stay at the vendor until they end, or npm run subscriptions -- remove";

/** What keeping webhook subscriptions is made of. */
export interface SubscriptionSettings extends CallParts {
  readonly config: Config;
  readonly database: Database;
  readonly keys: readonly { readonly key: Uint8Array }[];
  readonly telemetry: Pick<GatewayTelemetry, "registry" | "fault">;
  readonly logger: Pick<Logger, "warn">;
  readonly wearables: readonly Wearable[];
}

/** Webhook subscriptions of this process. */
export interface OpenSubscriptions {
  readonly api: SubscriptionsApi;
  readonly tasks: readonly Task[];
  readonly schedules: readonly Schedule[];
  /** To be called once handshakes are answered: has the subscriptions looked after at once, or says that some go on unkept. */
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
      list: () => overview(store, providers, now()),
      handshake: handshakes(wearables, tokens),
    },
    tasks: [task],
    schedules: kept ? [{ task: TASK, cron: "41 * * * *" }] : [],
    async begin() {
      answering = true;
      if (kept) await database.application((tx) => enqueue(tx, { task: TASK, payload: {}, key: TASK }));
      for (const [provider, count] of unkept(await overview(store, providers, now()), now())) {
        settings.logger.warn({ provider, count }, UNKEPT);
      }
    },
  };
}

/** How many subscriptions vendors still deliver under, by provider, though nobody keeps them any more. */
function unkept(all: readonly KeptSubscription[], now: number): ReadonlyMap<string, number> {
  const going = all.filter((one) => one.state === "OFF" && one.vendorId !== null && (one.expiresAt ?? now + 1) > now);
  const counts = new Map<string, number>();
  for (const { provider } of going) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  return counts;
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
  const publicUrl = new URL(config.publicUrl);
  const isHere = isLoopbackUrl(publicUrl) && publicUrl.port !== "0";
  return simulator && config.auth.kind === "demo" && isHere ? config.publicUrl : null;
}

/** Figures read from the database when metrics are asked for; nothing rather than old ones where it is away. */
function showSubscriptions(
  { registry, fault }: SubscriptionSettings["telemetry"],
  store: SubscriptionStore,
  providers: readonly ManagedProvider[],
  now: () => number,
): void {
  const look = async () => [await overview(store, providers, now()), await store.foreignCounts()] as const;
  type Seen = Awaited<ReturnType<typeof look>>;
  // All gauges of a scrape are asked at once: one look serves them.
  let looking: Promise<Seen | null> | null = null;
  const seen = () => {
    looking ??= look()
      .catch((error: unknown) => {
        fault("counting webhook subscriptions", error);
        return null;
      })
      .finally(() => {
        looking = null;
      });
    return looking;
  };
  const gauge = (name: string, help: string, labelNames: string[], set: (gauge: Gauge, ...seen: Seen) => void) => {
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      async collect() {
        const found = await seen();
        this.reset();
        if (found) set(this, ...found);
      },
    });
  };
  const slugs = providers.map(({ provider }) => provider.slug);
  gauge(
    "gateway_webhook_subscriptions",
    "Webhook subscriptions at the vendors by state; foreign: those of other programs under the same credentials.",
    ["provider", "state"],
    (counts, all, foreign) => {
      for (const provider of slugs) {
        for (const state of SUBSCRIPTION_STATES) {
          const count = all.filter((one) => one.provider === provider && one.state === state).length;
          counts.set({ provider, state: state.toLowerCase() }, count);
        }
        counts.set({ provider, state: "foreign" }, foreign.get(provider) ?? 0);
      }
    },
  );
  gauge(
    "gateway_webhook_subscriptions_expiry_seconds",
    "Seconds until the first of the active webhook subscriptions ends.",
    ["provider"],
    (ends, all) => {
      for (const provider of slugs) {
        const active = all.filter((one) => one.provider === provider && one.state === "ACTIVE");
        const times = active.flatMap(({ expiresAt }) => expiresAt ?? []);
        if (times.length > 0) ends.set({ provider }, Math.floor(Math.min(...times) - now()));
      }
    },
  );
}
