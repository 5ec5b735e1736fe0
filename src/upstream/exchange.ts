import { Agent, type Dispatcher } from "undici";
import { UpstreamFailure } from "../domain/errors";
import type { InboundAnswer, OutboundRequest } from "./port";

/** The largest body in bytes, as it comes over the wire and again after inflation. */
export const LARGEST_BODY = 10 * 1024 * 1024;

/** Milliseconds for a connection, TLS included. */
const CONNECT_TIMEOUT_MS = 2_000;

/** Connections of one provider: at most `sockets` over all its origins together, kept alive, redirects never followed. */
export function providerAgent(origins: number, sockets: number): Agent {
  return new Agent({
    connections: Math.max(1, Math.floor(sockets / Math.max(1, origins))),
    connect: { timeout: CONNECT_TIMEOUT_MS },
    maxHeaderSize: 32 * 1024,
  });
}

/** One request on the wire, from dispatch to the last byte, under its two clocks and the cap. */
export class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private readonly chunks: Buffer[] = [];
  private received = 0;
  private status = 0;
  private headers: Record<string, string> = {};
  private settled = false;
  private readonly silence: NodeJS.Timeout;
  private readonly total: NodeJS.Timeout;

  private constructor(
    private readonly request: OutboundRequest,
    private readonly resolve: (answer: InboundAnswer) => void,
    private readonly reject: (failure: UpstreamFailure) => void,
  ) {
    const late = (what: string) => () => this.fail(this.unavailable(what, new Error(what), true));
    this.silence = setTimeout(late("the provider stayed silent"), request.silenceMs);
    this.total = setTimeout(late("the provider took too long"), request.totalMs);
  }

  /** Sends the request; the body of the answer is as it came. Throws {@link UpstreamFailure} as {@link Outbound} says. */
  static run(agent: Dispatcher, url: URL, request: OutboundRequest): Promise<InboundAnswer> {
    return new Promise((resolve, reject) => {
      agent.dispatch(
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: request.method,
          headers: { "accept-encoding": "gzip, deflate, br", ...request.headers },
          body: request.body ?? null,
          headersTimeout: request.totalMs,
          bodyTimeout: request.totalMs,
        },
        new Exchange(request, resolve, reject),
      );
    });
  }

  /** @inheritdoc */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.settled) controller.abort(new Error("given up before it was sent"));
  }

  /** @inheritdoc */
  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.progress();
    if (status < 200) return;
    this.status = status;
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) this.headers[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
    }
  }

  /** @inheritdoc */
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.progress();
    this.received += chunk.length;
    if (this.received > LARGEST_BODY) this.fail(tooLarge(this.status));
    else this.chunks.push(chunk);
  }

  /** @inheritdoc */
  onResponseEnd(): void {
    if (this.settle()) {
      this.resolve({ status: this.status, headers: this.headers, body: Buffer.concat(this.chunks, this.received) });
    }
  }

  /** @inheritdoc */
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(failureOfWire(error, (problem, cause) => this.unavailable(problem, cause)));
  }

  private progress(): void {
    if (this.settled) return;
    this.silence.refresh();
    this.request.onProgress?.();
  }

  private unavailable(problem: string, cause: Error, silent = false): UpstreamFailure {
    return new UpstreamFailure("UNAVAILABLE", problem, { sent: this.controller !== undefined, silent, cause });
  }

  private fail(failure: UpstreamFailure): void {
    if (!this.settle()) return;
    this.controller?.abort(failure);
    this.reject(failure);
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.silence);
    clearTimeout(this.total);
    return true;
  }
}

/** The failure for a body over {@link LARGEST_BODY}. */
export function tooLarge(status: number): UpstreamFailure {
  return new UpstreamFailure("INVALID_RESPONSE", `expected a body of at most ${LARGEST_BODY} bytes`, { status });
}

function failureOfWire(
  error: Error & { code?: string },
  unavailable: (problem: string, cause: Error) => UpstreamFailure,
): UpstreamFailure {
  const code = error.code ?? error.name;
  if (code === "UND_ERR_INVALID_ARG") {
    return new UpstreamFailure("REJECTED", "the request cannot be written", { sent: false });
  }
  // undici's HTTPParserError carries the bytes that it could not read: only its code is kept.
  if (error.name === "HTTPParserError") return unavailable(`the answer is not HTTP (${code})`, new Error(code));
  return unavailable(`no whole answer from the provider (${code})`, error);
}
