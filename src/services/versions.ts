import { LRUCache } from "lru-cache";
import { GatewayError } from "../domain/errors";
import { COPY_PATIENCE_MS, within } from "./copies";
import type { Bell } from "./ports/cache";
import type { DataVersion, DataVersions, TrustedVersions, VersionSource } from "./ports/versions";

/** Milliseconds for which this process trusts its own copy of a version. */
const TRUSTED_MS = 1_000;
/** Milliseconds for which a copy may be used unconfirmed while PostgreSQL is away. */
const UNCONFIRMED_MS = 300_000;
const MAX_PERSONS = 100_000;
const TOPIC = "version";

interface Copy {
  readonly version: string;
  /** When it was asked for, not when the answer came: the next version may have been committed in between. */
  readonly confirmedAt: number;
  /** The newest version that another process has told of, and when. */
  told: { readonly version: bigint; readonly at: number } | null;
  /** That one is newer, and was told of since this one was confirmed. */
  overtaken: boolean;
}

/** Data versions with a copy per process: confirmed in PostgreSQL at most once a second a person, batched over persons. */
export class ConfirmedVersions implements DataVersions, TrustedVersions {
  private readonly copies = new LRUCache<string, Copy>({ max: MAX_PERSONS });
  private batch: { ids: Set<string>; answer: Promise<ReadonlyMap<string, string>> } | null = null;

  constructor(
    private readonly source: VersionSource,
    private readonly bell: Bell,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    bell.listen(TOPIC, (message) => this.heard(message));
  }

  /** @inheritdoc */
  async current(personId: string): Promise<DataVersion> {
    const trusted = this.trusted(personId);
    if (trusted !== null) return { version: trusted, confirmed: true };
    const copy = this.copies.get(personId);
    const askedAt = this.nowMs();
    try {
      const asked = this.ask(personId);
      // Who has a copy need not wait for a database that is silent.
      const versions = await (copy ? within(COPY_PATIENCE_MS, asked) : asked);
      const version = versions.get(personId);
      if (version === undefined) throw new GatewayError("UNAUTHENTICATED", "this person is not known here");
      return { version: this.learn(personId, version, askedAt), confirmed: true };
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      if (copy && this.nowMs() - copy.confirmedAt < UNCONFIRMED_MS) return { version: copy.version, confirmed: false };
      throw new GatewayError("SERVICE_DEGRADED", "the database is out of reach", { cause: error });
    }
  }

  /** @inheritdoc */
  trusted(personId: string): string | null {
    const copy = this.copies.get(personId);
    return copy && !copy.overtaken && this.nowMs() - copy.confirmedAt < TRUSTED_MS ? copy.version : null;
  }

  /** @inheritdoc */
  seen(personId: string): string | null {
    const copy = this.copies.peek(personId);
    return copy && !copy.overtaken ? copy.version : null;
  }

  /** @inheritdoc */
  learned(personId: string, version: string, since = this.nowMs() - TRUSTED_MS): void {
    const known = this.copies.get(personId);
    this.learn(personId, version, since);
    if (known?.version !== version) this.bell.ring(TOPIC, `${personId} ${version}`);
  }

  /** Versions only rise, so that an answer overtaken by a commit cannot turn the copy back. */
  private learn(personId: string, version: string, confirmedAt: number): string {
    const known = this.copies.get(personId);
    if (known && BigInt(known.version) > BigInt(version)) return known.version;
    const confirmed = known?.version === version ? Math.max(known.confirmedAt, confirmedAt) : confirmedAt;
    const told = known?.told ?? null;
    const overtaken = told !== null && told.version > BigInt(version) && told.at >= confirmed;
    this.copies.set(personId, { version, confirmedAt: confirmed, told, overtaken });
    return version;
  }

  private heard(message: string): void {
    const [personId = "", version = ""] = message.split(" ");
    const known = this.copies.get(personId);
    if (!known || !/^\d+$/.test(version)) return;
    const [told, before] = [BigInt(version), known.told?.version ?? 0n];
    if (told <= BigInt(known.version)) return;
    known.told = { version: told > before ? told : before, at: this.nowMs() };
    known.overtaken = true;
  }

  private async ask(personId: string): Promise<ReadonlyMap<string, string>> {
    if (this.batch) {
      this.batch.ids.add(personId);
      return this.batch.answer;
    }
    const ids = new Set([personId]);
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.batch = null;
      return this.source([...ids]);
    });
    this.batch = { ids, answer };
    return answer;
  }
}
