import { Field, ObjectType } from "type-graphql";
import { WebhookSubscriptionProblem, WebhookSubscriptionState } from "../enums";
import { Provider } from "../provider-enum";
import { DateTime } from "../scalars";

/** One of the application's webhook subscriptions at a vendor. */
@ObjectType({
  simpleResolvers: true,
  description: "A subscription by which a vendor is to tell this gateway of one kind of change, as last seen.",
})
export class WebhookSubscription {
  @Field(() => Provider, { description: "The vendor." })
  provider!: string;

  @Field(() => String, { description: "What it tells about, in the vendor's own words." })
  dataType!: string;

  @Field(() => String, { description: "What happened to it, in the vendor's own words." })
  eventType!: string;

  @Field(() => WebhookSubscriptionState, { description: "How it stands." })
  state!: string;

  @Field(() => DateTime, { nullable: true, description: "When it ends; null where it does not, or was never held." })
  expiresAt!: number | null;

  @Field(() => String, { nullable: true, description: "Where the vendor delivers; null where it was never held." })
  callbackUrl!: string | null;

  @Field(() => WebhookSubscriptionProblem, {
    nullable: true,
    description: "Why the latest attempt to keep it failed; null where it did not.",
  })
  lastError!: string | null;

  @Field(() => DateTime, {
    nullable: true,
    description: "When the vendor last confirmed or refused it; null where it was never asked.",
  })
  checkedAt!: number | null;
}
