import { UserFacingError } from "../src/domain/errors";
import { forgetLoaded, type RequestContext } from "../src/loaders/context";
import type { UserError } from "./types/payloads";

/** Does a mutation's work; a {@link UserFacingError} becomes the payload's `userErrors` beside `otherwise`, anything else is thrown on. */
export async function withUserErrors<T extends object, N extends object>(
  ctx: RequestContext,
  otherwise: N,
  work: () => Promise<T>,
): Promise<(T | N) & { userErrors: UserError[] }> {
  try {
    return { ...(await work()), userErrors: [] };
  } catch (error) {
    if (!(error instanceof UserFacingError)) throw error;
    const { code, message, details } = error;
    const entry = { code, message, field: details.field ?? null, retryAt: details.retryAt ?? null };
    return { ...otherwise, userErrors: [entry] };
  } finally {
    forgetLoaded(ctx);
  }
}
