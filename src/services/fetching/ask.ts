import type { Provider, UpstreamRequest } from "../../../providers/contract";
import { UpstreamFailure } from "../../domain/errors";
import { failureOf } from "../../upstream/failure";
import { parseJsonBody } from "../../upstream/json";
import type { InboundAnswer, Outbound, OutboundRequest } from "../../upstream/port";
import { retryAfterOf } from "../../upstream/retry-after";
import type { Budgets } from "../ports/budgets";
import type { Pauses } from "../ports/cache";
import type { AccessToken, Tokens } from "../ports/tokens";
import { type Breakers, Resting } from "./breakers";
import { NO_CONTENT } from "./pages";
import type { Urgency } from "./urgency";

/** Milliseconds of silence, and in all, after which a request of a flight fails; a caller's own patience is shorter. */
const SILENCE_MS = 15_000;
const TOTAL_MS = 60_000;
const RETRY_JITTER_MS = 200;
/** Milliseconds for which an endpoint that is tried again counts as silent from the start: nobody waits long for what was out of reach. */
const TRIED_AFTER_SILENCE_MS = 2_300;
/** Milliseconds within which a turn was had without waiting in line. */
const AT_ONCE_MS = 20;
/** Milliseconds for which a turn is worth waiting for once pages have come that would have to be asked for again. */
const PATIENCE_UNDERWAY_MS = 60_000;

/** A provider as configured here: where its API is. */
export interface ConfiguredProvider {
  readonly provider: Provider;
  /** The origin that requests go to. */
  readonly apiUrl: string;
}

/** What asking needs of the rest of the gateway. */
export interface AskingParts {
  readonly outbound: Outbound;
  readonly tokens: Tokens;
  readonly pauses: Pauses;
  readonly budgets: Budgets;
  readonly now: () => number;
}

/** On whose behalf is asked. */
export interface AskingFor {
  readonly personId: string;
  readonly accountId: string;
  /** Something has arrived, or (`silentForMs`) nothing has for so long. */
  readonly onProgress: (silentForMs?: number) => void;
  readonly urgency: Urgency;
}

/**
 * Asks a provider on behalf of an account: with its access token, renewed once where it is refused, a second time after a passing
 * fault, and not at all while the provider told us to wait. Throws {@link UpstreamFailure} or {@link ReconnectRequired}.
 */
export class Asker {
  private token: AccessToken | null = null;
  private renewed = false;
  private answered = false;
  /** A refusal spoke of scopes: some vendors answer 401 where the grant does not cover the endpoint. */
  private scopeNamed = false;

  constructor(
    private readonly parts: AskingParts & { readonly breakers: Breakers },
    private readonly configured: ConfiguredProvider,
    private readonly asking: AskingFor,
  ) {}

