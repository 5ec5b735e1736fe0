import { createHmac } from "node:crypto";
import type { SubscriptionTopic } from "../../providers/contract";
import type { Provider } from "../../providers/contract/provider";
import type { SyntheticEvent } from "../../providers/contract/synthetic";
import type { SimulatorLog } from "./cloud";
import { wait } from "./deliver";
import type { DataChange, People } from "./people";
import { idFrom } from "./seed";
import type { Settings } from "./settings";
import type { Subscriptions } from "./subscriptions";

/** A webhook as it was sent. `status`: of the last attempt's answer, null where none came. */
export interface SentWebhook {
  readonly endpoint: string;
  readonly change: DataChange["change"];
  readonly vendorUserId: string;
  readonly body: string;
  readonly attempts: number;
  readonly status: number | null;
}

/** What sending needs. */
export interface WebhookParts {
  readonly provider: Provider;
  readonly secret: string;
  readonly people: People;
  readonly now: () => number;
  readonly settings: () => Settings;
  readonly change: (settings: Partial<Settings>) => void;
  readonly subscriptions: Pick<Subscriptions, "active" | "cancel">;
  /** Whether a person shares their data with the application. */
  readonly isGranted: (user: string) => boolean;
  readonly stopped: AbortSignal;
  readonly log: SimulatorLog | null;
}

type Sending = { -readonly [K in keyof SentWebhook]: SentWebhook[K] } & { readonly topic: SubscriptionTopic | null };

const RETRIES = 10;
const TIMEOUT_MS = 10_000;
const KEPT = 10_000;

/** Tells the application of changed data as the vendor does: signed, and again for an hour where it is not taken. */
export class Webhooks {
  readonly #sent: Sending[] = [];
  readonly #underway = new Set<Promise<void>>();
  #events = 0;

  constructor(private readonly parts: WebhookParts) {}

  /** Tells of changes, as far as the vendor tells of such and somebody is to be told. */
  tell(changes: readonly DataChange[]): void {
    const { webhookCopies, webhooksReversed } = this.parts.settings();
    const bodies = changes.flatMap((change) => this.#bodiesOf(change)).filter((one) => this.#receiver(one) !== null);
    const copies = bodies.flatMap((one) => Array.from({ length: webhookCopies }, () => ({ ...one })));
    if (webhooksReversed) this.#begin(this.#inTurn(copies.reverse()));
    else for (const one of copies) this.#begin(this.#deliver(one));
  }

  /** What was sent, oldest first. */
  sent(): readonly SentWebhook[] {
    return this.#sent.map(({ topic, ...one }) => one);
  }

  /** Resolves when nothing is on its way any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#underway);
  }

  #begin(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underway.delete(tracked));
    this.#underway.add(tracked);
  }

  #bodiesOf({ change, user, endpoint, day, documents }: DataChange): Sending[] {
    const { provider, people, now, isGranted } = this.parts;
    if (!isGranted(user)) return [];
    const person = people.person(user);
    return documents.flatMap((document) => {
      this.#events += 1;
      const hex = idFrom("event", person.vendorUserId, now(), this.#events);
      const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
      const event: SyntheticEvent = { change, endpoint, document, day, person, at: now(), id };
      const said = provider.synthetic.webhook?.(event) ?? null;
      if (said === null) return [];
      const body = provider.webhook?.format === "form" ? form(said) : JSON.stringify(said);
      const topic = provider.synthetic.subscriptions?.topicOf(said) ?? null;
      return [{ endpoint, change, topic, vendorUserId: person.vendorUserId, body, attempts: 0, status: null }];
    });
  }

  async #inTurn(all: readonly Sending[]): Promise<void> {
    for (const one of all) await this.#deliver(one);
  }

  async #deliver(sending: Sending): Promise<void> {
    const { settings, stopped, log } = this.parts;
    this.#sent.push(sending);
    if (this.#sent.length > KEPT) this.#sent.shift();
    await wait(settings().webhookDelayMs, stopped);
    for (let retry = 0; retry <= RETRIES && !stopped.aborted; retry++) {
      const receiver = this.#receiver(sending);
      if (receiver === null) return;
      sending.attempts += 1;
      sending.status = await this.#post(receiver.url, sending.body);
      log?.info({ kind: "webhook", endpoint: sending.endpoint, status: sending.status }, "simulated webhook");
      if (sending.status !== null && sending.status >= 200 && sending.status < 400) return;
      // By this a receiver says that it does not want any more.
      if (sending.status === 410) receiver.cancel();
      await wait(settings().webhookRetryMs * 2 ** retry, stopped);
    }
  }

  /** Who is told at this moment: the subscription to the topic if there is one, otherwise the address of the dashboard. */
  #receiver({ topic }: Sending): { readonly url: string; readonly cancel: () => void } | null {
    const { settings, change, subscriptions } = this.parts;
    const held = topic === null ? undefined : subscriptions.active(topic)[0];
    if (held) return { url: held.callbackUrl, cancel: () => subscriptions.cancel(held.id) };
    const { webhookUrl } = settings();
    return webhookUrl === null ? null : { url: webhookUrl, cancel: () => change({ webhookUrl: null }) };
  }

  async #post(url: string, body: string): Promise<number | null> {
    const { provider, settings, stopped } = this.parts;
    const type = provider.webhook?.format === "form" ? "application/x-www-form-urlencoded" : "application/json";
    const forged = settings().webhooksForged;
    try {
      const answer = await fetch(forged && !this.#isSigned() ? `${url}-wrong` : url, {
        method: "POST",
        body,
        redirect: "manual",
        headers: { "content-type": type, ...this.#signature(body, forged) },
        signal: AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      // Nobody there, or no answer in time: whatever it was, it is sent again.
      return null;
    }
  }

  #isSigned(): boolean {
    return this.parts.provider.webhook?.signature !== "secret_path";
  }

  #signature(body: string, forged: boolean): Record<string, string> {
    const signature = this.parts.provider.webhook?.signature ?? "secret_path";
    if (signature === "secret_path") return {};
    const { header, timestamp, encoding } = signature;
    const now = this.parts.now();
    const time = timestamp ? String(timestamp.unit === "seconds" ? now : now * 1_000) : "";
    const signed = createHmac("sha256", forged ? "another secret" : this.parts.secret).update(time + body);
    const text = signed.digest(encoding === "base64" ? "base64" : "hex");
    return {
      [header]: encoding === "HEX" ? text.toUpperCase() : text,
      ...(timestamp ? { [timestamp.header]: time } : {}),
    };
  }
}

function form(fields: unknown): string {
  const entries = Object.entries(Object(fields)).map(([name, value]) => [name, String(value)]);
  return new URLSearchParams(entries).toString();
}
