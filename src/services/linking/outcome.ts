import { UpstreamFailure, UserFacingError } from "../../domain/errors";
import type { CallbackOutcome } from "../api";

/** An address with further parameters; those that it has stay. */
export function withParameters(address: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** A page of ours for a redirect that cannot be trusted: nobody is sent anywhere. */
export function refusedPage(message: string): CallbackOutcome {
  return { kind: "page", status: 400, title: "This link cannot be used", message };
}

/** How a failed linking is told: at the return address by its typed code, else on a page of ours. */
export function failedOutcome(error: unknown, returnUrl: string | null, provider: string): CallbackOutcome {
  const failure = userFacing(error);
  if (returnUrl !== null) {
    return { kind: "redirect", location: withParameters(returnUrl, { error: failure.code, provider }) };
  }
  const status = failure.code === "PROVIDER_UNAVAILABLE" || failure.code === "RATE_LIMITED" ? 502 : 400;
  return { kind: "page", status, title: "Your wearable was not linked", message: failure.message };
}

/** The error as one that a person can act on; what is none of the known kinds is thrown on. */
export function userFacing(error: unknown): UserFacingError {
  if (error instanceof UserFacingError) return error;
  if (!(error instanceof UpstreamFailure)) throw error;
  const { retryAt } = error.details;
  return new UserFacingError(
    error.kind === "RATE_LIMITED" ? "RATE_LIMITED" : "PROVIDER_UNAVAILABLE",
    "The provider could not be reached, or gave no usable answer. Please try again.",
    { cause: error, ...(retryAt === undefined ? {} : { retryAt }) },
  );
}
