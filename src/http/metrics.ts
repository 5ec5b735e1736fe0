import type { FastifyInstance } from "fastify";
import { Counter, Histogram, type Registry } from "prom-client";

/** How a GraphQL operation ended: `ok` without errors, `partial` with data and errors, `refused` without data, `fault` by a fault of the gateway. */
export type OperationOutcome = "ok" | "partial" | "refused" | "fault";

/** What HTTP and GraphQL measure. */
export interface HttpMetrics {
  /** `seconds` that an operation took. */
  operation(type: string, outcome: OperationOutcome, seconds: number): void;
  /** An answer was sent to a POST to `/graphql` by no hook of the framework. */
  answeredAhead(status: number, seconds: number): void;
  /** An answer was sent that had been kept. */
  answeredAgain(): void;
}

/** How many answers ahead of the framework are counted together, which costs a fifth of counting each when it is sent. */
const COUNTED_TOGETHER = 200;

const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const METHODS = new Set(["GET", "POST", "OPTIONS", "HEAD"]);

/** Registers the histograms, measures every answer, and serves the registry at `/metrics`. */
export function serveMetrics(app: FastifyInstance, registry: Registry): HttpMetrics {
  const requests = new Histogram({
    name: "gateway_http_request_duration_seconds",
    help: "Time from a request's arrival to the end of its answer, by route pattern.",
    labelNames: ["method", "route", "status"],
    buckets: BUCKETS,
    registers: [registry],
    collect: () => ahead.count(),
  });
  const ahead = new Waiting((status, seconds) => measure("POST", "/graphql", status, seconds));
  const operations = new Histogram({
    name: "gateway_graphql_operation_duration_seconds",
    help: "Time that GraphQL operations took, by operation type and outcome.",
    labelNames: ["type", "outcome"],
    buckets: BUCKETS,
    registers: [registry],
  });
  const again = new Counter({
    name: "gateway_answers_kept_total",
    help: "Answers sent again without executing their operation.",
    registers: [registry],
  });
  const measure = (method: string, route: string, status: number, seconds: number) =>
    requests.observe({ method, route, status: String(status) }, seconds);
  app.addHook("onResponse", async (request, reply) => {
    const method = METHODS.has(request.method) ? request.method : "other";
    const route = request.routeOptions.url ?? "unmatched";
    measure(method, route, reply.statusCode, reply.elapsedTime / 1000);
  });
  app.get("/metrics", async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
  return {
    operation: (type, outcome, seconds) => operations.observe({ type, outcome }, seconds),
    answeredAgain: () => again.inc(),
    answeredAhead: (status, seconds) => ahead.add(status, seconds),
  };
}

/** Answers that are still to be counted. */
class Waiting {
  private readonly statuses: number[] = [];
  private readonly seconds: number[] = [];

  constructor(private readonly measure: (status: number, seconds: number) => void) {}

  add(status: number, seconds: number): void {
    this.statuses.push(status);
    if (this.seconds.push(seconds) >= COUNTED_TOGETHER) this.count();
  }

  /** Counts them. */
  count(): void {
    const [statuses, seconds] = [this.statuses.splice(0), this.seconds.splice(0)];
    for (const [at, status] of statuses.entries()) this.measure(status, seconds[at] ?? 0);
  }
}
