import { type Endpoint, missingScopes } from "../../../providers/contract";
import type { ChangeOrigin } from "../../domain/changes";
import type { Requirement } from "../../domain/coverage";
import { addDays, type CivilDay } from "../../domain/days";
import type { Account } from "../api";
import type { ConfiguredProvider } from "./ask";

/** One endpoint of one account that days are wanted of. */
export interface FlightTask {
  readonly account: Account;
  readonly configured: ConfiguredProvider;
  readonly endpoint: Endpoint;
  /** Why they are wanted. */
  readonly origin: ChangeOrigin;
  /** The run that counts what comes of it. */
  readonly runId?: string;
  /** Aborted when the process stops: history, whose pages are kept, then ends between two of them. */
  readonly signal?: AbortSignal;
}

/** The endpoints that an account's grant covers. */
export function grantedEndpoints({ provider }: ConfiguredProvider, account: Account): readonly Endpoint[] {
  return provider.endpoints.filter((endpoint) => missingScopes(provider, endpoint, account.grantedScopes).length === 0);
}

/** The days whose sleep sessions must be known before undated documents of some days are: those days, and the day before each. */
export function sessionDaysFor(wanted: ReadonlyMap<CivilDay, Requirement>): Map<CivilDay, Requirement> {
  const days = new Map(wanted);
  for (const [day, requirement] of wanted) {
    const before = addDays(day, -1);
    if (!days.has(before)) days.set(before, requirement);
  }
  return days;
}
