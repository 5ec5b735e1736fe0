import {
  type Provider,
  type SubscriptionCallback,
  type SubscriptionProfile,
  type SubscriptionTopic,
  type UpstreamRequest,
  type VendorSubscription,
  WireError,
} from "../../../providers/contract";
import { UpstreamFailure } from "../../domain/errors";
import { failureOf } from "../../upstream/failure";
import { parseJsonBody } from "../../upstream/json";
import type { InboundAnswer, Outbound } from "../../upstream/port";
import { contentType, outboundRequest, overBudget } from "../fetching/ask";
import type { Budgets } from "../ports/budgets";
import type { Pauses } from "../ports/cache";

/** Milliseconds that a call may take: within it the vendor asks our callback, and waits up to ten seconds for it. */
const SILENCE_MS = 20_000;
const TOTAL_MS = 30_000;

/** A provider whose subscriptions are managed here: where its API is, and who we are to it. */
export interface ManagedProvider {
  readonly provider: Provider;
  readonly profile: SubscriptionProfile;
  /** The origin that requests go to. */
  readonly apiUrl: string;
  readonly client: { readonly clientId: string; readonly clientSecret: string };
  /** Where the vendor shall deliver; null: subscriptions are not kept. */
  readonly callbackUrl: string | null;
}

/** What managing subscriptions needs of the rest of the gateway. `now`: epoch seconds. */
export interface CallParts {
  readonly outbound: Outbound;
  readonly pauses: Pauses;
  readonly budgets: Budgets;
  readonly now: () => number;
}

/** A vendor's API for subscriptions; methods throw {@link UpstreamFailure}. `still`: called before and after each call; rejects where it is no longer ours to make. */
export class SubscriptionCalls {
  constructor(
    private readonly parts: CallParts,
    private readonly at: ManagedProvider,
    private readonly still: () => Promise<void>,
  ) {}

  /** All subscriptions of the application. */
  async list(): Promise<readonly VendorSubscription[]> {
    const { profile } = this.at;
    return this.reading(await this.good(profile.list), profile.readList);
  }

  /** The new subscription; null where the topic has one already. */
  async create(topic: SubscriptionTopic, callback: SubscriptionCallback): Promise<VendorSubscription | null> {
    const { profile } = this.at;
    const answer = await this.send(profile.create(topic, callback));
    if (answer.status === (profile.duplicateStatus ?? 409)) return null;
    return this.reading(this.checked(answer), profile.readOne);
  }

  /** The subscription with another callback; null where there is none of the id. */
  async update(held: VendorSubscription, callback: SubscriptionCallback): Promise<VendorSubscription | null> {
    return this.changed(this.at.profile.update(held.id, held, callback));
  }

  /** The subscription with a later end; null where there is none of the id. */
  async renew(held: VendorSubscription): Promise<VendorSubscription | null> {
    return this.changed(this.at.profile.renew(held.id));
  }

  /** Ends a subscription, if there is one of the id. */
  async remove(id: string): Promise<void> {
    const answer = await this.send(this.at.profile.remove(id));
    if (!this.isUnknown(answer)) this.checked(answer);
  }

  private async changed(request: UpstreamRequest): Promise<VendorSubscription | null> {
    const answer = await this.send(request);
    return this.isUnknown(answer) ? null : this.reading(this.checked(answer), this.at.profile.readOne);
  }

  private isUnknown({ status }: InboundAnswer): boolean {
    return (this.at.profile.unknownStatuses ?? [404, 410]).includes(status);
  }

  private async good(request: UpstreamRequest): Promise<InboundAnswer> {
    return this.checked(await this.send(request));
  }

  private checked(answer: InboundAnswer): InboundAnswer {
    const failure = failureOf(answer, this.parts.now());
    if (failure) throw failure;
    return answer;
  }

  private reading<T>(answer: InboundAnswer, read: (body: unknown) => T): T {
    const body = parseJsonBody(answer);
    try {
      return read(body);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new UpstreamFailure("INVALID_RESPONSE", "the answer about subscriptions is not as documented", {
        cause: error,
      });
    }
  }

  private async send(request: UpstreamRequest): Promise<InboundAnswer> {
    await this.still();
    const { slug } = this.at.provider;
    const until = await this.parts.pauses.until([slug]);
    if (until !== null && until > this.parts.now()) {
      throw new UpstreamFailure("RATE_LIMITED", "the provider asked to wait", { retryAt: until });
    }
    const turn = await this.parts.budgets.take(slug, { accountId: null, background: true });
    if (!turn.granted) throw overBudget(turn.retryAt);
    const answer = await this.parts.outbound
      .send({
        ...outboundRequest(this.at, "webhook_subscriptions", request),
        headers: { accept: "application/json", ...contentType(request), ...this.credentials() },
        silenceMs: SILENCE_MS,
        totalMs: TOTAL_MS,
      })
      // Whoever was held up must not write down what it saw before another one took over.
      .finally(this.still);
    const failure = failureOf(answer, this.parts.now());
    if (failure?.kind === "RATE_LIMITED") await this.parts.pauses.pause(slug, failure.details.retryAt ?? 0);
    return answer;
  }

  private credentials(): Readonly<Record<string, string>> {
    const { profile, client } = this.at;
    return { [profile.credentials.id]: client.clientId, [profile.credentials.secret]: client.clientSecret };
  }
}
