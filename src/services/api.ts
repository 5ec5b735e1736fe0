import type { DailyAnswer, DailyQuestion } from "../domain/answers";
import type { MetricBackfill } from "../domain/backfill";
import type { ServerKey } from "../domain/callers";
import type { Change } from "../domain/changes";
import type { DayRange } from "../domain/days";
import type { UserFacingError } from "../domain/errors";
import type { MeasuredField } from "../domain/measured";
import type { Metric } from "../domain/metrics";
import type { Account, Person } from "../domain/people";
import type { KeptSubscription } from "../domain/subscriptions";
import type { AccountTimes, SyncRunPage } from "../domain/sync-runs";
import type { Queue } from "./ports/queue";
import type { SyncRunsAsked } from "./ports/sync-runs";
import type { DataVersion, DataVersions } from "./ports/versions";
import type { HandshakeAnswer } from "./subscriptions/verification";

export type { Caller, KeyScope, ServerKey } from "../domain/callers";
export type { ChangeOrigin, ChangeType } from "../domain/changes";
export type { Account, AccountStatus, Person } from "../domain/people";
export type { KeptSubscription } from "../domain/subscriptions";
export type { FailedJob, Queue, QueueState, TaskCounts } from "./ports/queue";

/** What the gateway says of a wearable that it can speak to. */
export interface ProviderFacts {
  readonly provider: string;
  readonly displayName: string;
  readonly configured: boolean;
  readonly metrics: readonly Metric[];
  readonly scopes: readonly string[];
  /** What it can fill: its row of the capability matrix. */
  readonly fields: readonly { readonly metric: Metric; readonly name: MeasuredField }[];
}

/** The start of a linking. `expiresAt`: epoch seconds. */
export interface LinkStart {
  readonly authorizationUrl: string;
  readonly state: string;
  readonly expiresAt: number;
}

/** How the vendor's redirect to the callback ended: where to send the browser, or what to show. */
export type CallbackOutcome =
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "page"; readonly status: 200 | 400 | 502; readonly title: string; readonly message: string };

/** Linking, finishing and undoing. Methods throw {@link UserFacingError} for what a person must handle. */
export interface LinkingApi {
  connect(
    person: Person,
    input: { provider: string; scopes: readonly string[] | null; returnUrl: string | null },
  ): Promise<LinkStart>;
  /** The vendor's redirect, by its raw query string: every parameter as often as it came. Never throws for what the query holds. */
  callback(provider: string, query: URLSearchParams): Promise<CallbackOutcome>;
  complete(person: Person, input: { provider: string; callbackUrl: string }): Promise<Account>;
  disconnect(
    person: Person,
    input: { provider: string; deleteData: boolean },
  ): Promise<{ revokedAtProvider: boolean | null; deletedRecords: number | null }>;
}

