import { setTimeout as delay } from "node:timers/promises";
import type { FeedPosition } from "../../domain/changes";
import { GatewayError } from "../../domain/errors";
import type { Account, AccountsApi, FeedEntry } from "../api";
import type { Bell } from "../ports/cache";
import type { Telemetry } from "../ports/telemetry";
import type { ChangeFeed, FeedFilter } from "./feed";
import { cancellable, type Stream } from "./stream";
import type { Follower, PersonWatch } from "./watch";

/** Entries that are read at once; the next are read when these have been taken. */
const PAGE = 100;
/** Milliseconds between rounds of progress: no screen shows more. */
const ROUND_MS = 250;
/** Milliseconds after a read that failed. */
const READ_AGAIN_MS = 2_000;

/** Rung with an account's id, or with nothing for all of them, whenever something of a person's accounts went on that no data version tells. */
export function progressTopic(personId: string): string {
  return `progress ${personId}`;
}

/** What following is made of. */
export interface FollowingParts {
  readonly feed: ChangeFeed;
  readonly watch: PersonWatch;
  readonly bell: Bell;
  readonly accounts: Pick<AccountsApi, "list">;
  readonly telemetry: Pick<Telemetry, "fault">;
}

/** Entries of a person's feed as they come, after a cursor or from now on: none lost, none twice, in their order. */
export async function followChanges(
  parts: FollowingParts,
  personId: string,
  after: string | null,
  filter: FeedFilter,
): Promise<Stream<FeedEntry>> {
  const follower = parts.watch.join(personId);
  try {
    const from = after === null ? await parts.feed.end(personId) : parts.feed.position(personId, after);
    return cancellable(entriesFrom(parts, follower, personId, from, filter), follower.leave);
  } catch (error) {
    follower.leave();
    throw error;
  }
}

async function* entriesFrom(
  { feed, telemetry }: FollowingParts,
  follower: Follower,
  personId: string,
  from: FeedPosition,
  filter: FeedFilter,
): AsyncGenerator<FeedEntry, undefined> {
  try {
    for (let position = from; follower.follows(); ) {
      const stretch = await feed.read(personId, position, PAGE, filter).catch(unlessRefused(telemetry));
      if (!stretch) {
        await delay(READ_AGAIN_MS);
        continue;
      }
      const { entries, more, end, version } = stretch;
      yield* entries;
      position = end;
      if (!more) await follower.until(() => follower.latest() > BigInt(version));
    }
  } finally {
    follower.leave();
  }
  return undefined;
}

/** What is out of reach for the moment is no end: whoever follows has time. */
function unlessRefused(telemetry: Pick<Telemetry, "fault">): (error: unknown) => null {
  return (error) => {
    if (error instanceof GatewayError) throw error;
    telemetry.fault("reading what changed", error);
    return null;
  };
}

/** The person's accounts: each as it is, then again whenever its progress is rung or the person's data changed, a few times a second at most. */
export function followProgress(
  parts: FollowingParts,
  personId: string,
  providers: readonly string[] | null,
): Stream<Account> {
  const follower = parts.watch.join(personId);
  const rung = new Set<string>();
  const stop = parts.bell.listen(progressTopic(personId), (accountId) => {
    rung.add(accountId);
    follower.nudge();
  });
  const end = () => {
    stop();
    follower.leave();
  };
  return cancellable(rounds(parts, follower, personId, providers, rung, end), end);
}

async function* rounds(
  { feed, accounts, telemetry }: FollowingParts,
  follower: Follower,
  personId: string,
  providers: readonly string[] | null,
  rung: Set<string>,
  end: () => void,
): AsyncGenerator<Account, undefined> {
  try {
    for (let seen = "0"; follower.follows(); ) {
      const now = await state(feed, accounts, personId).catch(unlessRefused(telemetry));
      if (!now) {
        await delay(READ_AGAIN_MS);
        continue;
      }
      const { version } = now;
      const all = version !== seen || rung.has("");
      const news = new Set(rung);
      rung.clear();
      seen = version;
      for (const account of now.linked) {
        if ((all || news.has(account.id)) && (providers?.includes(account.provider) ?? true)) yield account;
      }
      await delay(ROUND_MS);
      await follower.until(() => rung.size > 0 || follower.latest() > BigInt(version));
    }
  } finally {
    end();
  }
  return undefined;
}

/** The version first: what changes between the two is told once more. */
async function state(
  feed: ChangeFeed,
  accounts: FollowingParts["accounts"],
  personId: string,
): Promise<{ readonly version: string; readonly linked: readonly Account[] }> {
  const { version } = await feed.end(personId);
  return { version, linked: await accounts.list(personId) };
}
