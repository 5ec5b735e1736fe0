import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import type { RequestContext } from "../../src/loaders/context";
import { demandServerKey } from "../../src/loaders/reach";
import type { DeliveryPage, WebhookEndpoint as Endpoint } from "../../src/services/api";
import { WebhookEndpointStatus } from "../enums";
import {
  CreateWebhookEndpointPayload,
  DeleteWebhookEndpointPayload,
  RotateWebhookSecretPayload,
  UpdateWebhookEndpointPayload,
  WebhookDeliveries,
  WebhookDeliveryPayload,
  WebhookEndpoint,
  WebhookEndpoints,
} from "../types/webhooks";
import { withServerErrors } from "../user-errors";
import {
  CreateWebhookEndpointInput,
  RetryWebhookDeliveryInput,
  UpdateWebhookEndpointInput,
  WebhookDeliveriesArgs,
  WebhookEndpointInput,
} from "../webhook-inputs";

/** Outgoing webhooks, for server keys. */
@Resolver(() => WebhookEndpoint)
export class WebhookResolver {
  @Query(() => WebhookEndpoints, {
    nullable: true,
    description: "Where the application's events are sent; server keys only.",
  })
  async webhookEndpoints(@Ctx() ctx: RequestContext): Promise<{ nodes: readonly Endpoint[] }> {
    demandServerKey(ctx, "read");
    return { nodes: await ctx.services.outgoing.endpoints() };
  }

  @FieldResolver(() => WebhookEndpointStatus, { description: "Whether it is sent anything." })
  status(@Root() { disabledReason }: Endpoint): string {
    return disabledReason === null ? "ENABLED" : "DISABLED";
  }

  @FieldResolver(() => WebhookDeliveries, {
    nullable: true,
    description: "What it was sent in the last 30 days, and what waits; for keys that may read.",
  })
  async deliveries(
    @Root() { id }: Endpoint,
    @Args(() => WebhookDeliveriesArgs) { first, after = null }: WebhookDeliveriesArgs,
    @Ctx() ctx: RequestContext,
  ): Promise<DeliveryPage> {
    demandServerKey(ctx, "read");
    return ctx.services.outgoing.deliveries(id, { first, after });
  }

  @Mutation(() => CreateWebhookEndpointPayload, {
    nullable: true,
    description: "Adds an endpoint, at most 20. Server keys with the scope write only.",
  })
  async createWebhookEndpoint(
    @Arg("input", () => CreateWebhookEndpointInput, { description: "The endpoint." }) input: CreateWebhookEndpointInput,
    @Ctx() ctx: RequestContext,
  ): Promise<CreateWebhookEndpointPayload> {
    const { url, eventTypes = null, description = null } = input;
    return withServerErrors(ctx, { endpoint: null, secret: null }, (outgoing, by) =>
      outgoing.create({ url, eventTypes, description }, by),
    );
  }

  @Mutation(() => UpdateWebhookEndpointPayload, {
    nullable: true,
    description: "Changes an endpoint, or enables one. Server keys with the scope write only.",
  })
  async updateWebhookEndpoint(
    @Arg("input", () => UpdateWebhookEndpointInput, { description: "The change." }) input: UpdateWebhookEndpointInput,
    @Ctx() ctx: RequestContext,
  ): Promise<UpdateWebhookEndpointPayload> {
    const { endpointId, url, enabled, ...nullable } = input;
    const change = { ...nullable, ...(url == null ? {} : { url }), ...(enabled == null ? {} : { enabled }) };
    return withServerErrors(ctx, { endpoint: null }, async (outgoing, by) => ({
      endpoint: await outgoing.update(endpointId, change, by),
    }));
  }

  @Mutation(() => RotateWebhookSecretPayload, {
    nullable: true,
    description:
      "Gives an endpoint a new secret; for 24 hours messages are signed with both. Server keys with the scope write only.",
  })
  async rotateWebhookSecret(
    @Arg("input", () => WebhookEndpointInput, { description: "The endpoint." }) { endpointId }: WebhookEndpointInput,
    @Ctx() ctx: RequestContext,
  ): Promise<RotateWebhookSecretPayload> {
    return withServerErrors(ctx, { secret: null }, async (outgoing, by) => ({
      secret: await outgoing.rotate(endpointId, by),
    }));
  }

  @Mutation(() => DeleteWebhookEndpointPayload, {
    nullable: true,
    description: "Ends an endpoint, with what waits for it and its log. Server keys with the scope write only.",
  })
  async deleteWebhookEndpoint(
    @Arg("input", () => WebhookEndpointInput, { description: "The endpoint." }) { endpointId }: WebhookEndpointInput,
    @Ctx() ctx: RequestContext,
  ): Promise<DeleteWebhookEndpointPayload> {
    return withServerErrors(ctx, { deletedId: null }, async (outgoing, by) => {
      await outgoing.remove(endpointId, by);
      return { deletedId: endpointId };
    });
  }

  @Mutation(() => WebhookDeliveryPayload, {
    nullable: true,
    description: "Sends an event of the type test, whatever types are wanted. Server keys with the scope write only.",
  })
  async sendTestEvent(
    @Arg("input", () => WebhookEndpointInput, { description: "The endpoint." }) { endpointId }: WebhookEndpointInput,
    @Ctx() ctx: RequestContext,
  ): Promise<WebhookDeliveryPayload> {
    return withServerErrors(ctx, { delivery: null }, async (outgoing) => ({
      delivery: await outgoing.sendTest(endpointId),
    }));
  }

  @Mutation(() => WebhookDeliveryPayload, {
    nullable: true,
    description:
      "Sends a delivery again at once, under the same webhook-id, and by the whole schedule where that fails. Server keys with the scope write only.",
  })
  async retryWebhookDelivery(
    @Arg("input", () => RetryWebhookDeliveryInput, { description: "The delivery." })
    { deliveryId }: RetryWebhookDeliveryInput,
    @Ctx() ctx: RequestContext,
  ): Promise<WebhookDeliveryPayload> {
    return withServerErrors(ctx, { delivery: null }, async (outgoing) => ({
      delivery: await outgoing.retry(deliveryId),
    }));
  }
}
