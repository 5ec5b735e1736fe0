import { randomBytes, randomUUID } from "node:crypto";
import type {
  Provider,
  SubscriptionCallback,
  SubscriptionTopic,
  SyntheticSubscriptionCall,
  SyntheticSubscriptionOutcome,
  VendorSubscription,
  WebhookHandshake,
} from "../../providers/contract";
import type { Answer } from "./answer";

/** What the simulated subscription API needs. `seconds`: lifetime where a test wants other than the vendor's own; `now`: epoch seconds. */
export interface SubscriptionServer {
  readonly provider: Provider;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly seconds: () => number | null;
  readonly now: () => number;
}

/** A request as it came, headers in lower case. */
export interface IncomingRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** Milliseconds that a callback has for the handshake. */
const HANDSHAKE_MS = 10_000;

/** The subscriptions of the one registered application: made after a handshake with the callback, of use until they end. */
export class Subscriptions {
  #held = new Map<string, VendorSubscription>();

  constructor(private readonly server: SubscriptionServer) {}

  /** What answers a request; null where it is not about subscriptions. */
  answerTo(request: IncomingRequest): (() => Promise<Answer>) | null {
    const habits = this.server.provider.synthetic.subscriptions;
    const call = habits?.call(request);
    if (!habits || !call) return null;
    return async () => {
      const authorized = this.#isClient(request.headers);
      if (authorized && call.kind === "invalid") return { headers: {}, ...call.answer };
      const outcome: SyntheticSubscriptionOutcome =
        authorized && call.kind !== "invalid" ? await this.#do(call) : { kind: "unauthorized" };
      return { headers: {}, ...habits.answer(outcome) };
    };
  }

  /** Those that have not ended, in the order of their making; of one topic where it is given. */
  active(topic?: SubscriptionTopic): readonly VendorSubscription[] {
    for (const [id, one] of this.#held) {
      if (one.expiresAt !== null && one.expiresAt <= this.server.now()) this.#held.delete(id);
    }
    return [...this.#held.values()].filter((one) => topic === undefined || sameTopic(one, topic));
  }

  /** Ends a subscription, as the receiver can by status 410. */
  cancel(id: string): void {
    this.#held.delete(id);
  }

  /** Ends all. */
  clear(): void {
    this.#held.clear();
  }

  async #do(call: Exclude<SyntheticSubscriptionCall, { kind: "invalid" }>): Promise<SyntheticSubscriptionOutcome> {
    if (call.kind === "list") return { kind: "listed", subscriptions: this.active() };
    if (call.kind === "create") return this.#create(call.topic, call.callback);
    const held = this.active().find(({ id }) => id === call.id);
    if (!held) return { kind: "unknown" };
    switch (call.kind) {
      case "show":
        return { kind: "shown", subscription: held };
      case "remove":
        this.cancel(held.id);
        return { kind: "removed" };
      case "renew":
        return { kind: "renewed", subscription: this.#keep({ ...held, expiresAt: this.#end() }) };
      case "update":
        return this.#update(held, call.topic, call.callback);
    }
  }

  async #create(topic: SubscriptionTopic, callback: SubscriptionCallback): Promise<SyntheticSubscriptionOutcome> {
    if (this.active(topic).length > 0) return { kind: "duplicate" };
    if (!(await this.#verified(callback))) return { kind: "unverified" };
    // Another request may have come first during the handshake.
    if (this.active(topic).length > 0) return { kind: "duplicate" };
    const made = { id: randomUUID(), ...topic, callbackUrl: callback.url, expiresAt: this.#end() };
    return { kind: "created", subscription: this.#keep(made) };
  }

  async #update(
    held: VendorSubscription,
    topic: Partial<SubscriptionTopic>,
    { url = held.callbackUrl, verificationToken = "" }: Partial<SubscriptionCallback>,
  ): Promise<SyntheticSubscriptionOutcome> {
    const changed = { ...held, ...topic, callbackUrl: url };
    if (this.active(changed).some(({ id }) => id !== held.id)) return { kind: "duplicate" };
    if (!(await this.#verified({ url, verificationToken }))) return { kind: "unverified" };
    return { kind: "updated", subscription: this.#keep(changed) };
  }

  #keep(subscription: VendorSubscription): VendorSubscription {
    this.#held.set(subscription.id, subscription);
    return subscription;
  }

  #end(): number | null {
    const seconds = this.server.seconds() ?? this.server.provider.synthetic.subscriptions?.lifetimeSeconds ?? null;
    return seconds === null ? null : this.server.now() + seconds;
  }

  #isClient(headers: Readonly<Record<string, unknown>>): boolean {
    const names = this.server.provider.webhookSubscriptions?.credentials;
    if (!names) return false;
    const { clientId, clientSecret } = this.server;
    return headers[names.id.toLowerCase()] === clientId && headers[names.secret.toLowerCase()] === clientSecret;
  }

  async #verified(callback: SubscriptionCallback): Promise<boolean> {
    const handshake = this.server.provider.webhook?.handshake;
    return handshake === undefined || verifies(handshake, callback);
  }
}

/** Asks a callback as the vendor does; whether it said yes, and repeated the challenge where there is one. */
async function verifies(handshake: WebhookHandshake, callback: SubscriptionCallback): Promise<boolean> {
  if (!URL.canParse(callback.url)) return false;
  const challenge = randomBytes(16).toString("hex");
  const url = new URL(callback.url);
  const asked = { ...handshake.fixed, [handshake.token]: callback.verificationToken };
  if (handshake.challenge !== null) asked[handshake.challenge] = challenge;
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(HANDSHAKE_MS) });
    if (handshake.challenge === null) return answer.status === (handshake.acceptance ?? 204);
    const body: unknown = answer.status === 200 ? await answer.json() : null;
    const echo = handshake.answerIn ?? handshake.challenge;
    return typeof body === "object" && body !== null && Reflect.get(body, echo) === challenge;
  } catch {
    // Out of reach, silent, or no JSON: the vendor cannot tell either.
    return false;
  }
}

function sameTopic(one: SubscriptionTopic, other: SubscriptionTopic): boolean {
  return one.dataType === other.dataType && one.eventType === other.eventType;
}
