import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchemaSync } from "type-graphql";
import { defineProviders, type NamedProvider } from "./provider-enum";
import { AccountResolver } from "./resolvers/account";
import { AdminResolver } from "./resolvers/admin";
import { MutationResolver } from "./resolvers/mutation";
import { QueryResolver } from "./resolvers/query";
import { UserResolver } from "./resolvers/user";

/** Builds the gateway's GraphQL schema; the Provider enum has one value per given wearable. */
export function buildGatewaySchema(options: { providers: readonly NamedProvider[] }): GraphQLSchema {
  defineProviders(options.providers);
  return buildSchemaSync({
    resolvers: [QueryResolver, UserResolver, AccountResolver, MutationResolver, AdminResolver],
    // Scalars, ranges and questions check their input themselves.
    validate: false,
  });
}
