import { MEASURED_FIELDS, type MeasuredField } from "../../src/domain/measured";
import { METRIC_KINDS, METRICS, type Metric } from "../../src/domain/metrics";
import type { HrvMethod } from "../../src/domain/records";
import type { Endpoint } from "./endpoint";
import type { Provider } from "./provider";

/** The endpoints whose records make a metric; a day of it is known when all of them have been asked. */
export function endpointsOf(provider: Provider, metric: Metric): readonly Endpoint[] {
  return provider.endpoints.filter((endpoint) =>
    endpoint.yields.some((kind) => METRIC_KINDS[metric].kinds.includes(kind)),
  );
}

/** The metrics that a provider can fill, derived from what its endpoints yield. */
export function metricsOf(provider: Provider): readonly Metric[] {
  return METRICS.filter((metric) =>
    provider.endpoints.some((endpoint) =>
      endpoint.yields.some((kind) => METRIC_KINDS[metric].essential.includes(kind)),
    ),
  );
}

/** A field of a metric's day: an entry of the capability matrix. */
export interface MetricField {
  readonly metric: Metric;
  readonly name: MeasuredField;
}

/** The fields that a provider can fill, metric by metric in the order of the domain; derived from what its endpoints yield and fill. */
export function fieldsOf(provider: Provider): readonly MetricField[] {
  return metricsOf(provider).flatMap((metric) => {
    const filled = new Set(endpointsOf(provider, metric).flatMap((endpoint) => endpoint.fills ?? []));
    return MEASURED_FIELDS[metric].filter((name) => filled.has(name)).map((name) => ({ metric, name }));
  });
}

/** The methods of heart rate variability that a provider gives. */
export function hrvMethodsOf(provider: Provider): readonly HrvMethod[] {
  return [...new Set(provider.endpoints.flatMap((endpoint) => endpoint.hrvMethods ?? []))];
}

/** The vendor's own name of a granted scope, without the prefix that some vendors put before it. */
export function scopeName(provider: Provider, granted: string): string {
  const prefix = provider.oauth.grantedScopePrefix;
  return prefix && granted.startsWith(prefix) ? granted.slice(prefix.length) : granted;
}

/** The endpoint's scopes that a grant lacks. */
export function missingScopes(provider: Provider, endpoint: Endpoint, granted: readonly string[]): readonly string[] {
  const names = new Set(granted.map((scope) => scopeName(provider, scope)));
  return endpoint.scopes.filter((scope) => !names.has(scope));
}
