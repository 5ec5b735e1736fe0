import { createHmac, hkdfSync } from "node:crypto";
import type { SubscriptionHandshake } from "../../../providers/contract";
import { isSame } from "../webhooks/authenticity";

const KEY_BYTES = 32;
const PURPOSE = "webhook subscription verification token";

/** The answer to a vendor's handshake: a status and the JSON body. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
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

/** Answers a vendor's handshake as its profile says; a parameter that is missing, empty or comes twice is refused like a wrong token. */
export function answerHandshake(
  provider: string,
  handshake: SubscriptionHandshake,
  tokens: VerificationTokens,
  query: URLSearchParams,
): HandshakeAnswer {
  const only = (name: string): string => (query.getAll(name).length === 1 ? (query.get(name) ?? "") : "");
  const challenge = only(handshake.challenge);
  const fixed = Object.entries(handshake.fixed ?? {}).every(([name, value]) => only(name) === value);
  if (!tokens.matches(provider, only(handshake.token)) || challenge === "" || !fixed) {
    return { status: handshake.refusal, body: { error: "verification failed" } };
  }
  return { status: 200, body: { [handshake.answerIn ?? handshake.challenge]: challenge } };
}
