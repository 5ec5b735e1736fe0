import { Ctx, Extensions, FieldResolver, ID, Resolver, Root } from "type-graphql";
import { encodeNodeId } from "../../src/domain/ids";
import type { RequestContext } from "../../src/loaders/context";
import type { Account } from "../../src/services/api";
import { KEPT } from "../kept";
import { DateTime } from "../scalars";
import { ProviderAccount } from "../types/accounts";

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
    description: "When the provider was last checked successfully; null where never.",
  })
  lastSyncedAt(@Root() account: Account, @Ctx() ctx: RequestContext): Promise<number | null> {
    return ctx.loaders.of(account.personId).lastSyncedAt.load(account.id);
  }
}
