import { createHmac, hkdfSync } from "node:crypto";
import type { Provider, WebhookHandshake } from "../../../providers/contract";
import { isSame } from "../webhooks/authenticity";

const KEY_BYTES = 32;
const PURPOSE = "webhook subscription verification token";

/** Longest challenge that is repeated, in UTF-16 units: vendors' own are a few dozen. */
const MAX_CHALLENGE = 1_024;

/** The answer to a vendor's handshake: a status and the JSON body, or null for none. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>> | null;
}

/** Nothing is answered for a provider whose notices could not be verified: they would all be refused. */
export const NOT_CONFIGURED: HandshakeAnswer = {
  status: 503,
  body: { error: "no secret is configured for this provider's webhooks" },
};

/**
 * The texts by which vendors show that a handshake is about a subscription of ours. They follow from the deployment's keys, newest
 * first, so that every process knows them and none is stored; those of older keys hold while the key does.
 * @see https://www.rfc-editor.org/rfc/rfc5869
 */
export class VerificationTokens {
  private readonly keys: readonly Buffer[];

  constructor(keys: readonly { readonly key: Uint8Array }[]) {
    this.keys = keys.map(({ key }) => Buffer.from(hkdfSync("sha256", key, "", PURPOSE, KEY_BYTES)));
  }

  /** The token that new subscriptions of a provider are made with. */
  current(provider: string): string {
    const [key] = this.keys;
    if (!key) throw new RangeError("expected at least one encryption key");
    return tokenUnder(key, provider);
  }

  /** Whether a token is one of this provider's, in constant time. */
  matches(provider: string, presented: string): boolean {
    // Every key is tried, whichever fits, so that the time tells nothing.
    return this.keys.filter((key) => isSame(presented, tokenUnder(key, provider))).length > 0;
  }
}

function tokenUnder(key: Buffer, provider: string): string {
  return createHmac("sha256", key).update(provider).digest("base64url");
}

/** A provider that may ask for a handshake: what its notices are verified with, and the code that it gave the operator; null where not set. */
export interface HandshakeParty {
  readonly provider: Provider;
  readonly webhookSecret: string | null;
  readonly handshakeCode: string | null;
}

/** Answers the handshakes of all providers; null for one that asks for none. */
export function handshakes(
  parties: readonly HandshakeParty[],
  tokens: VerificationTokens,
): (slug: string, query: URLSearchParams) => HandshakeAnswer | null {
  const all = new Map(parties.map((party) => [party.provider.slug, party]));
  return (slug, query) => {
    const party = all.get(slug);
    const handshake = party?.provider.webhook?.handshake;
    if (!party || !handshake) return null;
    const isKnown = knownBy(party, handshake, tokens);
    return isKnown ? answerHandshake(handshake, isKnown, query) : NOT_CONFIGURED;
  };
}

/** What tells the right token, in constant time; null where it cannot be told, or notices could not be verified. */
function knownBy(
  { provider, webhookSecret, handshakeCode }: HandshakeParty,
  { issuer = "gateway" }: WebhookHandshake,
  tokens: VerificationTokens,
): ((token: string) => boolean) | null {
  if (webhookSecret === null) return null;
  if (issuer === "gateway") return (token) => tokens.matches(provider.slug, token);
  return handshakeCode === null ? null : (token) => isSame(token, handshakeCode);
}

/** Answers a vendor's handshake as its profile says; a parameter that is missing, empty, too long or comes twice is refused like a wrong token. */
export function answerHandshake(
  handshake: WebhookHandshake,
  isKnown: (token: string) => boolean,
  query: URLSearchParams,
): HandshakeAnswer {
  const only = (name: string): string => (query.getAll(name).length === 1 ? (query.get(name) ?? "") : "");
  const challenge = handshake.challenge === null ? null : only(handshake.challenge);
  const fixed = Object.entries(handshake.fixed ?? {}).every(([name, value]) => only(name) === value);
  const isEchoable = challenge === null || (challenge !== "" && challenge.length <= MAX_CHALLENGE);
  if (!isKnown(only(handshake.token)) || !isEchoable || !fixed) {
    return { status: handshake.refusal, body: { error: "verification failed" } };
  }
  if (handshake.challenge === null || challenge === null) return { status: handshake.acceptance ?? 204, body: null };
  return { status: 200, body: { [handshake.answerIn ?? handshake.challenge]: challenge } };
}