/** Accounts as the person's apps see them: those linked, and those that need reconnecting. */
export interface AccountsApi {
  list(personId: string, at?: AtVersion): Promise<readonly Account[]>;
  /** Epoch seconds of the latest successful check with the provider, by account id; absent where never. */
  lastSyncedAt(personId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/**
 * The data version that a request reads a person at, asked for before any of their data: what is read of them at different moments says
 * the same. Without one, each read asks for itself.
 */
export type AtVersion = () => Promise<DataVersion>;

/** Reading through: cells, then database, then provider. All questions of a query are answered together. */
export interface ReadingApi {
  read(personId: string, questions: readonly DailyQuestion[], at?: AtVersion): Promise<readonly DailyAnswer[]>;
  /** The same from what is kept here, asking no provider: a day that is not known as a whole has no value. */
  stored(personId: string, questions: readonly DailyQuestion[], at?: AtVersion): Promise<readonly DailyAnswer[]>;
}

/** One entry of a person's feed, and the cursor that leads to what comes after it. */
export type FeedEntry = Change & { readonly personId: string; readonly cursor: string };

/** Which page of a feed: at most `first` entries after a cursor (null: from the oldest kept), of these metrics and providers (null: all). */
export interface ChangeQuestion {
  readonly after: string | null;
  readonly first: number;
  readonly metrics: readonly Metric[] | null;
  readonly providers: readonly string[] | null;
}

/** A page of a feed. `endCursor` leads to what comes after it; `latestCursor` to what comes after everything there is now. */
export interface ChangePage {
  readonly nodes: readonly FeedEntry[];
  readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  readonly latestCursor: string;
}

/** What changed of a person's data. BAD_CURSOR where a cursor is none, or leads to what is no longer kept. */
export interface ChangesApi {
  page(personId: string, question: ChangeQuestion): Promise<ChangePage>;
  /** Entries as they come, after a cursor or from now on. `return` of the iterator ends it at once. */
  follow(personId: string, question: Omit<ChangeQuestion, "first">): Promise<AsyncIterableIterator<FeedEntry>>;
  /** The person's linked accounts as they are, then each again whenever something of it went on. */
  progress(personId: string, providers: readonly string[] | null): AsyncIterableIterator<Account>;
}

/** How far history is fetched, what runs came to, and when an account was asked and had something new. */
export interface HistoryApi {
  /** By account id; none where no history is fetched. */
  backfill(personId: string, accounts: readonly Account[]): Promise<ReadonlyMap<string, readonly MetricBackfill[]>>;
  runs(asked: SyncRunsAsked): Promise<SyncRunPage>;
  /** By account id; absent where never. */
  times(personId: string, accountIds: readonly string[]): Promise<ReadonlyMap<string, AccountTimes>>;
}

/** Fetching a range again now, past every cache; throws {@link UserFacingError}. */
export interface SyncingApi {
  sync(
    person: Person,
    input: { provider: string; range: DayRange },
  ): Promise<{
    account: Account;
    fetchedRecords: number;
    /** Why not all that was asked came; null where all did. */
    failure: UserFacingError | null;
  }>;
}

/** A person's order of providers for a metric, the most preferred first. */
export interface SourcePreference {
  readonly metric: Metric;
  readonly order: readonly string[];
}

/** Whose record a person wants where several providers have the day. */
export interface PreferencesApi {
  /** At most one a metric, in the order of the metrics. */
  list(personId: string, at?: AtVersion): Promise<readonly SourcePreference[]>;
  /** Keeps an order of distinct providers; an empty one removes the preference, which is answered as null. */
  set(person: Person, metric: Metric, order: readonly string[]): Promise<SourcePreference | null>;
}

/** Who stands behind an identity that has been verified. */
export interface PeopleApi {
  /** The person of this application with this external id, created at first sight. */
  person(externalId: string): Promise<Person>;
  /** The person with this external id where nothing has to be asked for it; null where something has. */
  known?(externalId: string): Person | null;
  /** The person of this application with this external id; null where there is none. */
  find(externalId: string): Promise<Person | null>;
  /** The person of this application with this id of the gateway's own; null where there is none. */
  byId(personId: string): Promise<Person | null>;
}

/** Keys of the application's back ends. */
export interface KeysApi {
  /** The key that a bearer token is; UNAUTHENTICATED where it is malformed, unknown, revoked or expired. */
  verify(token: string): Promise<ServerKey>;
}

/** The application's webhook subscriptions at the vendors. */
export interface SubscriptionsApi {
  /** Every wanted one as last seen. */
  list(): Promise<readonly KeptSubscription[]>;
  /** Answers a vendor that asks, by the query of its request, whether a subscription is ours; null where the provider does not ask. */
  handshake(provider: string, query: URLSearchParams): HandshakeAnswer | null;
}

/** An endpoint of the application. Null `eventTypes`: all of them; null `disabledReason`: enabled. Times are epoch seconds. */
export interface WebhookEndpoint {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[] | null;
  readonly description: string | null;
  readonly disabledReason: "REQUESTED" | "GONE" | "FAILING" | null;
  readonly createdAt: number;
}

/** One attempt to deliver. `error`: why there was no status. */
export interface WebhookAttempt {
  readonly at: number;
  readonly statusCode: number | null;
  readonly durationMs: number;
  readonly error: string | null;
}

/** An event on its way to an endpoint. `nextAttemptAt`: null where nothing is to come; `messageId`: the header `webhook-id`. */
export interface WebhookDelivery {
  readonly id: string;
  readonly messageId: string;
  readonly eventType: string;
  readonly createdAt: number;
  readonly status: "PENDING" | "DELIVERED" | "FAILED";
  readonly nextAttemptAt: number | null;
  readonly attempts: readonly WebhookAttempt[];
}

/** Some deliveries, the newest first. `endCursor`: null where none follow. */
export interface DeliveryPage {
  readonly nodes: readonly WebhookDelivery[];
  readonly endCursor: string | null;
}

/** Outgoing webhooks of the application. `by`: prefix of the server key that asks. Methods throw {@link UserFacingError} for what the back end's developer must handle. */
export interface OutgoingApi {
  endpoints(): Promise<readonly WebhookEndpoint[]>;
  deliveries(endpointId: string, page: { first: number; after: string | null }): Promise<DeliveryPage>;
  /** The secret is told here and never again. */
  create(
    input: { url: string; eventTypes: readonly string[] | null; description: string | null },
    by: string,
  ): Promise<{ endpoint: WebhookEndpoint; secret: string }>;
  /** What is absent stays as it is. */
  update(
    endpointId: string,
    change: { url?: string; eventTypes?: readonly string[] | null; description?: string | null; enabled?: boolean },
    by: string,
  ): Promise<WebhookEndpoint>;
  /** Answers the new secret; the one before signs along for a day. */
  rotate(endpointId: string, by: string): Promise<string>;
  remove(endpointId: string, by: string): Promise<void>;
  sendTest(endpointId: string): Promise<WebhookDelivery>;
  retry(deliveryId: string): Promise<WebhookDelivery>;
}

/** Everything that GraphQL and HTTP may call. */
export interface Services {
  readonly versions: Pick<DataVersions, "current">;
  readonly people: PeopleApi;
  readonly keys: KeysApi;
  readonly accounts: AccountsApi;
  readonly linking: LinkingApi;
  readonly reading: ReadingApi;
  readonly syncing: SyncingApi;
  readonly history: HistoryApi;
  readonly preferences: PreferencesApi;
  readonly outgoing: OutgoingApi;
  readonly queue: Queue;
  readonly changes: ChangesApi;
  readonly subscriptions: SubscriptionsApi;
  readonly providers: readonly ProviderFacts[];
}
