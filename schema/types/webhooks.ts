import { Field, ID, Int, ObjectType } from "type-graphql";
import { WebhookDeliveryStatus, WebhookDisabledReason } from "../enums";
import { DateTime } from "../scalars";
import { UserError } from "./payloads";

/** One attempt to deliver. */
@ObjectType({ simpleResolvers: true, description: "One attempt to deliver an event." })
export class WebhookAttempt {
  @Field(() => DateTime, { description: "When it began." })
  at!: number;

  @Field(() => Int, { nullable: true, description: "The status that was answered; null where there was none." })
  statusCode!: number | null;

  @Field(() => Int, { description: "How long it took, in milliseconds." })
  durationMs!: number;

  @Field(() => String, { nullable: true, description: "Why there was no status; null where there was one." })
  error!: string | null;
}

/** An event on its way to an endpoint. */
@ObjectType({ simpleResolvers: true, description: "An event on its way to one endpoint; kept for 30 days." })
export class WebhookDelivery {
  @Field(() => ID, { description: "Its id, for retryWebhookDelivery." })
  id!: string;

  @Field(() => String, { description: "The header webhook-id: the same in every attempt and at every endpoint." })
  messageId!: string;

  @Field(() => String, { description: "The event's type, such as data.changed." })
  eventType!: string;

  @Field(() => DateTime, { description: "When it was handed in." })
  createdAt!: number;

  @Field(() => WebhookDeliveryStatus, { description: "What became of it." })
  status!: string;

  @Field(() => DateTime, { nullable: true, description: "When it is tried next; null where nothing is to come." })
  nextAttemptAt!: number | null;

  @Field(() => [WebhookAttempt], { description: "What was tried, the latest 30 attempts, the oldest first." })
  attempts!: readonly WebhookAttempt[];
}

/** Some deliveries. */
@ObjectType({ simpleResolvers: true, description: "Some deliveries of an endpoint, the newest first." })
export class WebhookDeliveries {
  @Field(() => [WebhookDelivery], { description: "The deliveries." })
  nodes!: readonly WebhookDelivery[];

  @Field(() => String, { nullable: true, description: "For `after`, to go on; null where none follow." })
  endCursor!: string | null;
}

/** Where an application's events are sent. */
@ObjectType({ simpleResolvers: true, description: "An address of the application's to which events are sent." })
export class WebhookEndpoint {
  @Field(() => ID, { description: "Its id." })
  id!: string;

  @Field(() => String, { description: "Where events are posted." })
  url!: string;

  @Field(() => [String], {
    nullable: true,
    description: "The types of events that are sent; null: all of them, those to come among them.",
  })
  eventTypes!: readonly string[] | null;

  @Field(() => String, { nullable: true, description: "The application's own words for it." })
  description!: string | null;

  @Field(() => WebhookDisabledReason, { nullable: true, description: "Why it is disabled; null where it is enabled." })
  disabledReason!: string | null;

  @Field(() => DateTime, { description: "When it was created." })
  createdAt!: number;
}

/** The endpoints of an application. */
@ObjectType({ simpleResolvers: true, description: "The endpoints of an application." })
export class WebhookEndpoints {
  @Field(() => [WebhookEndpoint], { description: "All of them, the oldest first." })
  nodes!: readonly WebhookEndpoint[];
}

/** What every answer of a mutation on webhooks has. */
@ObjectType({ simpleResolvers: true })
abstract class WebhookPayload {
  @Field(() => [UserError], { description: "Empty where it was done." })
  userErrors!: UserError[];
}

/** Answer of createWebhookEndpoint. */
@ObjectType({ simpleResolvers: true, description: "A new endpoint, and what its messages are signed with." })
export class CreateWebhookEndpointPayload extends WebhookPayload {
  @Field(() => WebhookEndpoint, { nullable: true, description: "The endpoint." })
  endpoint!: object | null;

  @Field(() => String, { nullable: true, description: "The signing secret (`whsec_…`), shown this once." })
  secret!: string | null;
}

/** Answer of updateWebhookEndpoint. */
@ObjectType({ simpleResolvers: true, description: "An endpoint after a change." })
export class UpdateWebhookEndpointPayload extends WebhookPayload {
  @Field(() => WebhookEndpoint, { nullable: true, description: "The endpoint as it is now." })
  endpoint!: object | null;
}

/** Answer of rotateWebhookSecret. */
@ObjectType({ simpleResolvers: true, description: "A new secret." })
export class RotateWebhookSecretPayload extends WebhookPayload {
  @Field(() => String, {
    nullable: true,
    description: "The new secret, shown this once; the one before signs along for 24 hours.",
  })
  secret!: string | null;
}

/** Answer of deleteWebhookEndpoint. */
@ObjectType({ simpleResolvers: true, description: "The end of an endpoint." })
export class DeleteWebhookEndpointPayload extends WebhookPayload {
  @Field(() => ID, { nullable: true, description: "The id that is no more; null where it was not done." })
  deletedId!: string | null;
}

/** Answer of sendTestEvent and retryWebhookDelivery. */
@ObjectType({ simpleResolvers: true, description: "A delivery that is on its way." })
export class WebhookDeliveryPayload extends WebhookPayload {
  @Field(() => WebhookDelivery, { nullable: true, description: "The delivery; null where nothing was done." })
  delivery!: object | null;
}
