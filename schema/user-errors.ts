import { UserFacingError } from "../src/domain/errors";
import type { RequestContext } from "../src/loaders/context";
import { actedFor, demandServerKey } from "../src/loaders/reach";
import type { OutgoingApi, Person } from "../src/services/api";
import type { ActingInput } from "./inputs";
import type { UserError } from "./types/payloads";

type WithErrors<T, N> = (T | N) & { userErrors: UserError[] };
type Done<T> = T & { readonly failure?: UserFacingError | null };

/** Does a mutation's work for the person whom the caller may act for; a {@link UserFacingError} becomes the payload's `userErrors` beside `otherwise`, as does the `failure` of what was done in part; anything else is thrown on. */
export async function withUserErrors<T extends object, N extends object>(
  ctx: RequestContext,
  input: ActingInput,
  otherwise: N,
  work: (person: Person) => Promise<Done<T>>,
): Promise<WithErrors<T, N>> {
  try {
    return await answered(otherwise, async () => work(await actedFor(ctx, input)));
  } finally {
    ctx.loaders.forget();
  }
}

/** The same for what is the application's and no person's: FORBIDDEN to everybody but server keys with the scope `write`. */
export function withServerErrors<T extends object, N extends object>(
  ctx: RequestContext,
  otherwise: N,
  work: (outgoing: OutgoingApi, by: string) => Promise<T>,
): Promise<WithErrors<T, N>> {
  const { prefix } = demandServerKey(ctx, "write");
  return answered(otherwise, () => work(ctx.services.outgoing, prefix));
}

async function answered<T extends object, N extends object>(
  otherwise: N,
  work: () => Promise<Done<T>>,
): Promise<WithErrors<T, N>> {
  try {
    const done = await work();
    return { ...done, userErrors: done.failure ? [entryOf(done.failure)] : [] };
  } catch (error) {
    if (!(error instanceof UserFacingError)) throw error;
    return { ...otherwise, userErrors: [entryOf(error)] };
  }
}

function entryOf({ code, message, details }: UserFacingError): UserError {
  return { code, message, field: details.field ?? null, retryAt: details.retryAt ?? null };
}
