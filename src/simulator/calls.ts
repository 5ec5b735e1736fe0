/** What a request to the simulator was for. consent: the person's decision; token: a code exchanged; subscription: where webhooks go; data: anything else that the vendor serves. */
export const CALL_KINDS = ["authorize", "consent", "token", "refresh", "revoke", "subscription", "data"] as const;

/** One of {@link CALL_KINDS}. */
export type CallKind = (typeof CALL_KINDS)[number];

/** One request that reached the simulated cloud. `at`: epoch seconds; `status`: null until, or unless, an answer was begun. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly kind: CallKind;
  /** The provider's endpoint that is asked at this path, and by these fixed parameters where several share it; null for every other path. */
  readonly endpoint: string | null;
  readonly query: Readonly<Record<string, string>>;
  readonly at: number;
  readonly status: number | null;
  /** Whose access token it carried, or whose grant it concerned; null where that is unknown. */
  readonly vendorUserId: string | null;
}

/** A call whose outcome is still being written. */
export type OpenCall = { -readonly [K in keyof Call]: Call[K] };

const KEPT = 10_000;

/** The requests that reached one simulator, oldest first; the newest 10,000 are kept, all are counted. */
export class CallLog {
  #calls: OpenCall[] = [];
  #counts = new Map<CallKind, number>();

  /** Keeps a call from its beginning; what is later written to it is told as well. */
  begin(call: OpenCall): OpenCall {
    this.#calls.push(call);
    if (this.#calls.length > KEPT) this.#calls.shift();
    this.#counts.set(call.kind, (this.#counts.get(call.kind) ?? 0) + 1);
    return call;
  }

  /** Copies of the calls kept. */
  all(): readonly Call[] {
    return this.#calls.map((call) => ({ ...call }));
  }

  /** How many calls of each kind there were since the last reset, those no longer kept included. */
  counts(): Readonly<Record<CallKind, number>> {
    const entries = CALL_KINDS.map((kind) => [kind, this.#counts.get(kind) ?? 0] as const);
    return Object.fromEntries(entries) as Record<CallKind, number>;
  }

  /** Forgets all calls. */
  reset(): void {
    this.#calls = [];
    this.#counts = new Map();
  }
}
