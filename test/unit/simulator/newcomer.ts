import { createHash } from "node:crypto";
import type { Simulator } from "../../../src/simulator";

/** What a client of the simulated cloud is registered with, and PKCE's example (RFC 7636 appendix B). */
export const CLIENT = { clientId: "client", clientSecret: "s3cret:&+ %" };
export const REDIRECT = "http://localhost:4000/oauth/acme/callback";
export const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
export const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

/** 2026-11-20T12:00:00Z in epoch seconds. */
export const NOON = Date.UTC(2026, 10, 20, 12) / 1000;

type Parameters = Record<string, string | undefined>;

/** The address of an authorization request; undefined leaves a parameter out. */
export function authorizeUrl(simulator: Simulator, changed: Parameters = {}): string {
  const parameters: Parameters = {
    response_type: "code",
    client_id: CLIENT.clientId,
    redirect_uri: REDIRECT,
    scope: "sleep profile beta",
    state: "st4te",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...changed,
  };
  const url = new URL(simulator.authorizeUrl);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/** Reads a consent page's form as the simplest script would: with regular expressions, entities left as they are. */
export function readForm(html: string): { method: string; action: string; fields: Record<string, string> } {
  const form = /<form method="([^"]*)" action="([^"]*)">/.exec(html);
  const inputs = [...html.matchAll(/<input [^>]*name="([^"]*)" value="([^"]*)"/g)];
  return {
    method: form?.[1] ?? "",
    action: form?.[2] ?? "",
    fields: Object.fromEntries(inputs.map((input) => [input[1], input[2]])),
  };
}

/** Opens the consent page and decides; answers where the person is sent, or the refusal's status. */
export async function consent(
  simulator: Simulator,
  options: { query?: Parameters; decision?: string; user?: string } = {},
): Promise<{ status: number; location: URL }> {
  const opened = await fetch(authorizeUrl(simulator, options.query), { redirect: "manual" });
  const { action, fields } = readForm(await opened.text());
  const body = new URLSearchParams({ ...fields, decision: options.decision ?? "allow" });
  if (options.user !== undefined) body.set("user", options.user);
  const decided = await fetch(action, { method: "POST", body, redirect: "manual" });
  return { status: decided.status, location: new URL(decided.headers.get("location") ?? "about:blank") };
}

/** Presses Allow; answers the code. */
export async function allowedCode(simulator: Simulator, user?: string): Promise<string> {
  const { location } = await consent(simulator, user === undefined ? {} : { user });
  return location.searchParams.get("code") ?? "";
}

/** A token answer: its status, its headers and its JSON. */
export interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { access_token: string; refresh_token: string };
}

/** Posts to the token endpoint with the client's credentials in the form. */
export async function askTokens(simulator: Simulator, fields: Parameters): Promise<TokenAnswer> {
  const all: Parameters = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret, ...fields };
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(all)) if (value !== undefined) body.set(name, value);
  const answer = await fetch(simulator.tokenUrl, { method: "POST", body });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as TokenAnswer["body"] };
}

/** Exchanges a code the way that it was asked for. */
export function exchange(simulator: Simulator, code: string, changed: Parameters = {}): Promise<TokenAnswer> {
  const fields = { grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: VERIFIER };
  return askTokens(simulator, { ...fields, ...changed });
}

/** Refreshes. */
export function refresh(simulator: Simulator, refreshToken: string): Promise<TokenAnswer> {
  return askTokens(simulator, { grant_type: "refresh_token", refresh_token: refreshToken });
}

/** Links a person from consent to tokens. */
export async function link(simulator: Simulator, user?: string): Promise<TokenAnswer["body"]> {
  return (await exchange(simulator, await allowedCode(simulator, user))).body;
}

/** One document of the made-up vendor, and one page of them. */
export interface Sleep {
  readonly id: string;
  readonly day: string;
  readonly score: number;
  readonly revision: number;
}
export interface SleepPage {
  readonly items: readonly Sleep[];
  readonly next: string | null;
}

/** Asks for sleeps; the raw response. */
export function askSleeps(simulator: Simulator, token: string, query: Record<string, string> = {}): Promise<Response> {
  const parameters = new URLSearchParams({ from: "2026-11-01", to: "2026-11-05", ...query });
  return fetch(`${simulator.origin}/v1/sleeps?${parameters}`, { headers: { authorization: `Bearer ${token}` } });
}

/** Asks for sleeps; the page. */
export async function sleeps(simulator: Simulator, token: string, query?: Record<string, string>): Promise<SleepPage> {
  return (await (await askSleeps(simulator, token, query)).json()) as SleepPage;
}

/** How long work takes, in milliseconds. */
export async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
