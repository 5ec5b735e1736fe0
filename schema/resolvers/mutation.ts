import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import type { RequestContext } from "../../src/loaders/context";
import { checkedOrder, checkedRange } from "../../src/loaders/question";
import {
  CompleteConnectionInput,
  ConnectProviderInput,
  DisconnectProviderInput,
  SetSourcePreferenceInput,
  SyncProviderInput,
} from "../inputs";
import {
  CompleteConnectionPayload,
  ConnectProviderPayload,
  DisconnectProviderPayload,
  SetSourcePreferencePayload,
  SyncProviderPayload,
} from "../types/payloads";
import { withUserErrors } from "../user-errors";

/** Linking, unlinking, fetching again, preferring. */
@Resolver()
export class MutationResolver {
  @Mutation(() => ConnectProviderPayload, {
    nullable: true,
    description: "Starts linking a wearable. Send the person to authorizationUrl.",
  })
  connectProvider(
    @Arg("input", () => ConnectProviderInput, { description: "What to link." }) input: ConnectProviderInput,
    @Ctx() ctx: RequestContext,
  ): Promise<ConnectProviderPayload> {
    const { provider, scopes = null, returnUrl = null } = input;
    return withUserErrors(ctx, input, { authorizationUrl: null, state: null, expiresAt: null }, (person) =>
      ctx.services.linking.connect(person, { provider, scopes, returnUrl }),
    );
  }

  @Mutation(() => CompleteConnectionPayload, {
    nullable: true,
    description: "Finishes linking under the same person's credentials.",
  })
  completeConnection(
    @Arg("input", () => CompleteConnectionInput, { description: "The way back." }) input: CompleteConnectionInput,
    @Ctx() ctx: RequestContext,
  ): Promise<CompleteConnectionPayload> {
    const { provider, callbackUrl } = input;
    return withUserErrors(ctx, input, { account: null }, async (person) => ({
      account: await ctx.services.linking.complete(person, { provider, callbackUrl }),
    }));
  }

  @Mutation(() => DisconnectProviderPayload, {
    nullable: true,
    description:
      "Revokes the grant at the provider and forgets the tokens; deleteData also erases what was stored from it.",
  })
  disconnectProvider(
    @Arg("input", () => DisconnectProviderInput, { description: "What to unlink." }) input: DisconnectProviderInput,
    @Ctx() ctx: RequestContext,
  ): Promise<DisconnectProviderPayload> {
    const { provider, deleteData } = input;
    return withUserErrors(ctx, input, { provider, revokedAtProvider: null, deletedRecords: null }, async (person) => ({
      provider,
      ...(await ctx.services.linking.disconnect(person, { provider, deleteData })),
    }));
  }

  @Mutation(() => SyncProviderPayload, {
    nullable: true,
    description: "Fetches a range again now, past every cache.",
  })
  syncProvider(
    @Arg("input", () => SyncProviderInput, { description: "What to fetch." }) input: SyncProviderInput,
    @Ctx() ctx: RequestContext,
  ): Promise<SyncProviderPayload> {
    const { provider } = input;
    const range = checkedRange("input.range", input.range);
    return withUserErrors(ctx, input, { account: null, fetchedRecords: null }, (person) =>
      ctx.services.syncing.sync(person, { provider, range }),
    );
  }
  @Mutation(() => SetSourcePreferencePayload, {
    nullable: true,
    description: "Keeps whose record the person wants for a metric where several providers have the day.",
  })
  setSourcePreference(
    @Arg("input", () => SetSourcePreferenceInput, { description: "The order." }) input: SetSourcePreferenceInput,
    @Ctx() ctx: RequestContext,
  ): Promise<SetSourcePreferencePayload> {
    const order = checkedOrder("input.order", input.order);
    return withUserErrors(ctx, input, { preference: null }, async (person) => ({
      preference: await ctx.services.preferences.set(person, input.metric, order),
    }));
  }
}
