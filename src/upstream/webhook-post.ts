import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Agent } from "undici";
import { checkedAddresses, TargetRefused, type TargetRules } from "./webhook-target";

/** A signed message on its way to an endpoint. */
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request where the process stops. */
  readonly signal: AbortSignal;
}

/** How a request to an endpoint ended: its status and Retry-After, or why there was none; nothing of the answer's body. */
export interface WebhookAnswer {
  readonly status: number | null;
  readonly retryAfter: string | null;
  readonly error: string | null;
}

/** Sends a message once; never throws for what the endpoint does. */
export type WebhookPost = (request: WebhookRequest) => Promise<WebhookAnswer>;

/** Milliseconds for all of a request: the name, the connection, TLS and the status. */
const TOTAL_MS = 15_000;
const CONNECT_MS = 5_000;
const LARGEST_HEADERS = 16 * 1024;

/**
 * Posts to addresses that were checked in the same breath, over connections of their own, without proxies and redirects.
 * `totalMs`: milliseconds after which a request is given up.
 */
export function createWebhookPost(rules: TargetRules, totalMs: number = TOTAL_MS): WebhookPost {
  return async ({ url: text, headers, body, signal }) => {
    const late = AbortSignal.timeout(totalMs);
    const ended = AbortSignal.any([late, signal]);
    try {
      const url = new URL(text);
      const addresses = await before(ended, checkedAddresses(url, rules));
      return await post(url, addresses, { headers, body, signal: ended });
    } catch (error) {
      return { status: null, retryAfter: null, error: late.aborted ? "TIMEOUT" : reasonOf(error) };
    }
  };
}

async function post(
  url: URL,
  addresses: readonly LookupAddress[],
  { headers, body, signal }: Omit<WebhookRequest, "url">,
): Promise<WebhookAnswer> {
  const agent = new Agent({
    connect: { lookup: pinnedTo(addresses), timeout: CONNECT_MS },
    maxHeaderSize: LARGEST_HEADERS,
    pipelining: 0,
  });
  try {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: "POST",
      headers,
      body,
      signal,
    });
    // The status alone counts: nothing of the body is read.
    answer.body.once("error", () => undefined);
    const retryAfter = answer.headers["retry-after"];
    return { status: answer.statusCode, retryAfter: typeof retryAfter === "string" ? retryAfter : null, error: null };
  } finally {
    await agent.destroy();
  }
}

/** Answers the checked addresses, whatever the name resolves to by now; the name stays in Host and in the certificate. */
function pinnedTo(addresses: readonly LookupAddress[]): LookupFunction {
  const [first] = addresses;
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? "", first?.family);
  };
}

function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A reason by name or code: messages of the network quote addresses. */
function reasonOf(error: unknown): string {
  if (error instanceof TargetRefused) return error.message;
  const code = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : "FAILED";
}
