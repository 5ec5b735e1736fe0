import { UserFacingError } from "../src/domain/errors";
import type { RequestContext } from "../src/loaders/context";
import { actedFor } from "../src/loaders/reach";
import type { Person } from "../src/services/api";
import type { ActingInput } from "./inputs";
import type { UserError } from "./types/payloads";

function entryOf({ code, message, details }: UserFacingError): UserError {
  return { code, message, field: details.field ?? null, retryAt: details.retryAt ?? null };
}

/** Does a mutation's work for the person whom the caller may act for; a {@link UserFacingError} becomes the payload's `userErrors` beside `otherwise`, as does the `failure` of work that was done in part; anything else is thrown on. */
export async function withUserErrors<T extends object, N extends object>(
  ctx: RequestContext,
  input: ActingInput,
  otherwise: N,
  work: (person: Person) => Promise<T & { readonly failure?: UserFacingError | null }>,
): Promise<(T | N) & { userErrors: UserError[] }> {
  try {
    const done = await work(await actedFor(ctx, input));
    return { ...done, userErrors: done.failure ? [entryOf(done.failure)] : [] };
  } catch (error) {
    if (!(error instanceof UserFacingError)) throw error;
    return { ...otherwise, userErrors: [entryOf(error)] };
  } finally {
    ctx.loaders.forget();
  }
}
