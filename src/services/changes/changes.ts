import type { ChangesApi } from "../api";
import { ChangeFeed, type FeedParts } from "./feed";
import { type FollowingParts, followChanges, followProgress } from "./following";

/** Feeds of what changed: in pages, and as it comes. */
export function createChanges(parts: FeedParts & Omit<FollowingParts, "feed">): ChangesApi {
  const feed = new ChangeFeed(parts);
  const following = { ...parts, feed };
  return {
    page: (personId, question) => feed.page(personId, question),
    follow: (personId, { after, ...filter }) => followChanges(following, personId, after, filter),
    progress: (personId, providers) => followProgress(following, personId, providers),
  };
}
