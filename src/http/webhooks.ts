import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { DatabaseUnreachable, GatewayError } from "../domain/errors";
import type { Receipt, WebhookReceiver } from "../services/webhooks/intake";
import { STATUS_OF } from "./answers";
import { parseJsonBody } from "./json-body";

/** Largest body of a webhook, in bytes. */
export const MAX_WEBHOOK_BYTES = 256 * 1024;

/** Where webhooks come in: signed ones at the first address, unsigned ones at the second. */
const ADDRESSES = ["/webhooks/:provider", "/webhooks/:provider/:secret"] as const;

/** Share of the vendor's patience after which the answer is given up, and seconds after which in any case: it must still reach the vendor. */
const PATIENCE = 0.9;
const LONGEST_SECONDS = 4.5;
const STEP_MS = 100;

interface Address {
  readonly Params: { readonly provider: string; readonly secret?: string };
}

/** No answer is ever 410: a vendor cancels the subscription on it. */
const ANSWERS: Readonly<Record<Receipt, { readonly status: number; readonly text: string }>> = {
  kept: { status: 200, text: "ok" },
  pong: { status: 200, text: "ok" },
  forged: { status: 401, text: "the signature is missing or wrong" },
  stale: { status: 401, text: "the signed time is more than five minutes away, or no time" },
  "no-secret": { status: 503, text: "no secret is configured for this provider's webhooks" },
};

/** What is said where a request fails before or after its verification. */
const FAILURES: Readonly<Record<number, string>> = {
  400: "the body is malformed",
  413: "the body is larger than 256 KB",
  415: "the body is encoded in a way that is not accepted",
};

/** Serves the vendors' notices of new data at `/webhooks/:provider`, apart from everything else: raw bodies, plain answers. */
export function serveWebhooks(app: FastifyInstance, webhooks: WebhookReceiver): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Signatures are of the bytes as they came.
    scope.addContentTypeParser(
      "*",
      { parseAs: "buffer", bodyLimit: MAX_WEBHOOK_BYTES },
      async (_: unknown, body: Buffer) => body,
    );
    scope.setErrorHandler(answerFailure);
    for (const url of ADDRESSES) serveAddress(scope, url, webhooks);
  });
}

function serveAddress(scope: FastifyInstance, url: (typeof ADDRESSES)[number], webhooks: WebhookReceiver): void {
  const onRequest = async ({ params }: FastifyRequest<Address>, reply: FastifyReply) => {
    const facts = webhooks.facts(params.provider);
    if (!facts || (params.secret !== undefined && !facts.secretPath)) return plain(reply, 404, "no webhooks come here");
  };
  scope.route<Address>({ method: "POST", url, onRequest, handler: (request, reply) => take(webhooks, request, reply) });
  // Some vendors look whether the address is there before they use it.
  scope.route<Address>({
    method: "HEAD",
    url,
    onRequest,
    handler: ({ params }, reply) => {
      const unsigned = webhooks.facts(params.provider)?.secretPath ?? false;
      if (!unsigned) return methodNotAllowed(reply);
      return reply.code(webhooks.isOurs(params.provider, params.secret ?? null) ? 200 : 401).send();
    },
  });
  scope.route<Address>({
    // GET at the first address is the handshake's.
    method: ["DELETE", ...(url === ADDRESSES[0] ? [] : ["GET"]), "OPTIONS", "PATCH", "PUT", "TRACE"],
    url,
    exposeHeadRoute: false,
    onRequest,
    handler: (_request, reply) => methodNotAllowed(reply),
  });
}

async function take(webhooks: WebhookReceiver, request: FastifyRequest<Address>, reply: FastifyReply) {
  const { provider, secret } = request.params;
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const receipt = await within(
    Math.min((webhooks.facts(provider)?.answerWithinSeconds ?? 1) * PATIENCE, LONGEST_SECONDS) * 1_000,
    webhooks.receive(provider, {
      body,
      pathSecret: secret ?? null,
      header: (name) => {
        const value = request.headers[name];
        return typeof value === "string" ? value : undefined;
      },
      parse: (format) =>
        format === "json" ? parseJsonBody(body) : Object.fromEntries(new URLSearchParams(text(body))),
    }),
  );
  // Whether it was kept is not known; the vendor sends it again.
  if (receipt === null) return plain(reply, 503, "not kept in time, send it again");
  const { status, text: said } = ANSWERS[receipt];
  return plain(reply, status, said);
}

/**
 * What comes of work, or null where it takes too long. Measured in steps, each of which this process gets to: where a crowd keeps it
 * busy, what is done already must not be given up unseen.
 */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    let left = milliseconds;
    timer = setInterval(() => {
      left -= STEP_MS;
      if (left <= 0) resolve(null);
    }, STEP_MS);
  });
  return Promise.race([work, late]).finally(() => clearInterval(timer));
}

function answerFailure(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof DatabaseUnreachable) {
    request.log.warn({ err: error, requestId: request.id }, "a webhook was not kept");
    return plain(reply.header("retry-after", "2"), 503, "not kept, send it again");
  }
  const status = error instanceof GatewayError ? STATUS_OF[error.code] : error.statusCode;
  if (status !== undefined && status >= 400 && status < 500) {
    if (status === 413) closeAfter(request, reply);
    return plain(reply, status, FAILURES[status] ?? "the request is malformed");
  }
  request.log.error({ err: error, requestId: request.id }, "a webhook failed");
  return plain(reply, 500, "a fault of the gateway, send it again");
}

/** Ends the connection once the refusal is on its way: the rest of the body is not read. */
function closeAfter(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("connection", "close");
  reply.raw.once("finish", () => request.raw.socket.destroySoon());
}

function methodNotAllowed(reply: FastifyReply): FastifyReply {
  return plain(reply.header("allow", "POST"), 405, "webhooks are sent by POST");
}

function plain(reply: FastifyReply, status: number, said: string): FastifyReply {
  return reply.code(status).type("text/plain; charset=utf-8").send(said);
}

function text(body: Buffer): string {
  return body.toString("utf8");
}
