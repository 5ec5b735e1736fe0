import "reflect-metadata";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { peerPackage } from "../peer-packages";
import { listening } from "./listening";
import { peerContexts, peerSchema } from "./peer-services";

interface Yoga {
  createYoga(options: Record<string, unknown>): RequestListener;
}

/** GraphQL Yoga on node:http. @see https://the-guild.dev/graphql/yoga-server/docs */
async function main(): Promise<void> {
  const contextOf = await peerContexts();
  const yoga = peerPackage<Yoga>("graphql-yoga").createYoga({
    schema: peerSchema(),
    context: ({ request }: { request: Request }) => contextOf(request.headers.get("authorization") ?? undefined),
    logging: false,
  });
  const server = createServer(yoga);
  server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port));
}

void main();
