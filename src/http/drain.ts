import type { FastifyInstance } from "fastify";

/** How long requests in flight may still take once the server is told to stop, in milliseconds. */
export const DRAIN_MS = 10_000;

/** How long requests are still taken on, in milliseconds, so that those under way arrive and readiness is seen to end. */
const GRACE_MS = 500;

function connectionsOf(app: FastifyInstance): Promise<number> {
  return new Promise((resolve) => app.server.getConnections((error, count) => resolve(error ? 0 : count)));
}

/** Lets a server stop gracefully: `close` resolves when everything in flight is answered, or was cut after {@link DRAIN_MS}. */
export function drained(app: FastifyInstance): { isDraining: () => boolean; close: () => Promise<void> } {
  let closing: Promise<void> | null = null;
  app.addHook("onSend", async (_request, reply) => {
    if (closing) reply.header("connection", "close");
  });
  const stop = async (): Promise<void> => {
    // A request that has been sent but not yet read looks like an idle connection, which closing would reset.
    if ((await connectionsOf(app)) > 0) await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    const cut = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
    }
  };
  const close = (): Promise<void> => {
    closing ??= stop();
    return closing;
  };
  return { isDraining: () => closing !== null, close };
}
