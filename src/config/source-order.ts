import { z } from "zod";
import { SettingError } from "../domain/errors";
import { METRICS, type Metric } from "../domain/metrics";

/** Providers by metric, the most preferred first; metrics without an order are absent. */
export type SourceOrder = Readonly<Partial<Record<Metric, readonly string[]>>>;

const FORM =
  "expected providers separated by commas, for all metrics (ring,watch) or for some (SLEEP=ring,watch;HRV=watch)";

function isMetric(text: string): text is Metric {
  return (METRICS as readonly string[]).includes(text);
}

/** Metrics and slugs of one part between semicolons; null where it is none. */
function parsePart(part: string): [readonly Metric[], readonly string[]] | null {
  const [, metric, list = ""] = /^(?:([A-Z]+)\s*=)?([^=]+)$/.exec(part.trim()) ?? [];
  const order = list.split(",").map((slug) => slug.trim());
  if (!order.every((slug) => /^[a-z][a-z0-9_]*$/.test(slug)) || new Set(order).size !== order.length) return null;
  if (metric === undefined) return [METRICS, order];
  return isMetric(metric) ? [[metric], order] : null;
}

/** The operator's order of providers: `a,b` for all metrics, or `SLEEP=a,b;HRV=b` for those named, each metric and provider once. */
export const sourceOrder = z.string().transform((text, context): SourceOrder => {
  const parts = text.split(";").map(parsePart);
  const known = parts.filter((part) => part !== null);
  const metrics = known.flatMap(([named]) => named);
  if (known.length === parts.length && new Set(metrics).size === metrics.length) {
    return Object.fromEntries(known.flatMap(([named, order]) => named.map((metric) => [metric, order])));
  }
  context.addIssue({ code: "custom", message: `${FORM}, each at most once` });
  return z.NEVER;
});

/** The order, if it names known wearables only; throws a {@link SettingError} naming SOURCE_ORDER otherwise. */
export function knownSources(order: SourceOrder, slugs: readonly string[]): SourceOrder {
  const strange = Object.values(order)
    .flat()
    .find((slug) => !slugs.includes(slug));
  if (strange === undefined) return order;
  throw new SettingError("SOURCE_ORDER", `names ${strange}: expected some of ${slugs.join(", ")}`);
}
