import { type Endpoint, type Page, WireError } from "../../../providers/contract";
import { type CivilDay, daysOf } from "../../domain/days";
import { UpstreamFailure } from "../../domain/errors";
import type { Account } from "../api";
import { Asker, type AskingParts, type ConfiguredProvider } from "../fetching/ask";
import type { Breakers } from "../fetching/breakers";
import { Urgency } from "../fetching/urgency";
import type { KeptEvent, WebhookInbox } from "../ports/webhook-inbox";

/** The most days of an event that names a stretch of them. */
const MOST_NAMED = 31;

/** On whose account, at which provider. */
export interface AccountAt {
  readonly account: Account;
  readonly configured: ConfiguredProvider;
}

/** Finds the days that events are about: where their documents were, where they are now, and which days they name. */
export class Locating {
  constructor(
    private readonly parts: AskingParts & {
      readonly breakers: Breakers;
      readonly inbox: Pick<WebhookInbox, "daysOf">;
    },
  ) {}

  /** The days of each event; none where nothing tells them. Throws {@link UpstreamFailure} or {@link ReconnectRequired} where the provider cannot be asked. */
  async daysOf(at: AccountAt, events: readonly KeptEvent[]): Promise<ReadonlyMap<KeptEvent, ReadonlySet<CivilDay>>> {
    const byDocument = new Map<string, { endpoint: Endpoint; id: string; events: KeptEvent[] }>();
    const days = new Map<KeptEvent, Set<CivilDay>>();
    for (const event of events) {
      days.set(event, new Set(event.days ? daysOf(event.days).slice(0, MOST_NAMED) : []));
      const { document } = event;
      const endpoint = at.configured.provider.endpoints.find(({ name }) => name === document?.endpoint);
      if (!document || !endpoint) continue;
      const name = JSON.stringify([document.endpoint, document.id]);
      const entry = byDocument.get(name) ?? { endpoint, id: document.id, events: [] };
      entry.events.push(event);
      byDocument.set(name, entry);
    }
    const asker = this.asker(at);
    const known = await this.known(at.account, [...byDocument.values()]);
    for (const { endpoint, id, events: of } of byDocument.values()) {
      // A deletion and a change may come in either order; the document itself tells which was the last.
      const there = of.some(({ change }) => change !== "deleted") ? await this.fetched(asker, endpoint, id) : [];
      const found = [...(known.get(endpoint)?.get(id) ?? []), ...there];
      for (const event of of) for (const day of found) days.get(event)?.add(day);
    }
    return days;
  }

  private asker({ account, configured }: AccountAt): Asker {
    const asking = { personId: account.personId, accountId: account.id, onProgress: () => undefined };
    const urgency = new Urgency("LIVE");
    return new Asker(this.parts, configured, { ...asking, urgency });
  }

  private async known(account: Account, documents: readonly { endpoint: Endpoint; id: string }[]) {
    const days = new Map<Endpoint, ReadonlyMap<string, readonly CivilDay[]>>();
    for (const endpoint of new Set(documents.map((one) => one.endpoint))) {
      const ids = documents.filter((one) => one.endpoint === endpoint).map(({ id }) => id);
      days.set(endpoint, await this.parts.inbox.daysOf(account, endpoint.name, ids));
    }
    return days;
  }

  /** The days of a document as the vendor has it now; none where it has none, or where what it says cannot be used. */
  private async fetched(asker: Asker, endpoint: Endpoint, id: string): Promise<CivilDay[]> {
    if (!endpoint.document) return [];
    try {
      return daysIn(endpoint.document.read(await asker.json(endpoint.name, endpoint.document.request(id))));
    } catch (error) {
      if (error instanceof WireError) return [];
      const useless = ["REJECTED", "SCOPE_MISSING", "INVALID_RESPONSE"];
      if (error instanceof UpstreamFailure && useless.includes(error.kind)) return [];
      throw error;
    }
  }
}

function daysIn({ documents, setAside }: Page): CivilDay[] {
  return [
    ...documents.flatMap(({ records, undated }) => [
      ...records.map((record) => record.day),
      ...(undated?.otherwise === undefined ? [] : [undated.otherwise]),
    ]),
    ...setAside.flatMap(({ day }) => (day === undefined ? [] : [day])),
  ];
}
