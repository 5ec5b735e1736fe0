import { Args, Ctx, FieldResolver, Query, Resolver, Root, Subscription } from "type-graphql";
import {
  type ChangeArguments,
  changedRecord,
  changesOf,
  type FollowArguments,
  followChanges,
  followProgress,
  ownChanges,
} from "../../src/loaders/changes";
import type { RequestContext } from "../../src/loaders/context";
import type { DailyNode } from "../../src/loaders/day-node";
import type { Account, ChangePage, FeedEntry, Person } from "../../src/services/api";
import { ChangesArgs, FollowChangesArgs, FollowProgressArgs } from "../inputs";
import { ProviderAccount, User } from "../types/accounts";
import { Change, ChangeConnection } from "../types/changes";
import { DailyRecord } from "../types/node";

interface Following {
  readonly args: FollowArguments;
  readonly context: RequestContext;
}

const FEED =
  "What changed, oldest first, by day, metric and provider; kept for 90 days. Linking, preferences and the clock do not appear.";

/** What changed, in pages and as it comes. */
@Resolver()
export class ChangesResolver {
  @Query(() => ChangeConnection, {
    nullable: true,
    description: `${FEED} The caller's own; server keys ask user(externalId:).`,
  })
  changes(@Args(() => ChangesArgs) args: ChangeArguments, @Ctx() ctx: RequestContext): Promise<ChangePage> {
    return ownChanges(ctx, args);
  }

  @Subscription(() => Change, {
    description: `Entries of the feed as they come: first what came after the cursor, then live. ${FEED}`,
    subscribe: ({ args, context }: Following) => followChanges(context, args),
  })
  dataChanged(@Root() entry: FeedEntry, @Args(() => FollowChangesArgs) _args: FollowArguments): FeedEntry {
    return entry;
  }

  @Subscription(() => ProviderAccount, {
    description: "Each linked account as it is, then again whenever its link, its history or its data went on.",
    subscribe: ({ args, context }: Following) => followProgress(context, args),
  })
  syncProgress(@Root() account: Account, @Args(() => FollowProgressArgs) _args: FollowArguments): Account {
    return account;
  }
}

/** The feed as a field of a person. */
@Resolver(() => User)
export class UserChangesResolver {
  @FieldResolver(() => ChangeConnection, { nullable: true, description: FEED })
  changes(
    @Root() person: Person,
    @Args(() => ChangesArgs) args: ChangeArguments,
    @Ctx() ctx: RequestContext,
  ): Promise<ChangePage> {
    return changesOf(ctx, person, args);
  }
}

/** Fields of an entry that are not its own. */
@Resolver(() => Change)
export class ChangeResolver {
  @FieldResolver(() => DailyRecord, {
    nullable: true,
    description:
      "The record as it is now, as far as it is kept here, without asking the provider; null where it is deleted, or not known as a whole yet, and then another entry follows.",
  })
  record(@Root() entry: FeedEntry, @Ctx() ctx: RequestContext): Promise<DailyNode | null> {
    return changedRecord(ctx, entry);
  }
}
