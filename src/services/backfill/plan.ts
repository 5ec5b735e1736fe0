import type { Endpoint } from "../../../providers/contract";
import { addDays, type CivilDay } from "../../domain/days";
import { todaySpan } from "../../domain/freshness";
import type { Account } from "../../domain/people";
import type { ConfiguredProvider } from "../fetching/ask";
import { grantedEndpoints } from "../fetching/task";
import type { BackfillPlace, BackfillPlan } from "../ports/backfill";
import type { JobRequest } from "../ports/jobs";
import { latestAnywhere } from "../reading/questions";

/** Name of the task that fetches one chunk of an endpoint's history. */
export const BACKFILL = "backfill";

/** History comes after everything that somebody waits for, and after the nightly second look. */
const PRIORITY = 20;

/** Days of a chunk where neither the vendor nor its margins say otherwise. */
const CHUNK_DAYS = 90;

/** The job that fetches the next chunk of an endpoint's history, of whose answer so many pages are kept already. */
export function backfillJob({ personId, accountId, endpoint }: BackfillPlace, pages = 0): JobRequest {
  return {
    task: BACKFILL,
    payload: { person: personId, account: accountId, endpoint, pages },
    key: `${BACKFILL} ${accountId} ${endpoint}`,
    priority: PRIORITY,
  };
}

/** The earliest day that an endpoint still answers for, at an epoch (seconds); null where it answers for all. */
export function earliestReached(endpoint: Endpoint, now: number): CivilDay | null {
  return endpoint.reachDays === undefined ? null : addDays(latestAnywhere(now), 1 - endpoint.reachDays);
}

/** The most days of history that are asked for at once. */
export function chunkDays({ maxDaysPerRequest, margin = { before: 0, after: 0 } }: Endpoint): number {
  return maxDaysPerRequest === undefined ? CHUNK_DAYS : Math.max(1, maxDaysPerRequest - margin.before - margin.after);
}

/**
 * The history that linking asks for: as many days as are wanted, up to what may be the wearer's today, of every endpoint that the
 * grant covers and as far back as it reaches. Endpoints dated by another's sleep sessions begin when that one has got ahead.
 * `now`: epoch seconds; `offsetMinutes`: the wearer's latest known offset.
 */
export function planBackfill(
  configured: ConfiguredProvider,
  account: Account,
  days: number,
  { now, offsetMinutes }: { readonly now: number; readonly offsetMinutes: number | null },
): BackfillPlan {
  if (days === 0) return { endpoints: [], jobs: [] };
  const lastDay = todaySpan(now, offsetMinutes).latest;
  const wanted = addDays(lastDay, 1 - days);
  const granted = grantedEndpoints(configured, account);
  const endpoints = granted.map((endpoint) => {
    const reached = earliestReached(endpoint, now);
    return { name: endpoint.name, firstDay: reached !== null && reached > wanted ? reached : wanted, lastDay };
  });
  const names = new Set(granted.map(({ name }) => name));
  const leading = granted.filter(({ daysFrom }) => daysFrom === undefined || !names.has(daysFrom));
  const place = { personId: account.personId, accountId: account.id };
  return { endpoints, jobs: leading.map(({ name }) => backfillJob({ ...place, endpoint: name })) };
}
