import "reflect-metadata";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyPluginCallback } from "fastify";
import { peerPackage } from "../peer-packages";
import { listening } from "./listening";
import { peerContexts, peerSchema } from "./peer-services";

/** Mercurius with its JIT from the first use on. @see https://mercurius.dev/#/docs/api/options */
async function main(): Promise<void> {
  const contextOf = await peerContexts();
  const mercurius = peerPackage<FastifyPluginCallback<Record<string, unknown>>>("mercurius");
  const app = fastify();
  await app.register(mercurius, {
    schema: peerSchema(),
    context: (request: { headers: { authorization?: string } }) => contextOf(request.headers.authorization),
    jit: 1,
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  listening((app.server.address() as AddressInfo).port);
}

void main();
