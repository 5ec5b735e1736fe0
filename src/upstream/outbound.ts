import { UpstreamFailure } from "../domain/errors";
import { decodeContent } from "./content-encoding";
import { Exchange, LARGEST_BODY, providerAgent, tooLarge } from "./exchange";
import type { InboundAnswer, Outbound, OutboundRequest } from "./port";

/** The most sockets that one provider can hold, so that one that never answers cannot take them all. */
const SOCKETS_PER_PROVIDER = 20;

/** What an outbound port needs to know. */
export interface OutboundOptions {
  /** Exact origins (`https://api.example.com`) by provider; nothing else is ever asked. */
  readonly allowedOrigins: ReadonlyMap<string, ReadonlySet<string>>;
  /** Told of every request: the status, or "error" where no whole answer came, and how many seconds it took. */
  readonly onAnswer?: (provider: string, endpoint: string, status: number | "error", seconds: number) => void;
}

/** The outbound port over undici, with a pool of sockets for each provider. `close` waits for requests under way. */
export function createOutbound(options: OutboundOptions): Outbound & { close(): Promise<void> } {
  const agents = new Map(
    [...options.allowedOrigins].map(([slug, origins]) => [slug, providerAgent(origins.size, SOCKETS_PER_PROVIDER)]),
  );

  const exchange = async (request: OutboundRequest): Promise<InboundAnswer> => {
    const url = allowed(request, options.allowedOrigins.get(request.provider));
    const agent = agents.get(request.provider);
    if (!url || !agent) {
      throw new UpstreamFailure("REJECTED", "expected an address on one of the provider's allowed origins", {
        sent: false,
      });
    }
    const answer = await Exchange.run(agent, url, request);
    return { ...answer, body: await inflated(answer) };
  };

  return {
    async send(request) {
      const started = performance.now();
      let status: number | "error" = "error";
      try {
        const answer = await exchange(request);
        status = answer.status;
        return answer;
      } finally {
        options.onAnswer?.(request.provider, request.endpoint, status, (performance.now() - started) / 1_000);
      }
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.close()));
    },
  };
}

function allowed(request: OutboundRequest, origins: ReadonlySet<string> | undefined): URL | null {
  if (!URL.canParse(request.url)) return null;
  const url = new URL(request.url);
  return url.username === "" && url.password === "" && origins?.has(url.origin) ? url : null;
}

async function inflated(answer: InboundAnswer): Promise<Buffer> {
  try {
    return await decodeContent(answer.body, answer.headers["content-encoding"], LARGEST_BODY);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown coding";
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(answer.status);
    throw new UpstreamFailure("INVALID_RESPONSE", `expected a compressed body that inflates (${code})`, {
      status: answer.status,
      cause: error,
    });
  }
}
