/** Seconds waited where a provider limits the rate without a usable Retry-After. */
const DEFAULT_SECONDS = 60;

/** The longest wait in seconds that a provider can impose by Retry-After. */
const LONGEST_SECONDS = 3_600;

/** The three date formats of RFC 9110 §5.6.7 begin with the name of a weekday. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d/;

/**
 * Epoch seconds before which the provider wants no further request: Retry-After as seconds or HTTP-date, at least one second
 * and at most an hour from now; a minute where it is absent, negative or unreadable.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterOf(headers: Readonly<Record<string, string>>, nowEpochSeconds: number): number {
  const seconds = secondsOf(headers["retry-after"]?.trim() ?? "", nowEpochSeconds) ?? DEFAULT_SECONDS;
  return nowEpochSeconds + Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(seconds)));
}

function secondsOf(value: string, nowEpochSeconds: number): number | null {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  const instant = HTTP_DATE.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(instant) ? null : instant / 1_000 - nowEpochSeconds;
}
