import type { BudgetWindow } from "../domain/budgets";
import { SettingError } from "../domain/errors";
import { HTTP_ADDRESS, parseHttpAddress } from "./formats";
import { parseRequestBudget, REQUEST_BUDGET } from "./request-budget";

/** Settings of each wearable, written behind its slug in upper case and an underscore. */
export const WEARABLE_SETTINGS = [
  "CLIENT_ID",
  "CLIENT_SECRET",
  "REDIRECT_URI",
  "API_URL",
  "AUTHORIZE_URL",
  "TOKEN_URL",
  "REVOKE_URL",
  "WEBHOOK_SECRET",
  "REQUEST_BUDGET",
] as const;

type Name = (typeof WEARABLE_SETTINGS)[number];

/** What is set for one wearable. Addresses are null where the vendor's own hold; `apiUrl` is an origin without a path. */
export interface WearableConfig {
  /** Null where the wearable has no credentials here. */
  readonly client: { readonly id: string; readonly secret: string } | null;
  readonly redirectUri: string;
  readonly apiUrl: string | null;
  readonly authorizeUrl: string | null;
  readonly tokenUrl: string | null;
  readonly revokeUrl: string | null;
  readonly webhookSecret: string | null;
  /** Null where the vendor's own limits hold. */
  readonly requestBudget: readonly BudgetWindow[] | null;
}

/** Reads the settings of one wearable; throws {@link SettingError}. `publicUrl` has no slash at its end. */
export function readWearable(env: NodeJS.ProcessEnv, slug: string, publicUrl: string): WearableConfig {
  const variable = (name: Name) => `${slug.toUpperCase()}_${name}`;
  const text = (name: Name): string | null => env[variable(name)] || null;
  const address = (name: Name): string | null => {
    const value = text(name);
    if (value === null) return null;
    if (parseHttpAddress(value) === null) throw new SettingError(variable(name), `expected ${HTTP_ADDRESS}`);
    return value;
  };
  const origin = (name: Name): string | null => {
    const value = address(name);
    const url = value === null ? null : new URL(value);
    if (url && (url.pathname !== "/" || url.search !== "")) {
      throw new SettingError(variable(name), "expected an origin without a path");
    }
    return url?.origin ?? null;
  };
  const budget = (name: Name): readonly BudgetWindow[] | null => {
    const value = text(name);
    const windows = value === null ? null : parseRequestBudget(value);
    if (value !== null && windows === null) throw new SettingError(variable(name), `expected ${REQUEST_BUDGET}`);
    return windows;
  };
  const [id, secret] = [text("CLIENT_ID"), text("CLIENT_SECRET")];
  if (id !== null && secret === null)
    throw new SettingError(variable("CLIENT_SECRET"), `is missing beside ${variable("CLIENT_ID")}`);
  if (id === null && secret !== null)
    throw new SettingError(variable("CLIENT_ID"), `is missing beside ${variable("CLIENT_SECRET")}`);
  return {
    client: id !== null && secret !== null ? { id, secret } : null,
    redirectUri: address("REDIRECT_URI") ?? `${publicUrl}/oauth/${slug}/callback`,
    apiUrl: origin("API_URL"),
    authorizeUrl: address("AUTHORIZE_URL"),
    tokenUrl: address("TOKEN_URL"),
    revokeUrl: address("REVOKE_URL"),
    webhookSecret: text("WEBHOOK_SECRET"),
    requestBudget: budget("REQUEST_BUDGET"),
  };
}
