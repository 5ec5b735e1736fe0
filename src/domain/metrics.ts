import type { RecordKind } from "./records";

/** The daily quantities that a person can be asked for; the fields of GraphQL's User. */
export const METRICS = ["SLEEP", "READINESS", "ACTIVITY", "HRV"] as const;

/** One of {@link METRICS}. */
export type Metric = (typeof METRICS)[number];

/**
 * Which kinds of record make a metric: a provider offers the metric if it yields the `essential` kind, and a day is known only
 * when every endpoint that yields one of `kinds` has been asked.
 */
export const METRIC_KINDS: Readonly<
  Record<Metric, { essential: readonly RecordKind[]; kinds: readonly RecordKind[] }>
> = {
  SLEEP: { essential: ["sleep_score", "sleep_session"], kinds: ["sleep_score", "sleep_session"] },
  READINESS: { essential: ["readiness"], kinds: ["readiness"] },
  ACTIVITY: { essential: ["activity"], kinds: ["activity"] },
  HRV: { essential: ["hrv"], kinds: ["hrv", "sleep_session"] },
};
