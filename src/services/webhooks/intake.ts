import { createHash } from "node:crypto";
import { type Provider, type WebhookEvent, WireError } from "../../../providers/contract";
import { DatabaseUnreachable } from "../../domain/errors";
import type { ArrivedEvent, WebhookInbox } from "../ports/webhook-inbox";
import { isSame, judge, type SignedRequest } from "./authenticity";
import { Batches } from "./batches";

/** A provider whose webhooks are taken. `secret`: null where none is set. */
export interface WebhookSender {
  readonly provider: Provider;
  readonly secret: string | null;
}

/** A delivery as it came over HTTP. `pathSecret`: what stands behind the provider in the address. */
export interface Delivery extends SignedRequest {
  readonly pathSecret: string | null;
  /** The body as JSON, or as the fields of a form; throws GatewayError BAD_REQUEST. */
  readonly parse: (format: "json" | "form") => unknown;
}

/** What is said to the sender; `kept` and `pong` are the good ends. */
export type Receipt = "kept" | "pong" | "forged" | "stale" | "no-secret";

/** What is counted of a delivery or of each of its events; never anything of their content. */
export type ReceiptCount = Receipt | "repeated" | "malformed" | "not-kept";

/** Who takes webhooks. */
export interface WebhookReceiver {
  /** How a provider sends, and whether its addresses end in a secret; null where it sends none. */
  facts(provider: string): { readonly answerWithinSeconds: number; readonly secretPath: boolean } | null;
  /** Whether an address with a secret at its end is ours. */
  isOurs(provider: string, pathSecret: string | null): boolean;
  /** Verifies a delivery and keeps its events. Throws GatewayError BAD_REQUEST for a body that is none, DatabaseUnreachable where nothing is kept. */
  receive(provider: string, delivery: Delivery): Promise<Receipt>;
}

const PLAIN_KEY = /^[\x20-\x7e]{1,200}$/;
/** Vendors' ids are text of this kind; what is not would not be anybody's. */
const USER = /^\P{Cc}{1,200}$/u;
/** Neither of these would stay in its place in a path. */
const DOCUMENT = /^(?!\.{1,2}$)\P{Cc}{1,200}$/u;

/** Verifies what vendors send, and keeps it before it is acknowledged; a crowd of deliveries shares transactions. */
export class WebhookIntake implements WebhookReceiver {
  private readonly batches: Batches<ArrivedEvent>;

  constructor(
    private readonly parts: {
      readonly senders: ReadonlyMap<string, WebhookSender>;
      readonly inbox: Pick<WebhookInbox, "keep">;
      readonly now: () => number;
      readonly count: (provider: string, what: ReceiptCount, events: number) => void;
    },
  ) {
    this.batches = new Batches(
      (events) => this.keep(events),
      (error) => error instanceof DatabaseUnreachable,
    );
  }

  /** @inheritdoc */
  facts(provider: string): ReturnType<WebhookReceiver["facts"]> {
    const profile = this.parts.senders.get(provider)?.provider.webhook;
    if (!profile) return null;
    return { answerWithinSeconds: profile.answerWithinSeconds, secretPath: profile.signature === "secret_path" };
  }

  /** @inheritdoc */
  isOurs(provider: string, pathSecret: string | null): boolean {
    const secret = this.parts.senders.get(provider)?.secret ?? null;
    return secret !== null && pathSecret !== null && isSame(pathSecret, secret);
  }

  /** @inheritdoc */
  async receive(slug: string, delivery: Delivery): Promise<Receipt> {
    const sender = this.parts.senders.get(slug);
    if (!sender?.provider.webhook) throw new RangeError("expected a provider that sends webhooks");
    const answer = this.verify(sender, delivery);
    if (answer !== "kept") {
      this.parts.count(slug, answer, 1);
      return answer;
    }
    try {
      await this.batches.add(this.eventsOf(sender.provider, delivery));
    } catch (error) {
      this.parts.count(slug, error instanceof DatabaseUnreachable ? "not-kept" : "malformed", 1);
      throw error;
    }
    return answer;
  }

  private verify({ provider, secret }: WebhookSender, delivery: Delivery): Receipt {
    if (isPing(provider, delivery)) return "pong";
    if (secret === null) return "no-secret";
    const signature = provider.webhook?.signature;
    if (signature === undefined || signature === "secret_path") {
      return this.isOurs(provider.slug, delivery.pathSecret) ? "kept" : "forged";
    }
    const verdict = judge(signature, secret, delivery, this.parts.now());
    return verdict === "authentic" ? "kept" : verdict;
  }

  /** The events of an authentic body. One that cannot be read is kept as such: the vendor would only send it again. */
  private eventsOf({ slug, webhook }: Provider, delivery: Delivery): ArrivedEvent[] {
    const body = delivery.parse(webhook?.format ?? "json");
    try {
      return (webhook?.read(body) ?? []).map((event) => arrived(slug, event));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const event = { change: "updated", endpoints: [] } as const;
      return [{ provider: slug, key: hashOf(delivery.body), vendorUserId: "", event, outcome: "UNREADABLE" }];
    }
  }

  private async keep(events: readonly ArrivedEvent[]): Promise<void> {
    const fresh = new Set(await this.parts.inbox.keep(events));
    for (const { provider, key } of events) {
      this.parts.count(provider, fresh.delete(`${provider} ${key}`) ? "kept" : "repeated", 1);
    }
  }
}

function isPing({ webhook }: Provider, delivery: Delivery): boolean {
  if (!webhook?.isPing) return false;
  try {
    return webhook.isPing(delivery.parse(webhook.format ?? "json"));
  } catch {
    // Whatever is wrong with the body is said after its signature has been looked at.
    return false;
  }
}

function arrived(provider: string, event: WebhookEvent): ArrivedEvent {
  const { key, vendorUserId, change, endpoints, document, days, repeats } = event;
  if (!USER.test(vendorUserId)) throw new WireError("", "the vendor's user is no id");
  if (document && !DOCUMENT.test(document.id)) throw new WireError("", "the document's id is none");
  const kept = {
    ...{ change, endpoints },
    ...(document === undefined ? {} : { document }),
    ...(days === undefined ? {} : { days }),
    ...(repeats ? { repeats } : {}),
  };
  const outcome = endpoints.length === 0 ? ("IGNORED" as const) : null;
  return { provider, key: PLAIN_KEY.test(key) ? key : hashOf(Buffer.from(key)), vendorUserId, event: kept, outcome };
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
