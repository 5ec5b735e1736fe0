import { UserFacingError } from "../src/domain/errors";
import type { RequestContext } from "../src/loaders/context";
import { actedFor } from "../src/loaders/reach";
import type { Person } from "../src/services/api";
import type { ActingInput } from "./inputs";
import type { UserError } from "./types/payloads";

/** Does a mutation's work for the person whom the caller may act for; a {@link UserFacingError} becomes the payload's `userErrors` beside `otherwise`, anything else is thrown on. */
export async function withUserErrors<T extends object, N extends object>(
  ctx: RequestContext,
  input: ActingInput,
  otherwise: N,
  work: (person: Person) => Promise<T>,
): Promise<(T | N) & { userErrors: UserError[] }> {
  try {
    return { ...(await work(await actedFor(ctx, input))), userErrors: [] };
  } catch (error) {
    if (!(error instanceof UserFacingError)) throw error;
    const { code, message, details } = error;
    const entry = { code, message, field: details.field ?? null, retryAt: details.retryAt ?? null };
    return { ...otherwise, userErrors: [entry] };
  } finally {
    ctx.loaders.forget();
  }
}
