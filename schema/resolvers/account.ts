import { Arg, Ctx, Extensions, FieldResolver, ID, Int, Resolver, Root } from "type-graphql";
import type { MetricBackfill as Progress } from "../../src/domain/backfill";
import { encodeNodeId } from "../../src/domain/ids";
import type { RequestContext } from "../../src/loaders/context";
import { loadSyncRuns, type SyncRunList as Runs } from "../../src/loaders/history";
import type { Account } from "../../src/services/api";
import { KEPT } from "../kept";
import { DateTime } from "../scalars";
import { ProviderAccount } from "../types/accounts";
import { MetricBackfill, SyncRunList } from "../types/history";

/** Fields of a linked account that are not its own. */
@Resolver(() => ProviderAccount)
export class AccountResolver {
  @Extensions(KEPT)
  @FieldResolver(() => ID, { description: "Opaque; made of person and account." })
  id(@Root() account: Account): string {
    return encodeNodeId({ type: "ProviderAccount", person: account.personId, account: account.id });
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "When the provider was last checked successfully, whether or not there was anything new; null where never. See lastPolledAt, lastDataAt.",
  })
  lastSyncedAt(@Root() account: Account, @Ctx() ctx: RequestContext): Promise<number | null> {
    return ctx.loaders.of(account.personId).lastSyncedAt.load(account.id);
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "When the provider was last asked for data, whatever came of it; later than lastSyncedAt while it fails. Null where never.",
  })
  async lastPolledAt(@Root() account: Account, @Ctx() ctx: RequestContext): Promise<number | null> {
    return (await ctx.loaders.of(account.personId).times.load(account.id)).polledAt;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description:
      "When a record was last new, changed or gone; far behind lastSyncedAt where the wearable lies in a drawer. Null where never.",
  })
  async lastDataAt(@Root() account: Account, @Ctx() ctx: RequestContext): Promise<number | null> {
    return (await ctx.loaders.of(account.personId).times.load(account.id)).dataAt;
  }

  @FieldResolver(() => [MetricBackfill], {
    description: "How far the history that linking asks for is fetched, by metric; empty where none is asked for.",
  })
  backfill(@Root() account: Account, @Ctx() ctx: RequestContext): Promise<readonly Progress[]> {
    return ctx.loaders.of(account.personId).backfill.load(account);
  }

  @FieldResolver(() => SyncRunList, { description: "What fetching came to, the latest run first." })
  syncRuns(
    @Root() account: Account,
    @Arg("first", () => Int, { defaultValue: 10, description: "How many, 1 to 200." }) first: number,
    @Arg("after", () => String, { nullable: true, description: "An endCursor that was answered before." })
    after: string | null | undefined,
    @Ctx() ctx: RequestContext,
  ): Promise<Runs> {
    return loadSyncRuns(ctx, account, { first, after: after ?? null });
  }
}
