import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchemaSync, type PubSub } from "type-graphql";
import { defineProviders, type NamedProvider } from "./provider-enum";
import { AccountResolver } from "./resolvers/account";
import { AdminResolver } from "./resolvers/admin";
import { ChangeResolver, ChangesResolver, UserChangesResolver } from "./resolvers/changes";
import { MutationResolver } from "./resolvers/mutation";
import { PACKED } from "./resolvers/packed";
import { QueryResolver } from "./resolvers/query";
import { UserResolver } from "./resolvers/user";
import { WebhookSubscriptionsResolver } from "./resolvers/webhook-subscriptions";
import { WebhookResolver } from "./resolvers/webhooks";

const CHANGES = [ChangesResolver, ChangeResolver, UserChangesResolver] as const;

/** type-graphql asks for one as soon as there are subscriptions; those of this schema bring streams of their own. */
const NO_TOPICS: PubSub = {
  publish: () => unused(),
  subscribe: () => unused(),
};

function unused(): never {
  throw new Error("expected every subscription to bring a stream of its own");
}

/** Builds the gateway's GraphQL schema; the Provider enum has one value per given wearable. */
export function buildGatewaySchema(options: { providers: readonly NamedProvider[] }): GraphQLSchema {
  defineProviders(options.providers);
  return buildSchemaSync({
    resolvers: [
      QueryResolver,
      UserResolver,
      AccountResolver,
      MutationResolver,
      AdminResolver,
      WebhookSubscriptionsResolver,
      WebhookResolver,
      ...PACKED,
      ...CHANGES,
    ],
    pubSub: NO_TOPICS,
    // Scalars, ranges and questions check their input themselves.
    validate: false,
  });
}
