import type { AuthSettings } from "./config/auth";
import type { EncryptionKey } from "./config/keys";
import { isLoopbackUrl } from "./config/public-origin";
import { isLoopback, type Role, SETTINGS, type Settings } from "./config/settings";
import { knownSources, type SourceOrder } from "./config/source-order";
import { readWearable, type WearableConfig } from "./config/wearables";
import { SettingError } from "./domain/errors";

/** Everything that is set from outside, checked. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  /** The origin under which vendors reach this gateway; null where they do not. */
  readonly webhookBaseUrl: string | null;
  readonly roles: readonly Role[];
  readonly logLevel: Settings["LOG_LEVEL"];
  /** Where the embedded database and a made key live. */
  readonly dataDirectory: string;
  readonly auth: AuthSettings;
  /** `url` is null for the embedded database; pool sizes are connections of one process. */
  readonly database: { readonly url: string | null; readonly pools: PoolSizes };
  /** Null for the in-process cache. */
  readonly redisUrl: string | null;
  /** Bytes of finished answers that one process keeps; 0 keeps none anywhere. */
  readonly answerCacheBytes: number;
  /** Registered operations: a JSON file or a folder of documents, null for none. `only`: no others are executed. */
  readonly persisted: { readonly path: string | null; readonly only: boolean };
  /** The current key first; null where the demo identity may make its own. */
  readonly encryptionKeys: readonly EncryptionKey[] | null;
  readonly linkCompletion: "callback" | "app";
  readonly allowedReturnUrls: readonly string[];
  readonly corsOrigins: readonly string[];
  /** False, a number of hops, or trusted addresses and CIDR ranges. */
  readonly trustProxy: boolean | number | readonly string[];
  /** Days of history that linking fetches; 0: none. */
  readonly backfillDays: number;
  /** When the last days of every account are read again: five fields of cron, UTC. */
  readonly syncCron: string;
  /** The operator's preference of providers by metric. */
  readonly sourceOrder: SourceOrder;
  /** Hosts (`host` or `host:port`) that outgoing webhooks may reach by http and at private addresses; none in production. */
  readonly webhookAllowPrivate: readonly string[];
  /** By slug. */
  readonly wearables: Readonly<Record<string, WearableConfig>>;
}

/** Connections that one process may hold to the database, by use. */
export interface PoolSizes {
  readonly api: number;
  readonly reads: number;
  readonly refresh: number;
  readonly attempts: number;
  readonly worker: number;
}

function readSettings(env: NodeJS.ProcessEnv): Settings {
  // Compose passes a variable that is not set as an empty one.
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = SETTINGS.safeParse(present);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SettingError(String(issue?.path[0] ?? "environment"), issue?.message ?? "is malformed");
}

function readAuth(settings: Settings): AuthSettings {
  const { AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = settings;
  if (secret && url) throw new SettingError("AUTH_JWKS_URL", "cannot be set beside AUTH_JWT_SECRET");
  if (secret) return { kind: "secret", secret, issuer: issuer ?? null, audience: audience ?? null };
  if (url) {
    if (!issuer) throw new SettingError("AUTH_ISSUER", "is missing beside AUTH_JWKS_URL");
    if (!audience) throw new SettingError("AUTH_AUDIENCE", "is missing beside AUTH_JWKS_URL");
    return { kind: "jwks", url, issuer, audience };
  }
  if (issuer || audience) {
    throw new SettingError(
      issuer ? "AUTH_ISSUER" : "AUTH_AUDIENCE",
      "needs AUTH_JWKS_URL or AUTH_JWT_SECRET beside it",
    );
  }
  if (settings.NODE_ENV === "production") {
    throw new SettingError("AUTH_JWKS_URL", "is missing: production needs it, or AUTH_JWT_SECRET");
  }
  return { kind: "demo" };
}

function checkTogether(settings: Settings, auth: AuthSettings): void {
  if (auth.kind === "demo" && !isLoopback(settings.HOST)) {
    throw new SettingError("HOST", "reaches beyond this machine, which needs AUTH_JWKS_URL or AUTH_JWT_SECRET");
  }
  if (auth.kind !== "demo" && !settings.ENCRYPTION_KEYS) {
    throw new SettingError("ENCRYPTION_KEYS", "is missing: only the demo identity makes its own key");
  }
  if (settings.PERSISTED_ONLY === "true" && !settings.PERSISTED_OPERATIONS) {
    throw new SettingError("PERSISTED_ONLY", "needs PERSISTED_OPERATIONS beside it");
  }
  if (auth.kind !== "demo" && settings.WEBHOOK_BASE_URL && isLoopbackUrl(settings.WEBHOOK_BASE_URL)) {
    throw new SettingError("WEBHOOK_BASE_URL", "is of this machine, where only the demo's simulated vendors reach it");
  }
  if (settings.NODE_ENV === "production" && !settings.DATABASE_URL) {
    throw new SettingError("DATABASE_URL", "is missing: production has no embedded database");
  }
  if (settings.NODE_ENV === "production" && settings.WEBHOOK_ALLOW_PRIVATE.length > 0) {
    throw new SettingError("WEBHOOK_ALLOW_PRIVATE", "is for development: production reaches public addresses only");
  }
}

/** Reads and checks all settings for the wearables of the given slugs; throws a {@link SettingError} that names the first faulty one. */
export function readConfig(env: NodeJS.ProcessEnv, slugs: readonly string[]): Config {
  const settings = readSettings(env);
  const auth = readAuth(settings);
  checkTogether(settings, auth);
  const publicUrl = (settings.PUBLIC_URL?.href ?? `http://localhost:${settings.PORT}`).replace(/\/+$/, "");
  const pools: PoolSizes = {
    api: settings.DATABASE_POOL_API,
    reads: settings.DATABASE_POOL_READS,
    refresh: settings.DATABASE_POOL_REFRESH,
    attempts: settings.DATABASE_POOL_ATTEMPTS,
    worker: settings.DATABASE_POOL_WORKER,
  };
  return {
    production: settings.NODE_ENV === "production",
    host: settings.HOST,
    port: settings.PORT,
    publicUrl,
    webhookBaseUrl: settings.WEBHOOK_BASE_URL?.origin ?? null,
    roles: settings.ROLES,
    logLevel: settings.LOG_LEVEL,
    dataDirectory: settings.DATA_DIR,
    auth,
    database: { url: settings.DATABASE_URL ?? null, pools },
    redisUrl: settings.REDIS_URL ?? null,
    persisted: { path: settings.PERSISTED_OPERATIONS ?? null, only: settings.PERSISTED_ONLY === "true" },
    answerCacheBytes: settings.ANSWER_CACHE_MB * 1024 * 1024,
    encryptionKeys: settings.ENCRYPTION_KEYS ?? null,
    linkCompletion: settings.LINK_COMPLETION ?? (auth.kind === "demo" ? "callback" : "app"),
    allowedReturnUrls: settings.ALLOWED_RETURN_URLS,
    corsOrigins: settings.CORS_ORIGINS,
    trustProxy: settings.TRUST_PROXY,
    webhookAllowPrivate: settings.WEBHOOK_ALLOW_PRIVATE,
    backfillDays: settings.BACKFILL_DAYS,
    syncCron: settings.SYNC_CRON,
    sourceOrder: knownSources(settings.SOURCE_ORDER, slugs),
    wearables: Object.fromEntries(slugs.map((slug) => [slug, readWearable(env, slug, publicUrl)])),
  };
}

/** {@link readConfig} of this process's environment. */
export function loadConfig(slugs: readonly string[]): Config {
  return readConfig(process.env, slugs);
}
