import type { FastifyInstance } from "fastify";

/** How long requests in flight may still take once the server is told to stop, in milliseconds. */
export const DRAIN_MS = 10_000;

/** Lets a server stop gracefully: `close` resolves when everything in flight is answered, or was cut after {@link DRAIN_MS}. */
export function drained(app: FastifyInstance): { isDraining: () => boolean; close: () => Promise<void> } {
  let closing: Promise<void> | null = null;
  app.addHook("onSend", async (_request, reply) => {
    if (closing) reply.header("connection", "close");
  });
  const stop = async (): Promise<void> => {
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
