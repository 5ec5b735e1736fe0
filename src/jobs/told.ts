import { UpstreamFailure } from "../domain/errors";

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$|^[0-9A-Z]{5}$/;
const MAX_CAUSES = 5;

function identifierIn(error: object, key: string): string[] {
  const value: unknown = Reflect.get(error, key);
  return typeof value === "string" && IDENTIFIER.test(value) ? [value] : [];
}

/**
 * What may be kept of an error that a job failed with, by an allow-list: its name and code, a provider's kind of failure, and the same of its
 * cause. Never a message, because those quote data.
 */
export function told(error: unknown, causesLeft = MAX_CAUSES): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  const kind = error instanceof UpstreamFailure ? [error.kind] : [];
  const parts = [...identifierIn(error, "name"), ...identifierIn(error, "code"), ...kind];
  const cause = error.cause instanceof Error && causesLeft > 0 ? ` < ${told(error.cause, causesLeft - 1)}` : "";
  return `${parts.join(" ") || "Error"}${cause}`;
}
