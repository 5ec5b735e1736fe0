import "reflect-metadata";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import type { RequestContext } from "../../../src/loaders/context";
import { listening } from "./listening";
import { peerContexts, peerSchema } from "./peer-services";

/** Apollo Server as its documentation's first page sets it up. @see https://www.apollographql.com/docs/apollo-server/getting-started */
async function main(): Promise<void> {
  const contextOf = await peerContexts();
  const server = new ApolloServer<RequestContext>({ schema: peerSchema() });
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: "127.0.0.1" },
    context: async ({ req }) => contextOf(req.headers.authorization),
  });
  listening(Number(new URL(url).port), "/");
}

void main();
