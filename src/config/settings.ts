import { z } from "zod";
import { cronLine, exactAddresses, hostList, httpAddress, originList, wholeNumber } from "./formats";
import { keyRing } from "./keys";
import { publicOrigin } from "./public-origin";
import { sourceOrder } from "./source-order";

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "::1"]);
const ROLE_NAMES = ["api", "worker"] as const;

/** What a process does; `api` answers requests, `worker` works off jobs. */
export type Role = (typeof ROLE_NAMES)[number];

/** Whether a HOST setting binds to this machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_HOSTS.has(host);
}

const roles = z.string().transform((text, context): readonly Role[] => {
  const asked = text.split(",").map((name) => name.trim());
  const known = ROLE_NAMES.filter((name) => asked.includes(name));
  if (known.length === asked.length) return known;
  context.addIssue({ code: "custom", message: "expected api, worker or api,worker" });
  return z.NEVER;
});

const proxies = z.string().transform((text, context): boolean | number | readonly string[] => {
  if (text === "false") return false;
  if (/^[1-9]$/.test(text)) return Number(text);
  const addresses = text.split(",").map((address) => address.trim());
  if (addresses.every((address) => /^[0-9a-f.:]+(?:\/\d{1,3})?$/i.test(address) && /[.:]/.test(address)))
    return addresses;
  context.addIssue({
    code: "custom",
    message: "expected false, a number of hops from 1 to 9, or a list of addresses or CIDR ranges",
  });
  return z.NEVER;
});

const databaseUrl = z.string().refine((text) => /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text), {
  message: "expected postgresql://user:password@host:port/database",
});
const redisUrl = z.string().refine((text) => /^rediss?:\/\//.test(text) && URL.canParse(text), {
  message: "expected redis://host:port or rediss://host:port",
});
const secret = z.string().transform((text, context): Uint8Array => {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length >= 32) return bytes;
  context.addIssue({ code: "custom", message: "expected at least 32 bytes" });
  return z.NEVER;
});

/** Every setting that is not of one wearable, as text of the environment; empty counts as absent. */
export const SETTINGS = z.object({
  NODE_ENV: z
    .enum(["production", "development", "test"], { error: "expected production, development or test" })
    .default("development"),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,255}$/, "expected a host name or address")
    .default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535).default(4000),
  PUBLIC_URL: httpAddress.optional(),
  WEBHOOK_BASE_URL: publicOrigin.optional(),
  ROLES: roles.default(["api", "worker"]),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], { error: "expected debug, info, warn, error or silent" })
    .default("info"),
  DATA_DIR: z.string().default(".data"),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_API: wholeNumber(1, 500).default(10),
  DATABASE_POOL_READS: wholeNumber(1, 500).default(4),
  DATABASE_POOL_REFRESH: wholeNumber(1, 100).default(5),
  DATABASE_POOL_ATTEMPTS: wholeNumber(1, 20).default(1),
  DATABASE_POOL_WORKER: wholeNumber(1, 100).default(4),
  REDIS_URL: redisUrl.optional(),
  PERSISTED_OPERATIONS: z.string().optional(),
  PERSISTED_ONLY: z.enum(["true", "false"], { error: "expected true or false" }).default("false"),
  ANSWER_CACHE_MB: wholeNumber(0, 65_536).default(96),
  ENCRYPTION_KEYS: keyRing.optional(),
  AUTH_JWT_SECRET: secret.optional(),
  AUTH_JWKS_URL: httpAddress.optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  LINK_COMPLETION: z.enum(["callback", "app"], { error: "expected callback or app" }).optional(),
  ALLOWED_RETURN_URLS: exactAddresses.default([]),
  CORS_ORIGINS: originList.default([]),
  TRUST_PROXY: proxies.default(false),
  BACKFILL_DAYS: wholeNumber(0, 3_650).default(365),
  SYNC_CRON: cronLine.default("0 3 * * *"),
  SOURCE_ORDER: sourceOrder.default({}),
  WEBHOOK_ALLOW_PRIVATE: hostList.default([]),
});

/** The settings as read. */
export type Settings = z.output<typeof SETTINGS>;
