import type { DailyQuestion } from "../domain/answers";
import { type DayRange, rangeLength } from "../domain/days";
import { GatewayError } from "../domain/errors";
import type { Metric } from "../domain/metrics";
import type { HrvMethod } from "../domain/records";

/** The most days that one daily question may span, both ends counted. */
export const MAX_RANGE_DAYS = 366;

/** Arguments of a daily field as they came; slugs in `providers`, seconds in `maxAgeSeconds`. */
export interface DailyArguments {
  readonly range: DayRange;
  readonly providers?: readonly string[] | null;
  readonly maxAgeSeconds?: number | null;
  readonly prefer?: readonly string[] | null;
}

/** The range, if it runs forward and spans at most {@link MAX_RANGE_DAYS}; BAD_USER_INPUT names its fields under `path` otherwise. */
export function checkedRange(path: string, { start, end }: DayRange): DayRange {
  if (start > end) {
    throw new GatewayError(
      "BAD_USER_INPUT",
      `${path}.start (${start}) is after ${path}.end (${end}): expected start on or before end`,
    );
  }
  const days = rangeLength({ start, end });
  if (days > MAX_RANGE_DAYS) {
    throw new GatewayError(
      "BAD_USER_INPUT",
      `${path}.start to ${path}.end spans ${days} days: expected at most ${MAX_RANGE_DAYS}`,
    );
  }
  return { start, end };
}

/** The order of providers, if each is in it at most once; BAD_USER_INPUT names the argument otherwise. */
export function checkedOrder(path: string, order: readonly string[]): readonly string[] {
  if (new Set(order).size === order.length) return order;
  throw new GatewayError("BAD_USER_INPUT", `${path} names a provider twice: expected each at most once`);
}

/** What a daily field asks, with its arguments checked; BAD_USER_INPUT names the argument at fault. Providers come out sorted, once each. */
export function dailyQuestion(metric: Metric, args: DailyArguments, method: HrvMethod | null = null): DailyQuestion {
  const { providers = null, maxAgeSeconds = null, prefer = null } = args;
  const range = checkedRange("range", args.range);
  if (providers !== null && providers.length === 0) {
    throw new GatewayError(
      "BAD_USER_INPUT",
      "providers is empty: expected at least one provider, or none of the argument",
    );
  }
  if (prefer !== null && checkedOrder("prefer", prefer).length === 0) {
    throw new GatewayError(
      "BAD_USER_INPUT",
      "prefer is empty: expected at least one provider, or none of the argument",
    );
  }
  if (maxAgeSeconds !== null && maxAgeSeconds < 0) {
    throw new GatewayError("BAD_USER_INPUT", `maxAgeSeconds is ${maxAgeSeconds}: expected 0 or more`);
  }
  return { metric, range, providers: providers && [...new Set(providers)].sort(), maxAgeSeconds, method, prefer };
}

/** Text that is equal for equal questions. */
export function questionKey(question: DailyQuestion): string {
  const { metric, range, providers, maxAgeSeconds, method, prefer } = question;
  return JSON.stringify([metric, range.start, range.end, providers, maxAgeSeconds, method, prefer]);
}
