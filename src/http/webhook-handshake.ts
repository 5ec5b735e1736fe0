import type { FastifyInstance } from "fastify";
import type { SubscriptionsApi } from "../services/api";
import { sendError } from "./answers";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Good answers are logged at the level debug: they come by the dozen, and what they are about is logged or shown elsewhere. */
    readonly quiet?: boolean;
  }
}

/** Answers the GET at `/webhooks/:provider` by which vendors ask, while a subscription is made, whether we want it; 404 where they do not ask. */
export function serveHandshake(app: FastifyInstance, subscriptions: Pick<SubscriptionsApi, "handshake">): void {
  app.route<{ Params: { provider: string } }>({
    method: "GET",
    url: "/webhooks/:provider",
    exposeHeadRoute: false,
    config: { quiet: true },
    handler: (request, reply) => {
      const target = request.raw.url ?? "";
      const queryAt = target.indexOf("?");
      const query = new URLSearchParams(queryAt < 0 ? "" : target.slice(queryAt + 1));
      const answer = subscriptions.handshake(request.params.provider, query);
      if (answer === null) return sendError(reply, "NOT_FOUND", "No handshake is answered here");
      if (answer.body === null) return reply.code(answer.status).send();
      // What is repeated came from outside: it must never be taken for a page.
      return reply.code(answer.status).type("application/json; charset=utf-8").send(JSON.stringify(answer.body));
    },
  });
}