  /** The parsed JSON body of a good answer, or NO_CONTENT. `endpoint`: its name for metrics. */
  async json(endpoint: string, request: UpstreamRequest): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(endpoint, request);
      } catch (error) {
        if (!(error instanceof UpstreamFailure) || error instanceof Resting) throw error;
        const retry = await this.mayRetry(error, attempt).catch((fault: unknown) => this.rethrow(fault));
        if (!retry) this.rethrow(error);
      }
    }
  }

  private rethrow(error: unknown): never {
    if (this.scopeNamed && error instanceof UpstreamFailure && error.kind === "UNAUTHORIZED") {
      throw new UpstreamFailure("SCOPE_MISSING", "the grant does not cover this endpoint", { cause: error });
    }
    throw error;
  }

  private async mayRetry(failure: UpstreamFailure, attempt: number): Promise<boolean> {
    if (failure.kind === "UNAUTHORIZED" && !this.renewed) {
      this.renewed = true;
      const { personId, accountId } = this.asking;
      this.token = await this.parts.tokens.afterRefusal(personId, accountId, this.token?.generation ?? 0);
      return true;
    }
    const { kind, details } = failure;
    const passing = kind === "UNAVAILABLE" && !details.silent && !details.retryAt;
    if (passing && attempt === 1 && this.parts.breakers.mayRepeat(this.configured.provider.slug)) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_JITTER_MS * (0.5 + Math.random())));
      return true;
    }
    return false;
  }

  private async once(endpoint: string, request: UpstreamRequest): Promise<unknown> {
    await this.obeyPause();
    const { personId, accountId } = this.asking;
    const token = this.token ?? (await this.parts.tokens.accessToken(personId, accountId));
    this.token = token;
    return this.parts.breakers.run(this.configured.provider.slug, endpoint, async (trying) => {
      if (trying) this.asking.onProgress(TRIED_AFTER_SILENCE_MS);
      const inLineSince = performance.now();
      await this.turn();
      // The provider may have asked to wait meanwhile.
      if (performance.now() - inLineSince > AT_ONCE_MS) await this.obeyPause();
      return this.send(endpoint, request, token);
    });
  }

  private async send(endpoint: string, request: UpstreamRequest, token: AccessToken): Promise<unknown> {
    const { onProgress } = this.asking;
    const authorization = `Bearer ${token.value}`;
    const sentAt = this.parts.now();
    const answer = await this.parts.outbound.send({
      ...outboundRequest(this.configured, endpoint, request),
      headers: { authorization, accept: "application/json", ...contentType(request) },
      silenceMs: SILENCE_MS,
      totalMs: TOTAL_MS,
      onProgress: () => onProgress(),
    });
    onProgress();
    this.answered = true;
    const failure = failureOf(answer, this.parts.now());
    if (failure) return this.fail(answer, failure, sentAt);
    if (answer.status === 204) return this.heard(NO_CONTENT, sentAt);
    const body = parseJsonBody(answer);
    const kind = this.configured.provider.bodyFailure?.(body) ?? null;
    if (kind === null) return this.heard(body, sentAt);
    const retryAt = kind === "RATE_LIMITED" ? { retryAt: retryAfterOf(answer.headers, this.parts.now()) } : {};
    const inside = new UpstreamFailure(kind, "the provider refused inside its answer", { ...retryAt });
    return this.fail(answer, inside, sentAt);
  }

  private heard(body: unknown, sentAt: number): unknown {
    for (const key of Object.values(this.pauseKeys())) this.parts.breakers.refusals.answered(key, sentAt);
    return body;
  }

  private async fail(answer: InboundAnswer, failure: UpstreamFailure, sentAt: number): Promise<never> {
    if (failure.kind === "UNAUTHORIZED") this.scopeNamed = /scope/i.test(answer.body.toString("utf8", 0, 2_000));
    if (failure.kind !== "RATE_LIMITED") throw failure;
    const retryAt = await this.pause(answer, failure, sentAt);
    throw new UpstreamFailure(failure.kind, failure.message, { ...failure.details, retryAt });
  }

  /** Takes a request of the provider's budget; who waits for the flight may come while it stands in line. */
  private async turn(): Promise<void> {
    const { slug } = this.configured.provider;
    const { accountId, urgency } = this.asking;
    const patience = this.answered ? { patienceMs: PATIENCE_UNDERWAY_MS } : {};
    if (urgency.background) {
      const { signal } = urgency;
      const outcome = await this.parts.budgets.take(slug, { accountId, background: true, signal, ...patience });
      if (outcome.granted) return;
      if (urgency.background) throw overBudget(outcome.retryAt);
    }
    const outcome = await this.parts.budgets.take(slug, { accountId, background: false, ...patience });
    if (!outcome.granted) throw overBudget(outcome.retryAt);
  }

  private pauseKeys(): { application: string; account: string } {
    const { slug } = this.configured.provider;
    return { application: slug, account: `${slug}:${this.asking.accountId}` };
  }

  private async obeyPause(): Promise<void> {
    const keys = this.pauseKeys();
    const until = await this.parts.pauses.until([keys.application, keys.account]);
    if (until !== null && until > this.parts.now()) {
      throw new UpstreamFailure("RATE_LIMITED", "the provider asked to wait", { retryAt: until, sent: false });
    }
  }

  /** Until when (epoch seconds) not to ask: told to every process. */
  private async pause(answer: InboundAnswer, failure: UpstreamFailure, sentAt: number): Promise<number> {
    const { now, pauses, breakers } = this.parts;
    const key = this.pauseKeys()[this.configured.provider.rateLimitScope?.(answer.headers) ?? "application"];
    const until = breakers.refusals.after(key, sentAt, failure.details.retryAt ?? now(), now());
    await pauses.pause(key, until);
    return until;
  }
}

/** The application has used what the provider allows; `retryAt`: epoch seconds. */
export function overBudget(retryAt: number): UpstreamFailure {
  return new UpstreamFailure("RATE_LIMITED", "the requests that the provider allows are used up for the moment", {
    retryAt,
    sent: false,
  });
}

/** A contract's request as it leaves the gateway, without credentials and deadlines. */
export function outboundRequest(
  { provider, apiUrl }: ConfiguredProvider,
  endpoint: string,
  request: UpstreamRequest,
): Pick<OutboundRequest, "provider" | "endpoint" | "method" | "url" | "body"> {
  const query = request.query ? `?${new URLSearchParams(request.query)}` : "";
  const body = request.form ? new URLSearchParams(request.form).toString() : JSON.stringify(request.json);
  return {
    provider: provider.slug,
    endpoint,
    method: request.method,
    url: `${apiUrl}${request.path}${query}`,
    ...(body === undefined ? {} : { body }),
  };
}

/** The content type of a contract's request, where it has a body. */
export function contentType(request: UpstreamRequest): Readonly<Record<string, string>> {
  if (request.form) return { "content-type": "application/x-www-form-urlencoded" };
  return request.json === undefined ? {} : { "content-type": "application/json" };
}
