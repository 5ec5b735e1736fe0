import { createHmac } from "node:crypto";
import { daysAgo } from "./four-metrics";
import type { GatewayProcess } from "./gateway-process";
import { linked } from "./newcomer";
import { type StandinAnswer, type StandinCall, startStandin, type VendorStandin } from "./vendor-standin";

const COLLECTION = "/v2/usercollection/";
const READINESS = `${COLLECTION}daily_readiness`;

/** A document of the vendor as it is now. `revision`: from 1; `user`: by number. */
export interface ToldDocument {
  readonly id: string;
  readonly user: number;
  readonly day: string;
  revision: number;
  deleted: boolean;
}

/** A notice of one change, as the body that is sent and signed. */
export interface Notice {
  readonly document: ToldDocument;
  /** The vendor's documents were at least at this revision when it was told. */
  readonly revision: number;
  readonly body: string;
}

/** A stand-in of Oura's cloud with one readiness document per user and day, which change, and the notices that tell of it. */
export class TellingVendor {
  private readonly userOf = new Map<string, number>();
  private told = 0;

  private constructor(
    private readonly standin: VendorStandin,
    /** By user. */
    readonly documents: readonly (readonly ToldDocument[])[],
  ) {}

  /** Starts it with so many users, each with a document for each of the last days before today. */
  static async start(users: number, days: number): Promise<TellingVendor> {
    const standin = await startStandin({ canary: "told" });
    const documents = Array.from({ length: users }, (_user, user) =>
      Array.from({ length: days }, (_day, index) => {
        const day = daysAgo(days - index);
        return { id: `readiness-${user}-${day}`, user, day, revision: 0, deleted: false };
      }),
    );
    const vendor = new TellingVendor(standin, documents);
    vendor.serve();
    return vendor;
  }

  /** Settings of a gateway that uses this vendor, which never says that it is enough. */
  get env(): Readonly<Record<string, string>> {
    return { ...this.standin.env, OURA_REQUEST_BUDGET: "1000000/300", BACKFILL_DAYS: "0" };
  }

  /** How many requests for data have come. */
  get asked(): number {
    return this.standin.calls.filter(({ path }) => path.startsWith(READINESS)).length;
  }

  /** Links every user as a person of their own. */
  async link(gateway: GatewayProcess): Promise<void> {
    for (let user = 0; user < this.documents.length; user++) await linked(gateway, { token: `demo:told-${user}` });
  }

  /** Changes a document, or deletes it, and tells of it. */
  tell(document: ToldDocument, change: "change" | "delete" = "change"): Notice {
    const type = change === "delete" ? "delete" : document.revision === 0 || document.deleted ? "create" : "update";
    document.revision += 1;
    document.deleted = change === "delete";
    this.told += 1;
    const body = JSON.stringify({
      event_type: type,
      data_type: "daily_readiness",
      object_id: document.id,
      event_time: new Date(Date.UTC(2026, 0, 1) + this.told * 1_000).toISOString().replace("Z", "+00:00"),
      user_id: idOf(document.user),
    });
    return { document, revision: document.revision, body };
  }

  /** The headers of a delivery at this moment. */
  headersOf({ body }: Notice): Record<string, string> {
    const at = String(Math.floor(Date.now() / 1_000));
    const signed = createHmac("sha256", this.env["OURA_CLIENT_SECRET"] ?? "").update(at + body);
    return {
      "content-type": "application/json",
      "x-oura-timestamp": at,
      "x-oura-signature": signed.digest("hex").toUpperCase(),
    };
  }

  stop(): Promise<void> {
    return this.standin.stop();
  }

  private serve(): void {
    const { data } = this.standin;
    this.standin.token = (body) => {
      this.userOf.set(`Bearer ${body["access_token"]}`, this.userOf.size);
      return { body };
    };
    data.set(`${COLLECTION}personal_info`, (call) => ({ body: { id: idOf(this.user(call)) } }));
    for (const name of ["daily_sleep", "sleep", "daily_activity"])
      data.set(COLLECTION + name, () => ({ body: { data: [], next_token: null } }));
    data.set(READINESS, (call) => this.list(call));
    for (const document of this.documents.flat())
      data.set(`${READINESS}/${document.id}`, (call) =>
        isThere(document) && document.user === this.user(call) ? { body: wire(document) } : { status: 404, body: {} },
      );
  }

  private list(call: StandinCall): StandinAnswer {
    const { start_date = "", end_date = "" } = call.query;
    const there = (this.documents[this.user(call)] ?? []).filter(isThere);
    const inside = there.filter(({ day }) => day >= start_date && day <= end_date);
    return { body: { data: inside.map(wire), next_token: null } };
  }

  private user(call: StandinCall): number {
    return this.userOf.get(call.authorization ?? "") ?? -1;
  }
}

/** What the vendor calls a user. */
function idOf(user: number): string {
  return `told-user-${user}`;
}

function isThere({ revision, deleted }: ToldDocument): boolean {
  return revision > 0 && !deleted;
}

/** A document as it is answered: the temperature tells the revision, in hundredths of a degree. */
function wire({ id, day, revision }: ToldDocument): unknown {
  return {
    ...{ id, day, score: 70, timestamp: `${day}T00:00:00+00:00`, contributors: {} },
    ...{ temperature_deviation: revision / 100, temperature_trend_deviation: null },
  };
}
