import { Arg, Ctx, Extensions, ID, Query, Resolver } from "type-graphql";
import type { RequestContext, TypedNode } from "../../src/loaders/context";
import { loadNode } from "../../src/loaders/node";
import { findUser, viewerOf } from "../../src/loaders/reach";
import type { Person, ProviderFacts } from "../../src/services/api";
import { KEPT } from "../kept";
import { ProviderInfo, User } from "../types/accounts";
import { Node } from "../types/node";

/** Entry points of reading. */
@Resolver()
export class QueryResolver {
  @Extensions(KEPT)
  @Query(() => User, {
    nullable: true,
    description: "The person that the request's credentials stand for; null for server keys.",
  })
  viewer(@Ctx() ctx: RequestContext): Person | null {
    return viewerOf(ctx);
  }

  @Query(() => User, {
    nullable: true,
    description: "A person by the application's own id, null where there is none; server keys only.",
  })
  user(
    @Arg("externalId", () => String, { description: "The application's own id." }) externalId: string,
    @Ctx() ctx: RequestContext,
  ): Promise<Person | null> {
    return findUser(ctx, externalId);
  }

  @Extensions(KEPT)
  @Query(() => Node, {
    nullable: true,
    description:
      "Anything by its id; null where it is no id, is gone, or belongs to another person (for server keys: of another application).",
  })
  node(
    @Arg("id", () => ID, { description: "As answered by `id` fields." }) id: string,
    @Ctx() ctx: RequestContext,
  ): Promise<TypedNode | null> {
    return loadNode(ctx, id);
  }

  @Extensions(KEPT)
  @Query(() => [ProviderInfo], {
    description: "Every wearable this gateway can speak to: what it offers, whether it is configured here.",
  })
  providers(@Ctx() ctx: RequestContext): readonly ProviderFacts[] {
    return ctx.services.providers;
  }
}
