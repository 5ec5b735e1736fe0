import type { Identity } from "../../../providers/contract";
import { WireError } from "../../../providers/contract";
import { UpstreamFailure } from "../../domain/errors";
import type { OAuthClient, TokenSet } from "../../oauth/client";
import { giveBackGrant, type OAuthSurroundings } from "../../oauth/token-endpoint";
import { failureOf } from "../../upstream/failure";
import { parseJsonBody } from "../../upstream/json";
import { type ConfiguredProvider, contentType, outboundRequest, overBudget } from "../fetching/ask";
import type { Budgets } from "../ports/budgets";

const SILENCE_MS = 10_000;
const TOTAL_MS = 20_000;
/** Milliseconds for which it is better to wait for a turn than to send a person back to the beginning. */
const PATIENCE_MS = 5_000;
/** A call that must follow linking answers so where it was made before. */
const ALREADY_DONE = 409;

type Surroundings = OAuthSurroundings & { readonly budgets: Budgets };

/** A fresh grant with everything that linking needs to know of it. */
export interface IdentifiedGrant {
  readonly tokens: TokenSet;
  readonly vendorUserId: string;
}

/**
 * Learns whose account a fresh grant is for and makes the call that must follow linking. Where that fails the grant is given back,
 * and nothing is linked. Throws {@link UpstreamFailure}.
 */
export async function identifyGrant(
  oauth: Surroundings,
  configured: ConfiguredProvider,
  client: OAuthClient,
  tokens: TokenSet,
): Promise<IdentifiedGrant> {
  let vendorUserId: string | undefined;
  try {
    vendorUserId = storable(await whose(oauth, configured, tokens));
    const afterLink = configured.provider.afterLink?.(vendorUserId);
    if (afterLink) await call(oauth, configured, "after_link", afterLink, tokens, [ALREADY_DONE]);
    return { tokens, vendorUserId };
  } catch (error) {
    await giveBackGrant(oauth, client, { ...tokens, ...(vendorUserId === undefined ? {} : { vendorUserId }) });
    throw error;
  }
}

async function whose(oauth: Surroundings, configured: ConfiguredProvider, tokens: TokenSet): Promise<string> {
  const { identity } = configured.provider;
  if (identity.from === "token") return fromToken(identity, tokens);
  const body = await call(oauth, configured, "identity", identity.request, tokens);
  try {
    return identity.read(body);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UpstreamFailure("INVALID_RESPONSE", `identity: ${error.message}`, { cause: error });
  }
}

function storable(vendorUserId: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(vendorUserId)) return vendorUserId;
  throw new UpstreamFailure("INVALID_RESPONSE", "expected an identifier of at most 255 printable characters");
}

function fromToken(identity: Extract<Identity, { from: "token" }>, tokens: TokenSet): string {
  const value = tokens.fields[identity.field];
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw new UpstreamFailure("INVALID_RESPONSE", `expected ${identity.field} in the token answer`);
}

async function call(
  { outbound, budgets, now }: Surroundings,
  configured: ConfiguredProvider,
  name: string,
  request: Parameters<typeof outboundRequest>[2],
  tokens: TokenSet,
  accepted: readonly number[] = [],
): Promise<unknown> {
  const turn = await budgets.take(configured.provider.slug, {
    accountId: null,
    background: false,
    patienceMs: PATIENCE_MS,
  });
  if (!turn.granted) throw overBudget(turn.retryAt);
  const answer = await outbound.send({
    ...outboundRequest(configured, name, request),
    headers: { authorization: `Bearer ${tokens.accessToken}`, accept: "application/json", ...contentType(request) },
    silenceMs: SILENCE_MS,
    totalMs: TOTAL_MS,
  });
  if (accepted.includes(answer.status)) return null;
  const failure = failureOf(answer, now());
  if (failure) throw failure;
  const body = answer.body.length === 0 ? null : parseJsonBody(answer);
  const kind = configured.provider.bodyFailure?.(body) ?? null;
  if (kind !== null) throw new UpstreamFailure(kind, "the provider refused inside its answer");
  return body;
}
