import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { GatewayError } from "../../src/domain/errors";
import type { RequestContext, TypedNode } from "../../src/loaders/context";
import { loadNode } from "../../src/loaders/node";
import type { Person, ProviderFacts } from "../../src/services/api";
import { ProviderInfo, User } from "../types/accounts";
import { Node } from "../types/node";

/** Entry points of reading. */
@Resolver()
export class QueryResolver {
  @Query(() => User, {
    nullable: true,
    description: "The person that the request's credentials stand for; null for server keys.",
  })
  viewer(@Ctx() ctx: RequestContext): Person {
    return ctx.person;
  }

  @Query(() => User, { nullable: true, description: "A person by the application's own id; server keys only." })
  user(@Arg("externalId", () => String, { description: "The application's own id." }) _externalId: string): Person {
    throw new GatewayError("FORBIDDEN", "user(externalId:) is for server keys only; ask viewer");
  }

  @Query(() => Node, {
    nullable: true,
    description: "Anything by its id; null where it is no id, is gone, or belongs to another person.",
  })
  node(
    @Arg("id", () => ID, { description: "As answered by `id` fields." }) id: string,
    @Ctx() ctx: RequestContext,
  ): Promise<TypedNode | null> {
    return loadNode(ctx, id);
  }

  @Query(() => [ProviderInfo], {
    description: "Every wearable this gateway can speak to: what it offers, whether it is configured here.",
  })
  providers(@Ctx() ctx: RequestContext): readonly ProviderFacts[] {
    return ctx.services.providers;
  }
}
