import type { Change, FeedPosition } from "../../domain/changes";
import type { Metric } from "../../domain/metrics";

/** Told after a commit that changed what a person can read, with the person's new data version, so that caches can follow. */
export type PersonChanged = (personId: string, dataVersion: number) => void;

/** A stretch of a person's feed: at most `limit` entries after a position (null: after what is forgotten), of these metrics and providers. */
export interface FeedRequest {
  readonly personId: string;
  readonly after: FeedPosition | null;
  /** Null: every metric. Entries without a metric are of all. */
  readonly metrics: readonly Metric[] | null;
  readonly providers: readonly string[];
  readonly limit: number;
}

/** Entries in their order, and where the feed stood in the same snapshot. `forgotten`: the last entry that is not kept any more. */
export interface FeedStretch {
  readonly entries: readonly Change[];
  readonly version: string;
  readonly forgotten: FeedPosition | null;
}

/** Reads a stretch of a person's feed in one snapshot; null where there is no such person. */
export type FeedSource = (request: FeedRequest) => Promise<FeedStretch | null>;
