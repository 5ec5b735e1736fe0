import type { AbsenceReason, IssueCode, SourceIssue } from "../../domain/answers";
import { AccountFenced, ReconnectRequired, UpstreamFailure, type UpstreamFailureKind } from "../../domain/errors";

/** What kept a source from being asked or understood: what to say of it, and of the days that are missing because of it. */
export interface Trouble {
  readonly code: IssueCode;
  readonly message: string;
  readonly retryAt: number | null;
  readonly absence: AbsenceReason;
}

const OF_KIND: Readonly<Record<UpstreamFailureKind, Pick<Trouble, "code" | "absence">>> = {
  RATE_LIMITED: { code: "RATE_LIMITED", absence: "ERROR" },
  UNAVAILABLE: { code: "PROVIDER_UNAVAILABLE", absence: "ERROR" },
  INVALID_RESPONSE: { code: "PROVIDER_RESPONSE_INVALID", absence: "ERROR" },
  UNAUTHORIZED: { code: "RECONNECT_REQUIRED", absence: "ERROR" },
  SCOPE_MISSING: { code: "SCOPE_NOT_GRANTED", absence: "SCOPE_NOT_GRANTED" },
  REJECTED: { code: "PROVIDER_RESPONSE_INVALID", absence: "ERROR" },
};

/** The provider did not answer within the caller's patience; the flight goes on. */
export const IMPATIENT: Trouble = {
  code: "PROVIDER_UNAVAILABLE",
  message: "the provider has not answered in time; its answer will be kept when it comes",
  retryAt: null,
  absence: "NOT_YET_SYNCED",
};

/** A document of the day could not be read and was set aside. */
export const UNREAD: Trouble = {
  code: "PROVIDER_RESPONSE_INVALID",
  message: "a document of the provider could not be read and was set aside",
  retryAt: null,
  absence: "ERROR",
};

/** Data older than asked for is answered. */
export const STALE: Omit<Trouble, "absence"> = {
  code: "STALE_DATA",
  message: "some days are answered from an older check than asked for",
  retryAt: null,
};

/** The grant does not cover these scopes. */
export function scopesMissing(scopes: readonly string[]): Trouble {
  return {
    code: "SCOPE_NOT_GRANTED",
    message: `the person has not granted: ${scopes.join(", ")}`,
    retryAt: null,
    absence: "SCOPE_NOT_GRANTED",
  };
}

/** What a flight's error means for the answer. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof UpstreamFailure) {
    return { ...OF_KIND[error.kind], message: error.message, retryAt: error.details.retryAt ?? null };
  }
  if (error instanceof ReconnectRequired) {
    return {
      code: "RECONNECT_REQUIRED",
      message: "the person has to link this wearable again",
      retryAt: null,
      absence: "ERROR",
    };
  }
  const message =
    error instanceof AccountFenced
      ? "the account changed while it was read"
      : "the provider's answer could not be kept";
  return { code: "PROVIDER_UNAVAILABLE", message, retryAt: null, absence: "NOT_YET_SYNCED" };
}

/** The issue that tells of a trouble at a provider. */
export function issueOf(provider: string, trouble: Omit<Trouble, "absence">): SourceIssue {
  return { provider, code: trouble.code, message: trouble.message, retryAt: trouble.retryAt };
}
