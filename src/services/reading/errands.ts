import type { Endpoint } from "../../../providers/contract";
import type { Requirement } from "../../domain/coverage";
import type { CivilDay } from "../../domain/days";
import { ReconnectRequired } from "../../domain/errors";
import { type FlightTask, sessionDaysFor } from "../fetching/task";
import type { Snapshot } from "../ports/records";
import { demand } from "./questions";
import type { Sheet } from "./sheet";
import { troubleOf } from "./trouble";

/** Days that an endpoint of an account has to be asked for, and the sheets that hear of what went wrong. */
export interface Errand extends FlightTask {
  readonly wanted: Map<CivilDay, Requirement>;
  readonly sheets: Sheet[];
}

/**
 * What has to be asked before the sheets' days are known, each endpoint once. An endpoint whose documents name sleep sessions brings
 * the endpoint of those with it, so that this one too is asked in one piece.
 */
export function errandsOf(sheets: readonly Sheet[], snapshot: Snapshot): readonly Errand[] {
  const errands = new Map<string, Errand>();
  const errand = (sheet: Sheet, endpoint: Endpoint): Errand => {
    const { account, configured } = sheet.source;
    const name = `${account.id} ${endpoint.name}`;
    const known = errands.get(name) ?? {
      account,
      configured,
      endpoint,
      origin: "LIVE",
      wanted: new Map(),
      sheets: [],
    };
    errands.set(name, known);
    return known;
  };
  for (const sheet of sheets) {
    const unmet = sheet.unmet(snapshot);
    if (sheet.source.account.status !== "ACTIVE") {
      if (unmet.size > 0) sheet.troubles.push(troubleOf(new ReconnectRequired("the grant is refused")));
      continue;
    }
    for (const endpoint of sheet.source.endpoints) {
      const wanted = unmet.get(endpoint.name);
      if (!wanted) continue;
      const { sheets: hearing, wanted: all } = errand(sheet, endpoint);
      hearing.push(sheet);
      demand(all, wanted);
      const sessions = sheet.source.configured.provider.endpoints.find((one) => one.name === endpoint.daysFrom);
      if (sessions) demand(errand(sheet, sessions).wanted, sessionDaysFor(wanted));
    }
  }
  return [...errands.values()];
}
