import { ArgsType, Field, ID, InputType, Int } from "type-graphql";

const EVENT_TYPES =
  "Any of data.changed, account.connected, account.reconnect_required, account.disconnected, backfill.completed, test; not empty.";

/** Input of createWebhookEndpoint. */
@InputType({ description: "Where to send events, and which." })
export class CreateWebhookEndpointInput {
  @Field(() => String, {
    description: "An https address with a public host, at most 2,048 characters, without credentials or fragment.",
  })
  url!: string;

  @Field(() => [String], { nullable: true, description: `${EVENT_TYPES} Default: all.` })
  eventTypes?: string[] | null;

  @Field(() => String, { nullable: true, description: "Words of your own, at most 200 characters." })
  description?: string | null;
}

/** Input of updateWebhookEndpoint. */
@InputType({ description: "What of an endpoint changes; what is left out stays." })
export class UpdateWebhookEndpointInput {
  @Field(() => ID, { description: "The endpoint." })
  endpointId!: string;

  @Field(() => String, { nullable: true, description: "A new address; what waits goes there too." })
  url?: string | null;

  @Field(() => [String], { nullable: true, description: `${EVENT_TYPES} Null: all.` })
  eventTypes?: string[] | null;

  @Field(() => String, { nullable: true, description: "Words of your own, at most 200 characters; null: none." })
  description?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "False: nothing is sent any more. True: it is again, beginning with what waits.",
  })
  enabled?: boolean | null;
}

/** Input of what concerns one endpoint. */
@InputType({ description: "Which endpoint." })
export class WebhookEndpointInput {
  @Field(() => ID, { description: "The endpoint." })
  endpointId!: string;
}

/** Input of retryWebhookDelivery. */
@InputType({ description: "Which delivery." })
export class RetryWebhookDeliveryInput {
  @Field(() => ID, { description: "The delivery." })
  deliveryId!: string;
}

/** Arguments of WebhookEndpoint.deliveries. */
@ArgsType()
export class WebhookDeliveriesArgs {
  @Field(() => Int, { defaultValue: 20, description: "How many at most, 1 to 200." })
  first!: number;

  @Field(() => String, { nullable: true, description: "endCursor of the page before. Default: from the newest." })
  after?: string | null;
}
