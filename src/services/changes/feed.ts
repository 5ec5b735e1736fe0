import type { Change, FeedPosition } from "../../domain/changes";
import { GatewayError } from "../../domain/errors";
import type { ChangePage, ChangeQuestion, FeedEntry } from "../api";
import type { FeedSource } from "../ports/changes";
import type { DataVersions } from "../ports/versions";
import type { Cursors } from "./cursors";

/** Greater than every ordinal: a position behind all entries of a version. */
const LAST_ORDINAL = 2 ** 31 - 1;

/** What the feed is made of. `providers`: the slugs of every wearable; entries of one that was taken out are not answered. */
export interface FeedParts {
  readonly source: FeedSource;
  readonly cursors: Cursors;
  readonly versions: DataVersions;
  readonly providers: readonly string[];
}

/** Which entries somebody follows. */
export type FeedFilter = Pick<ChangeQuestion, "metrics" | "providers">;

/** A stretch of the feed: its entries, whether there are more behind it, and where it ends. `version`: the person's, in the same snapshot. */
export interface Stretch {
  readonly entries: readonly FeedEntry[];
  readonly more: boolean;
  readonly end: FeedPosition;
  readonly version: string;
}

/** Persons' feeds of what changed, in pages. */
export class ChangeFeed {
  constructor(private readonly parts: FeedParts) {}

  /** The page that a cursor leads to; BAD_CURSOR where what came after it may not be kept any more. */
  async page(personId: string, { after, first, ...filter }: ChangeQuestion): Promise<ChangePage> {
    const stretch = await this.read(personId, after === null ? null : this.position(personId, after), first, filter);
    return {
      nodes: stretch.entries,
      pageInfo: { endCursor: this.parts.cursors.write(personId, stretch.end), hasNextPage: stretch.more },
      latestCursor: this.parts.cursors.write(personId, endOf(stretch.version)),
    };
  }

  /** Where a cursor of this person's stands. */
  position(personId: string, cursor: string): FeedPosition {
    return this.parts.cursors.read(personId, cursor);
  }

  /** Where the feed ends now. */
  async end(personId: string): Promise<FeedPosition> {
    // Not the process's copy of the version: what somebody else has committed already is no news to who comes now.
    return (await this.read(personId, null, 1, { metrics: null, providers: null })).latest;
  }

  /** At most so many entries after a position. A stretch without more behind it ends where the feed ends, whatever was filtered out. */
  async read(
    personId: string,
    after: FeedPosition | null,
    first: number,
    { metrics, providers }: FeedFilter,
  ): Promise<Stretch & { readonly latest: FeedPosition }> {
    const since = performance.now();
    const stretch = await this.parts.source({
      personId,
      after,
      metrics,
      providers: providers ?? this.parts.providers,
      limit: first + 1,
    });
    if (!stretch) throw new GatewayError("UNAUTHENTICATED", "this person is not known here");
    const { version, forgotten } = stretch;
    if (after !== null) checkKept(after, forgotten, endOf(version));
    // Whoever reads the records of these entries must not be answered by an older copy.
    this.parts.versions.learned(personId, version, since);
    const entries = stretch.entries.slice(0, first);
    const more = stretch.entries.length > first;
    const last = entries.at(-1);
    return {
      entries: entries.map((entry) => this.entry(personId, entry)),
      more,
      end: more && last ? last : endOf(version),
      version,
      latest: endOf(version),
    };
  }

  private entry(personId: string, change: Change): FeedEntry {
    return { ...change, personId, cursor: this.parts.cursors.write(personId, change) };
  }
}

function endOf(version: string): FeedPosition {
  return { version, ordinal: LAST_ORDINAL };
}

function isBefore(a: FeedPosition, b: FeedPosition): boolean {
  const [left, right] = [BigInt(a.version), BigInt(b.version)];
  return left < right || (left === right && a.ordinal < b.ordinal);
}

/** A position beyond the end is of data that a restore has taken back. */
function checkKept(position: FeedPosition, forgotten: FeedPosition | null, end: FeedPosition): void {
  if ((forgotten && isBefore(position, forgotten)) || isBefore(end, position)) {
    throw new GatewayError(
      "BAD_CURSOR",
      "what came after this cursor is not kept any more: read the days anew, then follow from latestCursor",
    );
  }
}
