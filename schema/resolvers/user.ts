import { Args, Ctx, Extensions, FieldResolver, ID, Resolver, Root } from "type-graphql";
import { encodeNodeId } from "../../src/domain/ids";
import type { RequestContext } from "../../src/loaders/context";
import type { DailyResult } from "../../src/loaders/daily";
import { dailyQuestion } from "../../src/loaders/question";
import type { Account, Person, SourcePreference as Preference } from "../../src/services/api";
import { DailyArgs, HrvArgs } from "../inputs";
import { KEPT } from "../kept";
import { ProviderAccount, SourcePreference, User } from "../types/accounts";
import { ActivityResult, HrvResult, ReadinessResult, SleepResult } from "../types/results";

/** Fields of a person. */
@Resolver(() => User)
export class UserResolver {
  @Extensions(KEPT)
  @FieldResolver(() => ID, { description: "Opaque; made of the person." })
  id(@Root() person: Person): string {
    return encodeNodeId({ type: "User", person: person.id });
  }

  @Extensions(KEPT)
  @FieldResolver(() => [ProviderAccount], { description: "Accounts that are linked or need reconnecting." })
  accounts(@Root() person: Person, @Ctx() ctx: RequestContext): Promise<readonly Account[]> {
    return ctx.loaders.of(person.id).accounts();
  }

  @Extensions(KEPT)
  @FieldResolver(() => [SourcePreference], {
    description: "The person's own orders of providers, at most one a metric; set by setSourcePreference.",
  })
  sourcePreferences(@Root() person: Person, @Ctx() ctx: RequestContext): Promise<readonly Preference[]> {
    return ctx.loaders.of(person.id).preferences();
  }

  @Extensions(KEPT)
  @FieldResolver(() => SleepResult, { nullable: true, description: "Sleep by day." })
  sleep(
    @Root() person: Person,
    @Args(() => DailyArgs) args: DailyArgs,
    @Ctx() ctx: RequestContext,
  ): Promise<DailyResult> {
    return ctx.loaders.of(person.id).daily.load(dailyQuestion("SLEEP", args));
  }

  @Extensions(KEPT)
  @FieldResolver(() => ReadinessResult, { nullable: true, description: "Readiness by day." })
  readiness(
    @Root() person: Person,
    @Args(() => DailyArgs) args: DailyArgs,
    @Ctx() ctx: RequestContext,
  ): Promise<DailyResult> {
    return ctx.loaders.of(person.id).daily.load(dailyQuestion("READINESS", args));
  }

  @Extensions(KEPT)
  @FieldResolver(() => ActivityResult, { nullable: true, description: "Activity by day." })
  activity(
    @Root() person: Person,
    @Args(() => DailyArgs) args: DailyArgs,
    @Ctx() ctx: RequestContext,
  ): Promise<DailyResult> {
    return ctx.loaders.of(person.id).daily.load(dailyQuestion("ACTIVITY", args));
  }

  @Extensions(KEPT)
  @FieldResolver(() => HrvResult, {
    nullable: true,
    description:
      "Heart rate variability by day, one method per answer. A provider that does not give the method is UNSUPPORTED.",
  })
  hrv(@Root() person: Person, @Args(() => HrvArgs) args: HrvArgs, @Ctx() ctx: RequestContext): Promise<DailyResult> {
    return ctx.loaders.of(person.id).daily.load(dailyQuestion("HRV", args, args.method));
  }
}
