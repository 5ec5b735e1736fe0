import type { WebhookEventType } from "../../domain/webhook-events";
import type { WebhookDelivery, WebhookEndpoint } from "../api";

export type { WebhookDelivery, WebhookEndpoint } from "../api";

/** What a new endpoint is made of. Null `eventTypes`: all of them. */
export interface NewEndpoint {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly WebhookEventType[] | null;
  readonly description: string | null;
}

/** What of an endpoint changes; what is absent stays. */
export interface EndpointChange {
  readonly url?: string;
  readonly eventTypes?: readonly WebhookEventType[] | null;
  readonly description?: string | null;
  readonly enabled?: boolean;
}

/** A secret that is kept only sealed. */
export interface SealedSecret {
  readonly id: string;
  readonly sealed: Buffer;
}

/** Seals and opens signing secrets, each bound to its endpoint and row. `open` throws where one was moved or its key is gone. */
export interface SecretBox {
  seal(endpointId: string, secretId: string, secret: string): Buffer;
  open(endpointId: string, secretId: string, sealed: Buffer): string;
}

/** Endpoints of the application and the log of what they were sent. `by`: prefix of the server key that asks, for the audit. */
export interface EndpointStore {
  list(): Promise<readonly WebhookEndpoint[]>;
  /** Adds an endpoint unless there are `most` already; null then. */
  add(endpoint: NewEndpoint, secret: SealedSecret, most: number, by: string): Promise<WebhookEndpoint | null>;
  /** Null where there is none. One that is enabled is sent what waits for it. */
  change(id: string, change: EndpointChange, by: string): Promise<WebhookEndpoint | null>;
  /** Makes a secret the current one; the one before signs along for `seconds`, of older ones the newest few. False where there is no endpoint. */
  rotate(id: string, secret: SealedSecret, seconds: number, by: string): Promise<boolean>;
  /** Whether there was one; what waits for it goes with it. */
  remove(id: string, by: string): Promise<boolean>;
  /** Sends the endpoint, if it is there and enabled, an event that is nobody else's. */
  sendTest(id: string): Promise<WebhookDelivery | "disabled" | null>;
  /** Begins the attempts of a delivery anew, unless it is under way or its endpoint disabled. */
  retry(deliveryId: string): Promise<WebhookDelivery | "disabled" | null>;
  /** The newest first. `before`: position behind which to go on, null from the beginning; `last`: that of the last, null where none follow. */
  deliveries(
    endpointId: string,
    first: number,
    before: number | null,
  ): Promise<{ readonly nodes: readonly WebhookDelivery[]; readonly last: number | null }>;
}

/** A delivery that this process alone is to attempt until its lease ends. Times are epoch seconds. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly claim: string;
  readonly url: string;
  readonly message: { readonly id: string; readonly body: string };
  /** Attempts of this round that have been made. */
  readonly attempts: number;
  /** The newest first. */
  readonly secrets: readonly SealedSecret[];
}

/** What follows from an attempt. Times are epoch seconds; `pauseUntil`: before that the endpoint is sent nothing. */
export type Verdict =
  | { readonly kind: "delivered" }
  | { readonly kind: "gone" }
  | { readonly kind: "failed"; readonly pauseUntil: number | null }
  | { readonly kind: "retry"; readonly at: number; readonly pauseUntil: number | null };

/** An attempt as it is logged. `at`: epoch seconds of its beginning. */
export interface AttemptLog {
  readonly at: number;
  readonly statusCode: number | null;
  readonly durationMs: number;
  readonly error: string | null;
}

/** What waits to be delivered. */
export interface DeliveryStore {
  /**
   * Claims what is due at an endpoint, as far as it has places free, and leaves a job for the time at which there is more to do:
   * also where this process dies with its claims.
   */
  take(endpointId: string, now: number, places?: number): Promise<readonly ClaimedDelivery[]>;
  /** Records an attempt, unless the claim was lost, and takes further. `endpointDisabled` where the verdict came to that. */
  finish(
    claimed: ClaimedDelivery,
    log: AttemptLog,
    verdict: Verdict,
    now: number,
    places?: number,
  ): Promise<readonly ClaimedDelivery[]>;
  /** Leaves jobs for endpoints with something due that nobody has claimed; how many there were. */
  wakeDue(now: number): Promise<number>;
}

/** Tells an application's endpoints of what changed of a person since they were last told, exactly once. */
export interface Announcements {
  announce(personId: string): Promise<void>;
}
