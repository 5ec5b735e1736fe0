import type { Endpoint } from "../../../providers/contract";
import type { ChangeOrigin } from "../../domain/changes";
import type { Account } from "../api";
import { latestAnywhere, outOfReach } from "../reading/questions";
import type { ConfiguredProvider } from "./ask";
import type { Flight, Flights, Wanted } from "./flights";
import { grantedEndpoints, sessionDaysFor } from "./task";

/** One round over the endpoints of an account. `now`: epoch seconds. */
export interface Round {
  readonly account: Account;
  readonly configured: ConfiguredProvider;
  readonly origin: ChangeOrigin;
  readonly runId: string;
  readonly now: number;
}

/** Sees to it that all granted endpoints of an account know the days wanted of them, each asked in one piece with what others need of it. */
export function bringAll(
  flights: Flights,
  { account, configured, origin, runId, now }: Round,
  wantedOf: (endpoint: Endpoint) => Wanted,
): readonly { readonly endpoint: Endpoint; readonly flight: Flight }[] {
  const endpoints = grantedEndpoints(configured, account);
  return endpoints.flatMap((endpoint) => {
    const wanted = wantedOf(endpoint);
    const named = endpoints.some((one) => one.daysFrom === endpoint.name);
    const all = named ? sessionDaysFor(wanted) : wanted;
    const reached = new Map([...all].filter(([day]) => !outOfReach(endpoint, day, latestAnywhere(now))));
    if (reached.size === 0) return [];
    return { endpoint, flight: flights.bring({ account, configured, endpoint, origin, runId }, reached) };
  });
}
