import { UpstreamFailure } from "../../domain/errors";
import { Refusals } from "./refusals";

/**
 * Failures in a row after which an endpoint rests, and milliseconds until one request may try whether it is back. Silence, for which
 * people wait, counts for all of them; a quick refusal costs nobody much.
 */
const FAILURES_BEFORE_REST = 20;
/** The longer it lasts, the longer the rests: a short outage is over soon after it ends. */
const RESTS_MS = [1_000, 2_000, 5_000] as const;
/** Of the requests to a provider at most a tenth are repeats, after the first ten. */
const REPEATS_PER_REQUEST = 0.1;
const MOST_REPEATS = 10;

interface Circuit {
  failures: number;
  rests: number;
  restsUntil: number;
}

/** The endpoint has been out of reach for some requests in a row and is left alone for a moment. */
export class Resting extends UpstreamFailure {
  override readonly name = "Resting";
  constructor() {
    super("UNAVAILABLE", "the provider has been out of reach; it is tried again in a few seconds", { sent: false });
  }
}

/** Lets endpoints that are out of reach rest, so that nobody waits for them in vain, and keeps repeats a small part of all requests. */
export class Breakers {
  /** How often providers have refused in a row. */
  readonly refusals = new Refusals();
  private readonly circuits = new Map<string, Circuit>();
  private readonly repeats = new Map<string, number>();

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Runs a request, `trying` whether an endpoint that has rested is back; throws {@link Resting} instead where it still rests. */
  async run<T>(provider: string, endpoint: string, request: (trying: boolean) => Promise<T>): Promise<T> {
    const name = `${provider} ${endpoint}`;
    const circuit = this.circuits.get(name) ?? { failures: 0, rests: 0, restsUntil: 0 };
    this.circuits.set(name, circuit);
    const trying = circuit.failures >= FAILURES_BEFORE_REST;
    if (trying) {
      if (this.nowMs() < circuit.restsUntil) throw new Resting();
      // This one tries; the others wait for what becomes of it, or for as long again.
      this.rest(circuit);
    }
    this.repeats.set(provider, Math.min(MOST_REPEATS, this.repeatsLeft(provider) + REPEATS_PER_REQUEST));
    try {
      const answer = await request(trying);
      this.circuits.delete(name);
      return answer;
    } catch (error) {
      // What was never sent says nothing of the endpoint.
      if (error instanceof UpstreamFailure && error.kind === "RATE_LIMITED" && error.details.sent === false)
        throw error;
      const weight = weightOf(error);
      const resting = circuit.failures >= FAILURES_BEFORE_REST;
      circuit.failures += weight;
      if (weight === 0) this.circuits.delete(name);
      else if (!resting && circuit.failures >= FAILURES_BEFORE_REST) this.rest(circuit);
      throw error;
    }
  }

  /** Whether a request to the provider may be repeated now; counts as one repeat. */
  mayRepeat(provider: string): boolean {
    const left = this.repeatsLeft(provider);
    if (left < 1) return false;
    this.repeats.set(provider, left - 1);
    return true;
  }

  private rest(circuit: Circuit): void {
    circuit.restsUntil = this.nowMs() + (RESTS_MS[Math.min(circuit.rests, RESTS_MS.length - 1)] ?? 0);
    circuit.rests += 1;
  }

  private repeatsLeft(provider: string): number {
    return this.repeats.get(provider) ?? MOST_REPEATS;
  }
}

function weightOf(error: unknown): number {
  if (!(error instanceof UpstreamFailure) || error.kind !== "UNAVAILABLE") return 0;
  return error.details.silent ? FAILURES_BEFORE_REST : 1;
}
