import { Ctx, FieldResolver, Resolver } from "type-graphql";
import type { RequestContext } from "../../src/loaders/context";
import type { KeptSubscription } from "../../src/services/api";
import { Admin } from "../types/admin";
import { WebhookSubscription } from "../types/webhook-subscription";

/** Where vendors deliver. */
@Resolver(() => Admin)
export class WebhookSubscriptionsResolver {
  @FieldResolver(() => [WebhookSubscription], {
    description: "Every webhook subscription that the gateway wants at the vendors configured here.",
  })
  webhookSubscriptions(@Ctx() ctx: RequestContext): Promise<readonly KeptSubscription[]> {
    return ctx.services.subscriptions.list();
  }
}
