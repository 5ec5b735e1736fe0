import type { Logger } from "pino";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { BudgetTelemetry } from "./services/ports/budgets";
import type { Telemetry } from "./services/ports/telemetry";

const UPSTREAM_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];

/** What happens inside, as Prometheus metrics and log lines: providers, endpoints and outcomes, never persons or values. */
export interface GatewayTelemetry extends Telemetry {
  readonly registry: Registry;
  /** A request to a provider ended: its status, or "error" where no whole answer came. */
  readonly upstream: (provider: string, endpoint: string, status: number | "error", seconds: number) => void;
  /** An exchange of a refresh token ended. */
  readonly refresh: (provider: string, outcome: string) => void;
  /** An attempt to deliver an outgoing webhook ended. */
  readonly delivery: (outcome: string) => void;
  readonly budget: BudgetTelemetry;
}

/** Metrics in a registry of their own, and faults that no caller hears of in the log. */
export function createTelemetry(logger: Logger): GatewayTelemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers });
  const requests = counter("gateway_upstream_requests_total", "Requests to providers, by outcome.", [
    "provider",
    "endpoint",
    "status",
  ]);
  const durations = new Histogram({
    name: "gateway_upstream_request_duration_seconds",
    help: "Time of requests to providers.",
    labelNames: ["provider", "endpoint"],
    buckets: UPSTREAM_BUCKETS,
    registers,
  });
  const days = counter("gateway_days_answered_total", "Days of a metric answered, by the layer that knew them.", [
    "layer",
  ]);
  const flights = counter("gateway_flights_total", "Fetches of missing days, by outcome.", [
    "provider",
    "endpoint",
    "outcome",
  ]);
  const setAside = counter("gateway_documents_set_aside_total", "Documents that could not be read.", [
    "provider",
    "endpoint",
  ]);
  const refreshes = counter("gateway_token_refreshes_total", "Exchanges of refresh tokens, by outcome.", [
    "provider",
    "outcome",
  ]);
  const deliveries = counter("gateway_webhook_attempts_total", "Attempts to deliver outgoing webhooks, by outcome.", [
    "outcome",
  ]);
  const faults = counter("gateway_faults_total", "Faults that no caller hears of.", ["where"]);
  return {
    registry,
    upstream: (provider, endpoint, status, seconds) => {
      requests.inc({ provider, endpoint, status: String(status) });
      durations.observe({ provider, endpoint }, seconds);
    },
    budget: budgetMetrics(registers),
    refresh: (provider, outcome) => refreshes.inc({ provider, outcome }),
    delivery: (outcome) => deliveries.inc({ outcome }),
    answered: (layer, count) => days.inc({ layer }, count),
    setAside: (provider, endpoint, documents) => setAside.inc({ provider, endpoint }, documents),
    flight: (provider, endpoint, outcome) => flights.inc({ provider, endpoint, outcome }),
    fault: (where, error) => {
      faults.inc({ where });
      logger.warn({ err: error }, where);
    },
  };
}

function budgetMetrics(registers: Registry[]): BudgetTelemetry {
  const labelNames = ["provider", "class"];
  const classOf = (background: boolean) => (background ? "background" : "interactive");
  const taken = new Counter({
    name: "gateway_budget_requests_total",
    help: "Requests taken of what providers allow.",
    ...{ labelNames, registers },
  });
  const refused = new Counter({
    name: "gateway_budget_refusals_total",
    help: "Requests that were not sent, because what providers allow was used up.",
    ...{ labelNames, registers },
  });
  const waits = new Histogram({
    name: "gateway_budget_wait_seconds",
    help: "How long requests waited for their turn, those that were refused included.",
    buckets: [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 20, 60],
    ...{ labelNames, registers },
  });
  const waiting = new Gauge({
    name: "gateway_budget_waiting",
    help: "Requests that wait for their turn.",
    ...{ labelNames, registers },
  });
  const used = new Gauge({
    name: "gateway_budget_used_ratio",
    help: "Part of what a provider allows in a window (seconds) that is used.",
    labelNames: ["provider", "window"],
    registers,
  });
  return {
    taken: (provider, background) => taken.inc({ provider, class: classOf(background) }),
    refused: (provider, background) => refused.inc({ provider, class: classOf(background) }),
    waited: (provider, background, seconds) => waits.observe({ provider, class: classOf(background) }, seconds),
    waiting: (provider, background, count) => waiting.set({ provider, class: classOf(background) }, count),
    used: (provider, seconds, part) => used.set({ provider, window: String(seconds) }, part),
  };
}
