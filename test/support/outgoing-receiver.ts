import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that a receiver got. `at`: epoch seconds by its clock. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

/** How a receiver answers: a status and headers, or "silence". */
export type Reply = { readonly status: number; readonly headers?: Record<string, string> } | "silence";

/** A back end that takes outgoing webhooks. */
export interface Receiver {
  /** By the name localhost. */
  readonly url: string;
  readonly received: Received[];
  /** The most requests that were under way at once. */
  readonly most: () => number;
  reply: (request: Received) => Reply | Promise<Reply>;
  close(): Promise<void>;
}

/** Starts a receiver on a free port. */
export async function startReceiver(now: () => number = () => Date.now() / 1_000): Promise<Receiver> {
  let underWay = 0;
  let most = 0;
  const server: Server = createServer(async (request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.once("close", () => {
      underWay -= 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const got = { headers: request.headers, body: Buffer.concat(chunks).toString(), at: now() };
    receiver.received.push(got);
    const reply = await receiver.reply(got);
    if (reply !== "silence") response.writeHead(reply.status, reply.headers).end("thanks");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const receiver: Receiver = {
    url: `http://localhost:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    most: () => most,
    reply: () => ({ status: 200 }),
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return receiver;
}
