import type { WebhookEvent } from "../../../providers/contract";
import type { CivilDay } from "../../domain/days";
import type { Account } from "../../domain/people";

/** Name of the task that works events off; its payload is a {@link VendorUser}. */
export const WEBHOOK_TASK = "webhook";

/** An event as it is kept: ids, never data. */
export type KeptEvent = Pick<WebhookEvent, "change" | "endpoints" | "document" | "days" | "repeats">;

/**
 * What became of an event: BROUGHT what the vendor has now was read; IGNORED it is about nothing that is read here; UNREADABLE it is
 * not what the vendor documents; the others say why nothing was read for anybody.
 */
export type EventOutcome =
  | "BROUGHT"
  | "IGNORED"
  | "UNREADABLE"
  | "UNKNOWN_USER"
  | "DISCONNECTED"
  | "RECONNECT_REQUIRED"
  | "SCOPE_MISSING";

/** An event that has arrived. `outcome`: null where there is something to do. */
export interface ArrivedEvent {
  readonly provider: string;
  readonly key: string;
  readonly vendorUserId: string;
  readonly event: KeptEvent;
  readonly outcome: EventOutcome | null;
}

/** An event that waits to be worked off. By the database's clock, `receivedAt`: its own text of the instant; `receivedSeconds`: since 1970. */
export interface WaitingEvent {
  readonly key: string;
  readonly event: KeptEvent;
  readonly receivedAt: string;
  readonly receivedSeconds: number;
}

/** Which vendor user's events. */
export interface VendorUser {
  readonly provider: string;
  readonly vendorUserId: string;
}

/** What waits at one provider. */
export interface Backlog {
  readonly provider: string;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

/** Events that vendors sent, kept before they are acknowledged and until after they are worked off. */
export interface WebhookInbox {
  /**
   * Keeps events, each once, with a job for every vendor user of whom something is new, in one transaction; answers the events that are
   * new as `provider key`. Throws DatabaseUnreachable where none is kept.
   */
  keep(events: readonly ArrivedEvent[]): Promise<ReadonlySet<string>>;
  /** What waits of one vendor user, in the order of arrival. */
  waiting(user: VendorUser): Promise<readonly WaitingEvent[]>;
  /** Marks events as worked off, those that still wait and have not come again since; answers the outcomes of these. */
  finish(
    user: VendorUser,
    outcomes: readonly (Pick<WaitingEvent, "key" | "receivedAt"> & { readonly outcome: EventOutcome })[],
  ): Promise<readonly EventOutcome[]>;
  /** Every account of a vendor user, whoever's it is. */
  accountsOf(user: VendorUser): Promise<readonly Account[]>;
  /** The days of documents as they are known here, deleted ones included, by document id. */
  daysOf(
    account: Pick<Account, "id" | "personId">,
    endpoint: string,
    documents: readonly string[],
  ): Promise<ReadonlyMap<string, readonly CivilDay[]>>;
  backlog(): Promise<readonly Backlog[]>;
}
