import type { FastifyInstance } from "fastify";
import { DatabaseUnreachable, GatewayError } from "../domain/errors";
import type { Services } from "../services/api";
import { sendError } from "./answers";
import { sendPage } from "./page";

/** Serves the vendors' redirects at `/oauth/:provider/callback`: sends the browser on, or shows a page that says what happened. */
export function serveCallback(app: FastifyInstance, services: Pick<Services, "linking" | "providers">): void {
  app.route<{ Params: { provider: string } }>({
    method: "GET",
    url: "/oauth/:provider/callback",
    // A HEAD, as sent by link previews, must not spend the state.
    exposeHeadRoute: false,
    errorHandler: (error, request, reply) => {
      if (error instanceof GatewayError) return sendError(reply, error.code, error.message);
      request.log.error({ err: error, requestId: request.id }, "the callback failed");
      if (error instanceof DatabaseUnreachable) {
        return sendPage(
          reply,
          503,
          "One moment please",
          "The gateway cannot answer just now. Please load this page again.",
        );
      }
      return sendPage(
        reply,
        500,
        "Something went wrong",
        `It is in the logs as request ${request.id}. Please try again.`,
      );
    },
    handler: async (request, reply) => {
      const { provider } = request.params;
      if (!services.providers.some((one) => one.provider === provider)) {
        return sendPage(reply, 404, "Unknown wearable", "This gateway does not speak to a wearable of that name.");
      }
      const target = request.raw.url ?? "";
      const queryAt = target.indexOf("?");
      const query = new URLSearchParams(queryAt < 0 ? "" : target.slice(queryAt + 1));
      const outcome = await services.linking.callback(provider, query);
      if (outcome.kind === "page") return sendPage(reply, outcome.status, outcome.title, outcome.message);
      return reply.code(303).header("location", outcome.location).send();
    },
  });
}
