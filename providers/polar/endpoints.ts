import type { z } from "zod";
import type { CivilDay } from "../../src/domain/days";
import type { WearableRecord } from "../../src/domain/records";
import { dayUnder, type Endpoint, expectShape, readDocuments } from "../contract";
import { activity, recharge, sleep } from "./mapping";
import { activityDay, activityList, leadingDay, nightList, nightlyRecharge, rechargeList } from "./wire";
import { night } from "./wire-sleep";

/** The most days of activity in one request, both ends counted. */
export const ACTIVITY_DAYS = 28;
/** Nights come for the last four weeks and never more. */
export const NIGHTS_REACH = 28;

const SCOPES = ["accesslink.read_all"];

/** Reads a list of documents that are known by their day alone: one a day. */
function daily<T extends { day: CivilDay }>(
  items: readonly unknown[],
  schema: z.ZodType<T>,
  records: (item: T) => readonly WearableRecord[],
  dayOf: (raw: unknown) => CivilDay | null,
): ReturnType<Endpoint["read"]> {
  const toDocument = (item: T, raw: unknown) => ({ id: item.day, raw, records: records(item) });
  return { ...readDocuments(items, schema, toDocument, dayOf), cursor: null };
}

/** The endpoints that this adapter reads; none has pages. */
export const endpoints: readonly Endpoint[] = [
  {
    name: "sleep",
    yields: ["sleep_score", "sleep_session"],
    fills: [
      "score",
      "bedtimeStart",
      "bedtimeEnd",
      "asleepSeconds",
      "awakeSeconds",
      "lightSeconds",
      "deepSeconds",
      "remSeconds",
      "sessions",
    ],
    scopes: SCOPES,
    reachDays: NIGHTS_REACH,
    noContent: true,
    // There is no range to ask for: always the last 28 days.
    request: () => ({ method: "GET", path: "/v3/users/sleep" }),
    read: (body) => daily(expectShape(nightList, body).nights, night, sleep, dayUnder("date")),
  },
  {
    name: "nightly_recharge",
    yields: ["readiness", "hrv"],
    fills: ["hrv", "ansCharge", "averageMilliseconds", "minimumMilliseconds", "maximumMilliseconds", "samples"],
    hrvMethods: ["RMSSD"],
    scopes: SCOPES,
    reachDays: NIGHTS_REACH,
    noContent: true,
    request: () => ({ method: "GET", path: "/v3/users/nightly-recharge" }),
    read: (body) => daily(expectShape(rechargeList, body).recharges, nightlyRecharge, recharge, dayUnder("date")),
  },
  {
    name: "activity",
    yields: ["activity"],
    fills: [
      "steps",
      "distanceMeters",
      "activeEnergyKilocalories",
      "totalEnergyKilocalories",
      "sedentarySeconds",
      "inactivityAlerts",
    ],
    scopes: SCOPES,
    maxDaysPerRequest: ACTIVITY_DAYS,
    // A day that is too old is a 400 for the whole range, and Polar's today may be the wearer's tomorrow: 364 are sure of the 365.
    reachDays: 364,
    noContent: true,
    request: (window) => ({
      method: "GET",
      path: "/v3/users/activities",
      query: { from: window.start, to: window.end },
    }),
    read: (body) => daily(expectShape(activityList, body), activityDay, activity, leadingDay("start_time")),
  },
];
