import { setTimeout as delay } from "node:timers/promises";
import type { WebhookAnswer, WebhookPost } from "../../upstream/webhook-post";
import type { ClaimedDelivery, DeliveryStore, SecretBox } from "../ports/outgoing";
import type { Telemetry } from "../ports/telemetry";
import { signedHeaders } from "./signature";
import { verdictOf } from "./verdict";

/** What delivering needs. `now`: epoch seconds; `chance`: 0 to 1. */
export interface DelivererParts {
  readonly store: DeliveryStore;
  readonly box: SecretBox;
  readonly post: WebhookPost;
  readonly telemetry: Pick<Telemetry, "fault">;
  readonly onAttempt: (outcome: string) => void;
  readonly now: () => number;
  readonly chance?: () => number;
}

/** Milliseconds for which a process that stops waits for answers; what is not recorded then is sent again when its lease ends. */
const DRAIN_MS = 5_000;
const USER_AGENT = "wearables-gateway (Standard Webhooks 1.0.0)";

/**
 * Sends what is claimed outside of the jobs that woke it, so that an endpoint which never answers holds no place of the worker.
 * A process that dies leaves claims whose lease ends: what was sent and not recorded is sent again under the same id.
 */
export class Deliverer {
  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private draining = false;

  constructor(private readonly parts: DelivererParts) {}

  /** Begins with what is due at an endpoint; does not wait for it to be sent. */
  async wake(endpointId: string): Promise<void> {
    this.begin(await this.parts.store.take(endpointId, this.parts.now(), this.places));
  }

  /** Waits until nothing is under way. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Begins nothing more, waits a little for what is under way, and gives up the rest. */
  async drain(): Promise<void> {
    this.draining = true;
    const patience = new AbortController();
    const late = delay(DRAIN_MS, undefined, { signal: patience.signal }).catch(() => "drained");
    await Promise.race([this.settled(), late]);
    patience.abort();
    this.stopping.abort();
    await this.settled();
  }

  private get places(): number | undefined {
    return this.draining ? 0 : undefined;
  }

  private begin(claims: readonly ClaimedDelivery[]): void {
    for (const claimed of claims) {
      const work = this.deliver(claimed).catch((error: unknown) => this.parts.telemetry.fault("a delivery", error));
      this.underWay.add(work);
      void work.then(() => this.underWay.delete(work));
    }
  }

  private async deliver(claimed: ClaimedDelivery): Promise<void> {
    const { store, now, chance = Math.random } = this.parts;
    const at = now();
    const begun = performance.now();
    const answer = await this.send(claimed, at);
    if (this.stopping.signal.aborted) return;
    const verdict = verdictOf(answer, claimed.attempts + 1, now(), chance());
    const log = {
      at,
      statusCode: answer.status,
      durationMs: Math.round(performance.now() - begun),
      error: answer.error,
    };
    this.parts.onAttempt(verdict.kind);
    this.begin(await store.finish(claimed, log, verdict, now(), this.places));
  }

  private async send(claimed: ClaimedDelivery, at: number): Promise<WebhookAnswer> {
    const { url, message, endpointId } = claimed;
    const secrets = claimed.secrets.flatMap(({ id, sealed }) => this.opened(endpointId, id, sealed));
    // An unsigned message would be refused, and should be.
    if (secrets.length === 0) return { status: null, retryAfter: null, error: "SECRET_LOST" };
    const headers = {
      "content-type": "application/json",
      "user-agent": USER_AGENT,
      ...signedHeaders(secrets, message, at),
    };
    return this.parts.post({ url, headers, body: message.body, signal: this.stopping.signal });
  }

  private opened(endpointId: string, secretId: string, sealed: Buffer): string[] {
    try {
      return [this.parts.box.open(endpointId, secretId, sealed)];
    } catch (error) {
      this.parts.telemetry.fault("a webhook's secret", error);
      return [];
    }
  }
}
