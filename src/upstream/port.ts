/** A request that leaves the gateway. `endpoint` is a stable name for metrics and logs, never an address. */
export interface OutboundRequest {
  readonly provider: string;
  readonly endpoint: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds without a byte after which the request fails as UNAVAILABLE. */
  readonly silenceMs: number;
  /** Milliseconds after which it fails even while bytes keep coming. */
  readonly totalMs: number;
  /** Called whenever something arrives. */
  readonly onProgress?: () => void;
}

/** What came back, whatever the status; the body is at most 10 MB. Header names in lower case. */
export interface InboundAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * The only way out to providers. Throws {@link UpstreamFailure} UNAVAILABLE for no connection, silence, resets and cut-off bodies
 * (`details.sent`-ambiguous cases included) and INVALID_RESPONSE for bodies over the cap; REJECTED for origins that are not allowed.
 */
export interface Outbound {
  send(request: OutboundRequest): Promise<InboundAnswer>;
}
